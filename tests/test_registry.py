"""Names become things: built-ins and plug-ins in one list, and nothing imported before it is asked for."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint

import pytest

from hilum import registry as registry_module
from hilum.errors import NameUnknown
from hilum.registry import Registry


@pytest.fixture
def plug_in(monkeypatch):
    """Pretends that an installed package offers a thing under an entry point."""

    def offer(name: str, target: str) -> None:
        points = [EntryPoint(name, target, "hilum.shapes")]
        monkeypatch.setattr(registry_module, "entry_points", lambda group: points)

    return offer


@pytest.fixture
def shapes():
    """A registry of two things, one of which cannot be imported."""
    return Registry(
        "shape", "hilum.shapes", {"ordered": "collections:OrderedDict", "broken": "no_such_module:x"}
    )


def test_names_are_sorted(shapes):
    """The list is in alphabetical order."""
    assert shapes.names() == ["broken", "ordered"]


def test_a_name_is_resolved_on_use(shapes):
    """Loading imports the module and returns the attribute."""
    assert shapes.load("ordered") is sys.modules["collections"].OrderedDict


def test_a_listed_thing_that_cannot_be_imported_says_so(shapes):
    """A broken target is a bug of whoever registered it, and shows as one."""
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        shapes.load("broken")


def test_an_unknown_name_gets_the_nearest_and_the_list(shapes):
    """A slip of the finger is answered with what was probably meant."""
    with pytest.raises(
        NameUnknown, match=r"no shape is called 'orderd'; did you mean 'ordered'\? \(known: broken, ordered\)"
    ):
        shapes.load("orderd")


def test_a_name_like_no_other_gets_the_list_alone(shapes):
    """Where nothing is near, nothing is suggested."""
    with pytest.raises(NameUnknown, match=r"no shape is called 'zzz' \(known: broken, ordered\)"):
        shapes.load("zzz")


def test_a_plug_in_is_listed_and_loaded(shapes, plug_in):
    """What another package offers stands beside the built-ins."""
    plug_in("counted", "collections:Counter")

    assert shapes.names() == ["broken", "counted", "ordered"]
    assert shapes.load("counted") is sys.modules["collections"].Counter


def test_a_plug_in_may_not_take_a_built_in_name(shapes, plug_in):
    """A package cannot put itself in place of something that ships."""
    plug_in("ordered", "collections:Counter")

    with pytest.raises(NameUnknown, match="may not take the built-in shape name 'ordered'"):
        shapes.names()


def test_listing_imports_nothing():
    """Asking for names leaves the modules behind them alone."""
    names = Registry("shape", "hilum.none", {"calendar": "this:s"}).names()

    assert names == ["calendar"]
    assert "this" not in sys.modules
