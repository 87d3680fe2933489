"""Where results go, by the settings' line, and what goes to each kind of place."""

from __future__ import annotations

import pytest

from hilum.dicomnode.delivery.target import MllpTarget, WebTarget, parse_target
from hilum.dicomnode.peer import Peer
from hilum.errors import SettingsInvalid
from hilum.worklist.states import OBJECT_KINDS, ResultKind


@pytest.mark.parametrize(
    ("text", "place", "kinds"),
    [
        ("PACS@10.0.0.1:104", Peer("PACS", "10.0.0.1", 104), OBJECT_KINDS),
        ("stow+https://pacs.example/dicom-web/", WebTarget("https://pacs.example/dicom-web"), OBJECT_KINDS),
        ("stow+http://[::1]:8042/dicom-web", WebTarget("http://[::1]:8042/dicom-web"), OBJECT_KINDS),
        ("mllp://engine.example:2575", MllpTarget("engine.example", 2575), (ResultKind.HL7,)),
        ("fhir+https://his.example/fhir", WebTarget("https://his.example/fhir"), (ResultKind.FHIR,)),
    ],
)
def test_each_form_names_a_place_and_its_kinds(text, place, kinds):
    """An archive takes objects, an engine messages, a server resources."""
    target = parse_target(text)

    assert (target.text, target.place, target.kinds) == (text, place, kinds)


def test_the_objects_wanted_are_chosen():
    """A PACS that shows no reports gets the picture alone."""
    assert parse_target("PACS@host:104", (ResultKind.PICTURE,)).kinds == (ResultKind.PICTURE,)
    assert parse_target("mllp://host:1", (ResultKind.PICTURE,)).kinds == (ResultKind.HL7,)


@pytest.mark.parametrize(
    "text",
    ["https://pacs.example", "ftp://host", "stow+https://", "stow+https://me:secret@pacs.example/dicom-web",
     "mllp://engine", "mllp://:2575", "mllp://engine:70000", "mllp://engine:x"],
)  # fmt: skip
def test_a_place_that_cannot_be_reached_is_refused(text):
    """A password in an address would stand in the worklist, and a port is needed."""
    with pytest.raises(SettingsInvalid):
        parse_target(text)
