"""A bundle is read whole and unaltered, or not at all; what is wrong with it is named."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bundles import FACTS, write_tiny_bundle
from hilum.errors import BundleInvalid, NameUnknown, OutputRefused
from hilum.inference import bundle as bundle_module
from hilum.inference.bundle import Calibration, OperatingPoint, read_bundle, write_bundle
from hilum.records import Estimate


@pytest.fixture
def folder(tiny_bundle, tmp_path) -> Path:
    """A copy of the tiny bundle, to be spoilt."""
    return Path(shutil.copytree(tiny_bundle.folder, tmp_path / "copy"))


def edit(folder: Path, change) -> None:
    """Rewrite bundle.json after `change` worked on its table."""
    path = folder / "bundle.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    change(table)
    path.write_text(json.dumps(table), encoding="utf-8")


def test_a_bundle_comes_back_as_it_was_written(tmp_path):
    """Every fact survives the way to the disk and back, estimates included."""
    found = Estimate(0.9, 0.85, 0.94, n=200, n_positive=90, method="Wilson")
    point = OperatingPoint("screening", "tuberculosis", 0.4, "five folds", sensitivity=found)
    written = write_tiny_bundle(tmp_path / "b", operating_points=(point,))

    assert read_bundle(tmp_path / "b") == written
    assert written.default_point == point
    assert written.label == "tiny 0.1"


def test_the_paths_lie_in_the_folder(tiny_bundle):
    """Graphs are found beside bundle.json."""
    assert [path.is_file() for path in (*tiny_bundle.classifier_paths, tiny_bundle.lungs_path)] == [
        True,
        True,
    ]


def test_a_shipped_bundle_is_found_by_its_name(folder, monkeypatch):
    """A name is looked up among those inside the package, before the working directory."""
    monkeypatch.setattr(bundle_module, "shipped_bundles", lambda: {"tiny": folder})

    assert read_bundle("tiny").folder == folder


def test_an_unknown_name_gets_the_nearest(folder, monkeypatch):
    """A mistyped name is answered with the one that is there."""
    monkeypatch.setattr(bundle_module, "shipped_bundles", lambda: {"hilum-small": folder})

    with pytest.raises(NameUnknown, match=r"hilum-smal'.*did you mean 'hilum-small'"):
        read_bundle("hilum-smal")


def test_a_file_is_no_bundle(folder):
    """Naming bundle.json itself is answered with what a bundle is."""
    with pytest.raises(BundleInvalid, match="a bundle is a folder"):
        read_bundle(folder / "bundle.json")


def test_a_folder_without_facts_is_no_bundle(tmp_path):
    """An empty folder has no bundle.json, and the message says so."""
    with pytest.raises(BundleInvalid, match=r"has no bundle\.json"):
        read_bundle(tmp_path)


def test_an_altered_graph_is_refused(folder):
    """One byte more, and the hash is another."""
    with (folder / "lungs.onnx").open("ab") as file:
        file.write(b"\0")

    with pytest.raises(BundleInvalid, match=r"lungs\.onnx was altered"):
        read_bundle(folder)


def test_a_missing_graph_is_named(folder):
    """A bundle copied in part does not open."""
    (folder / "lungs.onnx").unlink()

    with pytest.raises(BundleInvalid, match=r"lungs\.onnx is listed, but is not a file"):
        read_bundle(folder)


@pytest.mark.parametrize("name", ["weights.pkl", "extra.onnx", ".hidden"])
def test_a_file_that_is_not_listed_is_refused(folder, name):
    """Nothing rides along in a bundle."""
    (folder / name).write_bytes(b"x")

    with pytest.raises(BundleInvalid, match=f"holds {name}"):
        read_bundle(folder)


def test_a_file_managers_litter_is_no_reason(folder):
    """Looking at the folder on a Mac does not break the bundle."""
    (folder / ".DS_Store").write_bytes(b"x")

    assert read_bundle(folder).name == "tiny"


def test_a_link_out_of_the_folder_is_refused(folder, tmp_path):
    """A graph that is a link is not a file of the bundle, even with the right content."""
    shutil.move(folder / "lungs.onnx", tmp_path / "lungs.onnx")
    (folder / "lungs.onnx").symlink_to(tmp_path / "lungs.onnx")

    with pytest.raises(BundleInvalid, match=r"lungs\.onnx is listed, but is not a file"):
        read_bundle(folder)


@pytest.mark.parametrize("name", ["../lungs.onnx", "/etc/passwd", "sub/lungs.onnx", "..", "c:lungs.onnx", ""])
def test_a_name_that_leaves_the_folder_is_refused(folder, name):
    """Neither sha256 nor the graphs may name a file elsewhere."""
    edit(folder, lambda table: table["sha256"].update({name: "0" * 64}))

    with pytest.raises(BundleInvalid, match="not a file name inside"):
        read_bundle(folder)


def test_a_graph_without_a_hash_is_refused(folder):
    """What is run must be listed."""
    edit(folder, lambda table: table["sha256"].pop("lungs.onnx"))

    with pytest.raises(BundleInvalid, match=r"lungs\.onnx is named, but has no entry in sha256"):
        read_bundle(folder)


@pytest.mark.parametrize("found", [2, 0, "1", None, True, 1.5])
def test_another_format_is_refused(folder, found):
    """A bundle of a later Hilum is told from a broken one."""
    edit(folder, lambda table: table.update(format=found))

    with pytest.raises(BundleInvalid, match="this Hilum reads format 1"):
        read_bundle(folder)


@pytest.mark.parametrize("key", ["name", "recipe", "calibration", "licence", "training_data", "sha256"])
def test_a_missing_key_is_named(folder, key):
    """No fact has a silent default."""
    edit(folder, lambda table: table.pop(key))

    with pytest.raises(BundleInvalid, match=key):
        read_bundle(folder)


def test_a_recipe_must_be_complete(folder):
    """A key left to its default would change with Hilum, and the reader with it."""
    edit(folder, lambda table: table["recipe"].pop("margin"))

    with pytest.raises(BundleInvalid, match="recipe: missing key 'margin'"):
        read_bundle(folder)


def test_an_unknown_key_gets_the_nearest(folder):
    """A mistyped key is refused, deep inside too."""
    edit(folder, lambda table: table["recipe"].update(crop_sides=1))

    with pytest.raises(BundleInvalid, match="unknown key 'crop_sides'; did you mean 'crop_side'"):
        read_bundle(folder)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("findings", ["pneumonia"], "not in the vocabulary"),
        ("findings", [], "name each output once"),
        ("calibration", [], "0 entries for 1 findings"),
        ("calibration", [{"slope": -1.0, "intercept": 0.0}], "positive slope"),
        ("classifiers", [], "classifiers is empty"),
        ("classifiers", ["lungs.onnx"], "a graph is named twice"),
        ("lungs", None, "no lungs network"),
        ("default_operating_point", "best", "not among operating_points"),
        ("created", "yesterday", "ISO date"),
        ("name", "../tiny", "name must be"),
        ("version", " ", "version is empty"),
        ("version", 1, "version must be str"),
        ("training_data", {"text": "", "n": 1, "positives": 2, "hash": ""}, "2 positives of 1 films"),
    ],
)
def test_a_contradiction_is_named(folder, key, value, message):
    """Facts that cannot be true together are refused with the key."""
    edit(folder, lambda table: table.update({key: value}))

    with pytest.raises(BundleInvalid, match=message):
        read_bundle(folder)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, 10**400])
def test_a_threshold_outside_0_to_1_is_refused(folder, threshold):
    """A cut lies on the probability."""
    edit(folder, lambda table: table["operating_points"][0].update(threshold=threshold))

    with pytest.raises(BundleInvalid):
        read_bundle(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b"[" * 5000, b'{"format": NaN}', b'{"format": 1, "format": 1}'],
)
def test_what_is_not_an_object_of_json_is_refused(folder, content):
    """Cut, nested without end, doubled, or not even text: one message, no traceback."""
    (folder / "bundle.json").write_bytes(content)

    with pytest.raises(BundleInvalid, match=r"bundle\.json"):
        read_bundle(folder)


def test_enormous_facts_are_not_read(folder):
    """A bundle.json of a megabyte is somebody's attack."""
    (folder / "bundle.json").write_bytes(b" " * 1_000_001)

    with pytest.raises(BundleInvalid, match="larger than"):
        read_bundle(folder)


def test_a_bundle_is_never_written_over(tiny_bundle):
    """A folder that holds anything is left as it is."""
    with pytest.raises(OutputRefused, match="never written over"):
        write_bundle(tiny_bundle.folder, facts=FACTS, files={})

    assert read_bundle(tiny_bundle.folder) == tiny_bundle


def test_a_bundle_that_could_not_be_read_is_never_left(tiny_bundle, tmp_path):
    """Contradictory facts leave no folder behind, nor its draft."""
    files = {name: tiny_bundle.folder / name for name in tiny_bundle.sha256}
    facts = replace(FACTS, calibration=(Calibration(0.0, 0.0),))
    with pytest.raises(BundleInvalid, match="positive slope"):
        write_bundle(tmp_path / "new", facts=facts, files=files)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../x.onnx", "bundle.json", ""])
def test_a_file_cannot_be_written_outside(tmp_path, name):
    """A bundle's files are plain names in its folder."""
    with pytest.raises(BundleInvalid, match="cannot be the name"):
        write_bundle(tmp_path / "new", facts=FACTS, files={name: tmp_path / "x"})


@pytest.mark.parametrize(("logit", "expected"), [(0.5, 0.5), (1e9, 1.0), (-1e9, 0.0)])
def test_calibration_is_a_logistic_line(logit, expected):
    """2 x 0.5 - 1 = 0, whose logistic is a half; far out it reaches 0 and 1 without a warning."""
    assert Calibration(slope=2.0, intercept=-1.0).probability(logit) == expected


def test_every_shipped_bundle_reads():
    """What the package carries passes its own checks under its own name."""
    shipped = bundle_module.shipped_bundles()

    assert [read_bundle(name).name for name in shipped] == list(shipped)
