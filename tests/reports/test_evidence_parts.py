"""The parts of an evidence file: words for estimates, forest plots, controls, and the failure gallery."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from hilum.errors import TableInvalid
from hilum.evaluation.summary import EvaluationSettings, summarise
from hilum.records import Estimate, Prediction
from hilum.reports.document import Gallery, Paragraph
from hilum.reports.evidence.controls import controls_section, read_controls
from hilum.reports.evidence.forest import draw_forest, draw_forests
from hilum.reports.evidence.gallery import (
    MOST_SHOWN,
    FailedFilm,
    FailureGallery,
    gallery_section,
    worst_failures,
)
from hilum.reports.evidence.wording import interval_cell, percent_words
from hilum.reports.figures import png_bytes

AREA = {"value": 0.9, "low": 0.85, "high": 0.95, "n": 40, "n_positive": 20, "method": "DeLong", "why": ""}
CONTROLS = {
    "network": {"auc": AREA, "fold_aucs": [0.9]},
    "controls": [{"name": "age and sex", "auc": AREA | {"value": 0.5}, "fold_aucs": [], "is_beaten": True,
                  "difference": AREA | {"value": 0.4, "low": 0.3, "high": 0.5, "method": "bootstrap"}}],
    "near_duplicates": {"n_pairs": 1, "n_parted": 1, "parted": []},
    "verdict": "The network beats every control.",
    "sites": [{"sites": ["delhi"], "told": [{"features": "border", "auc": AREA, "fold_aucs": []}]}],
}  # fmt: skip


def blocks_text(section):
    """The words of a section's paragraphs and tables."""
    words = []
    for block in section.blocks:
        words += [block.text] if isinstance(block, Paragraph) else []
        words += [cell for row in getattr(block, "rows", ()) for cell in row]
    return " ".join(words)


@pytest.mark.parametrize(
    ("estimate", "said"),
    [
        (Estimate(0.9, 0.8, 0.95, n=10), "0.900 (0.800 to 0.950)"),
        (Estimate(None, None, None, n=0, why="no film"), "not estimable: no film"),
        (Estimate(None, None, None, n=3, why="not estimable: 3 films"), "not estimable: 3 films"),
        (Estimate(3.0, 2.0, None, n=10), "3.000 (from 2.000)"),
        (Estimate(1.0, None, None, n=10, why="no interval: all alike"), "1.000 (no interval: all alike)"),
        (Estimate(-0.0001, -0.0002, 0.1, n=10), "0.000 (0.000 to 0.100)"),
    ],
)
def test_an_estimate_is_a_cell(estimate, said):
    """Value and interval, or the reason that one is missing; no nought with a minus."""
    assert interval_cell(estimate) == said


def test_a_difference_has_its_sign():
    """A difference above nought has a plus."""
    assert interval_cell(Estimate(0.1, -0.1, 0.3, n=10), signed=True) == "+0.100 (-0.100 to +0.300)"


def test_per_cent_in_words_has_an_interval():
    """A share is told in per cent with its interval."""
    assert percent_words(Estimate(0.5, 0.4, 0.625, n=10)) == "50.0 % (95 % interval 40.0 to 62.5 %)"


def test_a_forest_grows_with_its_groups_and_leaves_gaps():
    """A group without a value breaks no plot; many groups make a taller one."""
    known = Estimate(0.9, 0.8, 0.95, n=30, n_positive=10)
    none = Estimate(None, None, None, n=1, why="few")
    few = draw_forest([("all", known), ("a", none)], title="t", measure="AUC")
    rows = [("all", known), ("a", none), *((f"group {at}" * 10, known) for at in range(40))]
    many = draw_forests({"Sensitivity": rows, "Specificity": rows}, title="t")

    assert png_bytes(few).startswith(b"\x89PNG")
    assert png_bytes(many).startswith(b"\x89PNG")
    assert many.get_figheight() > 3 * few.get_figheight()


def test_controls_stand_beside_the_network(tmp_path):
    """The verdict, each control's AUC and difference, the sites, and the duplicates are told."""
    path = tmp_path / "controls.json"
    path.write_text(json.dumps(CONTROLS))
    text = blocks_text(controls_section(read_controls(path), n=40, n_positive=20))

    assert "The network beats every control." in text
    assert "+0.400 (+0.300 to +0.500)" in text
    assert "delhi: border" in text
    assert "1 pair, 1 in different folds" in text
    assert "not of the same films" not in text


def test_controls_of_other_films_are_marked(tmp_path):
    """Where the table has other counts, a warning says that the controls are of other films."""
    path = tmp_path / "controls.json"
    path.write_text(json.dumps(CONTROLS))

    assert "not of the same films" in blocks_text(controls_section(read_controls(path), n=41, n_positive=20))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"network": {}}', '{"network": 3}', "\x00"])
def test_a_file_that_is_no_controls_is_refused(content, tmp_path):
    """Any other JSON, or none, is one message that says what to give."""
    path = tmp_path / "controls.json"
    path.write_text(content)

    with pytest.raises(TableInvalid, match="give the controls.json of a cross-validation"):
        read_controls(path)


def test_a_missing_controls_file_is_refused(tmp_path):
    """No such file is told as one."""
    with pytest.raises(TableInvalid, match="cannot be read"):
        read_controls(tmp_path / "none.json")


@pytest.fixture(scope="module")
def failures():
    """The failures of 40 films, half with the finding, scored 0..39 with every fifth label turned."""
    labels = [(at >= 20) != (at % 5 == 0) for at in range(40)]
    rows = [Prediction(f"f{at:02d}", int(label), float(at)) for at, label in enumerate(labels)]
    evaluation = summarise(rows, EvaluationSettings(thresholds=(20.0,), n_draws=100))
    return worst_failures(evaluation.films, evaluation.groups.point)


def test_the_worst_failures_come_first(failures):
    """Misses rise from the lowest score, false alarms fall from the highest."""
    assert [row.film for row in failures.misses] == ["f00", "f05", "f10", "f15"]
    assert [row.film for row in failures.alarms] == ["f35", "f30", "f25", "f20"]
    assert (failures.n_misses, failures.n_alarms) == (4, 4)


def test_no_more_than_a_page_of_failures_is_shown():
    """Of many failures the worst are kept, and all are counted."""
    rows = [Prediction(f"f{at}", at % 2, float(-at if at % 2 else at)) for at in range(1, 61)]
    evaluation = summarise(rows, EvaluationSettings(thresholds=(0.0,), n_draws=100))
    found = worst_failures(evaluation.films, evaluation.groups.point)

    assert len(found.misses) == len(found.alarms) == MOST_SHOWN
    assert (found.n_misses, found.n_alarms) == (30, 30)
    assert found.misses[0].film == "f59"


def picture():
    """A grey PNG."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8), 99, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_gallery_shows_films_and_names_those_it_cannot(failures):
    """A film with a picture stands in the gallery with its score and reading; one without is named."""
    shown = tuple(FailedFilm(row, picture(), "bundle: 12.0", "left apex" * 40) for row in failures.misses)
    absent = (FailedFilm(failures.alarms[0], None, "not in the manifest"),)
    section = gallery_section(FailureGallery(failures, shown, absent, "hilum-base 1", n_learnt=2))
    (gallery,) = [block for block in section.blocks if isinstance(block, Gallery)]

    assert [one.name for one in gallery.pictures] == ["miss-01", "miss-02", "miss-03", "miss-04"]
    assert all(one.svg is None for one in gallery.pictures)
    assert "score 5" in gallery.pictures[1].caption
    assert gallery.pictures[0].caption.endswith("…")
    assert "f35: not in the manifest" in blocks_text(section)
    assert "hilum-base 1 learnt from 2 films" in blocks_text(section)


def test_a_gallery_without_failures_says_so(failures):
    """No miss and no false alarm is a sentence, not an empty page."""
    section = gallery_section(FailureGallery(failures, (), (), "hilum-base 1", n_learnt=0))

    assert blocks_text(section).count("there is none") == 2


def test_the_numbers_name_the_films_and_hold_no_reading(failures):
    """The JSON names films and scores; a radiologist's words stay on the page."""
    film = FailedFilm(failures.misses[0], picture(), "bundle: 12.0 of 100", "the reading")
    numbers = FailureGallery(failures, (film,), (), "hilum-base 1", n_learnt=0).as_json()

    assert numbers["misses"] == [{"film": "f00", "score": 0.0, "remark": "bundle: 12.0 of 100"}]
    assert "the reading" not in json.dumps(numbers)
