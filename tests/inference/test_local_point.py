"""A local threshold belongs to the reader that it was chosen for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bundles import FACTS, write_film, write_tiny_bundle
from hilum.cli.main import cli
from hilum.errors import ThresholdRefused
from hilum.inference.bundle import Bundle, OperatingPoint, read_bundle, write_bundle
from hilum.inference.bundle_facts import BundleFacts
from hilum.inference.local_point import check_default_point, read_threshold
from hilum.inference.recalibrated import write_recalibrated

POINT = OperatingPoint("local-90", "tuberculosis", 0.42, "chosen on films made for a test")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    """The tiny bundle."""
    return write_tiny_bundle(tmp_path_factory.mktemp("local") / "tiny")


@pytest.fixture(scope="module")
def calibrated(bundle, tmp_path_factory) -> Bundle:
    """Its copy with a local threshold."""
    folder = tmp_path_factory.mktemp("copy") / "bundle"
    return write_recalibrated(bundle, folder, point=POINT, record={"table": {}}, mark="0123abcd")


@pytest.fixture
def copied(bundle, calibrated, tmp_path) -> Bundle:
    """Another version's graphs under the operating point and the calibration of the first."""
    other = write_tiny_bundle(tmp_path / "next", biases=(-0.5,), version="0.2")
    facts = {name: getattr(other, name) for name in BundleFacts.__dataclass_fields__}
    facts |= {"operating_points": calibrated.operating_points, "default_operating_point": "local-90"}
    files = {name: other.folder / name for name in other.sha256}
    files["local-calibration.json"] = calibrated.folder / "local-calibration.json"
    return write_bundle(tmp_path / "copied", facts=BundleFacts(**facts), files=files)


def write_calibration(path: Path, **facts: object) -> Path:
    """A calibration.json as the command writes it, with changed facts where given."""
    known = {"table": {"bundle": "tiny 0.1"}, "operating_point": {"threshold": 0.42}}
    path.write_text(json.dumps(known | facts))
    return path


def screened(folder: Path | str, *arguments: str | Path):
    """The command's result with a bundle's folder."""
    return CliRunner().invoke(cli, ["screen", "--bundle", str(folder), *map(str, arguments)])


def test_a_calibrated_copy_knows_its_reader(bundle, calibrated):
    """The copy's own point is local, and the shipped one is not."""
    assert check_default_point(calibrated)
    assert not check_default_point(bundle)


def test_a_copied_operating_point_is_refused(copied, tmp_path):
    """A point that was chosen on another version's scores stops the screening, with what to do."""
    write_film(tmp_path / "film.png")
    result = screened(copied.folder, tmp_path / "film.png")

    assert result.exit_code == 2
    assert "was chosen on the scores of tiny 0.1, not on those of tiny 0.2" in result.stderr
    assert "--threshold 0.42" in result.stderr


def test_a_copied_operating_point_is_used_where_that_is_said(copied, tmp_path):
    """The bare number is the user's own word."""
    write_film(tmp_path / "film.png")
    result = screened(copied.folder, tmp_path / "film.png", "--threshold", "0.42", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout)[0]["threshold"] == 0.42


def test_other_classifiers_under_the_same_name_are_told(bundle, calibrated, tmp_path):
    """The hash binds, not the name alone."""
    other = write_tiny_bundle(tmp_path / "same-name", biases=(-0.5,))
    facts = {name: getattr(other, name) for name in BundleFacts.__dataclass_fields__}
    facts |= {"operating_points": calibrated.operating_points, "default_operating_point": "local-90"}
    files = {name: other.folder / name for name in other.sha256}
    files["local-calibration.json"] = calibrated.folder / "local-calibration.json"
    forged = write_bundle(tmp_path / "forged", facts=BundleFacts(**facts), files=files)

    with pytest.raises(ThresholdRefused, match="of other classifiers"):
        check_default_point(forged)


def test_a_local_version_without_its_calibration_is_refused(tmp_path):
    """A version that says it is local must hold where its threshold came from."""
    bare = write_tiny_bundle(tmp_path / "bare", version=f"{FACTS.version}+local.1")

    with pytest.raises(ThresholdRefused, match="holds no calibration"):
        check_default_point(bare)


def test_a_calibration_of_this_bundle_gives_its_threshold(bundle, calibrated, tmp_path):
    """For the bundle and its local copies alike."""
    path = write_calibration(tmp_path / "calibration.json")

    assert read_threshold(path, bundle) == 0.42
    assert read_threshold(path, read_bundle(calibrated.folder)) == 0.42


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"table": {"bundle": "tiny 0.2"}}, "chosen for tiny 0.2, not for tiny 0.1"),
        ({"table": {"bundle": None}}, "a reader that it does not name"),
        ({"table": None}, "holds no threshold"),
        ({"operating_point": None}, "holds no threshold"),
        ({"operating_point": {"threshold": True}}, "holds no threshold"),
        ({"operating_point": {"threshold": 42}}, "not on a bundle's probability"),
        ({"operating_point": {"threshold": float("nan")}}, "not on a bundle's probability"),
    ],
)
def test_a_calibration_of_something_else_is_refused(bundle, tmp_path, facts, message):
    """Another version, no reader, no threshold, or another scale: exit status 2 and the reason."""
    path = write_calibration(tmp_path / "calibration.json", **facts)
    result = screened(bundle.folder, "film.png", "--threshold", path)

    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("content", ["", "[]", "not json", '{"a": 1'])
def test_a_file_that_is_no_calibration_is_refused(bundle, tmp_path, content):
    """Whatever it holds, one line says so."""
    path = tmp_path / "other.json"
    path.write_text(content)

    assert screened(bundle.folder, "film.png", "--threshold", path).exit_code == 2
    assert screened(bundle.folder, "film.png", "--threshold", tmp_path / "absent.json").exit_code == 2
