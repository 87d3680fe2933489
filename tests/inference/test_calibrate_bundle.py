"""A copy of a bundle with a local threshold: whose scores it may rest on, and what it says of itself."""

from __future__ import annotations

import json

import pytest

from bundles import write_tiny_bundle
from hilum.errors import BundleInvalid, OutputRefused, TableInvalid
from hilum.imaging.hashing import file_sha256
from hilum.inference.bundle import OperatingPoint, read_bundle, write_bundle
from hilum.inference.bundle_facts import BundleFacts
from hilum.inference.bundle_scores import as_probabilities
from hilum.inference.recalibrated import write_recalibrated
from hilum.records import Estimate, Prediction, public_label

POINT = OperatingPoint(
    "local-sensitivity-90", "tuberculosis", 0.25, "the highest that holds, on 80 films",
    Estimate(0.95, 0.9, 0.98, 40, 40, "Wilson"), Estimate(0.5, 0.4, 0.6, 40, 0, "Wilson"),
)  # fmt: skip
RECORD = {"format": 1, "table": {"sha256": "f" * 64}}


@pytest.fixture
def bundle(tmp_path):
    """The tiny bundle, with a model card beside its graphs."""
    plain = write_tiny_bundle(tmp_path / "plain")
    (tmp_path / "model-card.md").write_text("# tiny\n\nA card.\n")
    files = {name: plain.folder / name for name in plain.sha256} | {
        "model-card.md": tmp_path / "model-card.md"
    }
    facts = BundleFacts(**{name: getattr(plain, name) for name in BundleFacts.__dataclass_fields__})
    return write_bundle(tmp_path / "tiny", facts=facts, files=files)


def build_rows(*scores, **extra):
    return [Prediction(f"film-{at}", 1, score, extra=dict(extra)) for at, score in enumerate(scores)]


def test_the_copy_screens_at_the_new_threshold(bundle, tmp_path):
    """The new point is the default, and the old ones are still there."""
    copy = write_recalibrated(bundle, tmp_path / "copy", point=POINT, record=RECORD, mark="0a1b2c3d")

    assert copy.default_point == POINT
    assert copy.operating_points == (*bundle.operating_points, POINT)


def test_every_file_of_the_copy_has_its_hash(bundle, tmp_path):
    """Graphs are the same bytes; what is new is listed."""
    copy = write_recalibrated(bundle, tmp_path / "copy", point=POINT, record=RECORD, mark="0a1b2c3d")

    assert {name: file_sha256(copy.folder / name) for name in copy.sha256} == copy.sha256
    assert copy.sha256["classifier-0.onnx"] == bundle.sha256["classifier-0.onnx"]
    assert set(copy.sha256) == set(bundle.sha256) | {"local-calibration.json"}


def test_the_copy_has_a_version_of_its_own(bundle, tmp_path):
    """Two bundles that flag differently never share a name and version; networks are known as the same."""
    copy = write_recalibrated(bundle, tmp_path / "copy", point=POINT, record=RECORD, mark="0a1b2c3d")

    assert copy.label == "tiny 0.1+local.0a1b2c3d"
    assert public_label(copy.label) == bundle.label


def test_the_copy_keeps_where_its_threshold_came_from(bundle, tmp_path):
    """In a file beside the graphs, and in the model card."""
    copy = write_recalibrated(bundle, tmp_path / "copy", point=POINT, record=RECORD, mark="0a1b2c3d")
    kept = json.loads((copy.folder / "local-calibration.json").read_text())
    card = (copy.folder / "model-card.md").read_text()

    assert kept.items() >= {**RECORD, "operating_point": "local-sensitivity-90"}.items()
    assert card.startswith("# tiny\n\nA card.\n\n## Local threshold: local-sensitivity-90\n")
    assert POINT.source in card
    assert "0.2500" in card


def test_a_second_calibration_leaves_the_first_in_place(bundle, tmp_path):
    """Names are made unique, and the version is of the second alone."""
    first = write_recalibrated(bundle, tmp_path / "first", point=POINT, record=RECORD, mark="aaaaaaaa")
    second = write_recalibrated(first, tmp_path / "second", point=POINT, record=RECORD, mark="bbbbbbbb")

    assert second.default_operating_point == "local-sensitivity-90-2"
    assert second.version == "0.1+local.bbbbbbbb"
    assert {"local-calibration.json", "local-calibration-2.json"} < set(second.sha256)
    assert len(second.operating_points) == 4


def test_a_copy_is_never_written_over(bundle, tmp_path):
    """A folder that holds something stays as it is."""
    write_recalibrated(bundle, tmp_path / "copy", point=POINT, record=RECORD, mark="0a1b2c3d")

    with pytest.raises(OutputRefused, match="already holds something"):
        write_recalibrated(bundle, tmp_path / "copy", point=POINT, record=RECORD, mark="0a1b2c3d")


def test_a_changed_graph_makes_the_copy_no_bundle(bundle, tmp_path):
    """The hashes are those of what was written."""
    copy = write_recalibrated(bundle, tmp_path / "copy", point=POINT, record=RECORD, mark="0a1b2c3d")
    (copy.folder / "local-calibration.json").write_text("{}")

    with pytest.raises(BundleInvalid, match="was altered"):
        read_bundle(copy.folder)


def test_probabilities_stay_as_they_are(bundle):
    """Nothing is rounded."""
    rows = build_rows(0.0, 0.123456, 1.0)

    assert as_probabilities(rows, bundle) == rows


def test_percents_become_the_lowest_probability_that_is_shown_so(bundle):
    """31.5 is shown for 0.3145 up to 0.3155, so that a threshold there flags every film that reads 31.5."""
    scores = [row.score for row in as_probabilities(build_rows(31.5, 0.0, 100.0), bundle, scale="percent")]

    assert scores == pytest.approx([0.3145, 0.0, 0.9995])


@pytest.mark.parametrize(
    ("rows", "scale", "message"),
    [
        (build_rows(0.5, 31.5), "probability", r"'film-1' has the score 31.5, .* say --score-is percent"),
        (build_rows(0.5, 101), "probability", r"lies in 0..1$"),
        (build_rows(-0.1), "probability", "has the score -0.1"),
        (build_rows(100.5), "percent", r"lies in 0..100"),
        (build_rows(0.5, probability="0.31"), "probability", "has the probability 0.31 beside the score 0.5"),
        (build_rows(0.5, probability="high"), "probability", "has the probability high"),
        (build_rows(0.5, bundle="tiny 0.2"), "probability", "was scored by 'tiny 0.2', not by 'tiny 0.1'"),
        (build_rows(0.5, learnt_from="yes"), "probability", "learnt from 1 of the 1 films"),
        (
            [*build_rows(0.5, bundle="tiny 0.1"), Prediction("x", 0, 0.1)],
            "probability",
            "'x' names no bundle",
        ),
    ],
)
def test_scores_that_are_not_the_bundles_probabilities_are_refused(bundle, rows, scale, message):
    """One message that names the film and what to do."""
    with pytest.raises(TableInvalid, match=message):
        as_probabilities(rows, bundle, scale=scale)


def test_scores_of_a_locally_calibrated_copy_are_the_bundles_own(bundle):
    """A local threshold changes no score."""
    assert as_probabilities(build_rows(0.5, bundle="tiny 0.1+local.aaaaaaaa"), bundle)


def test_a_rounded_probability_beside_the_score_is_the_same(bundle):
    """0.314 beside 0.31423."""
    assert as_probabilities(build_rows(0.31423, probability="0.314"), bundle)
