"""The evaluation's page, numbers, and pictures."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from matplotlib import pyplot
from PIL import Image

from hilum.errors import OutputRefused
from hilum.evaluation.summary import EvaluationSettings, summarise
from hilum.records import Prediction
from hilum.reports.evaluation import evaluation_page, write_evaluation
from hilum.reports.evaluation_figures import drawable
from hilum.reports.figures import png_bytes
from hilum.reports.page import RESEARCH_USE

SETTINGS = EvaluationSettings(thresholds=(0.5,), n_draws=100)


@pytest.fixture(scope="module")
def rows():
    """120 films of 60 patients with all columns."""
    chance = np.random.default_rng(3)
    score = np.clip(chance.normal(0.35 + 0.3 * (np.arange(120) % 2), 0.2), 0, 1)
    return [
        Prediction(f"f{i}", i % 2, float(score[i]), patient=f"p{i // 2}", site="AB"[i // 2 % 2],
                   age_years=20.0 + i % 60, sex="FM"[i // 4 % 2], fold=i // 4 % 5)
        for i in range(120)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def evaluation(rows):
    """The films measured."""
    return summarise(rows, SETTINGS)


@pytest.fixture(scope="module")
def report(evaluation, tmp_path_factory):
    """The folder of a written report."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "table.csv").write_text("film,label,score\n")
    write_evaluation(evaluation, folder / "table.csv", folder / "out")
    return folder / "out"


@pytest.fixture
def table(tmp_path):
    """A file that stands for the prediction table."""
    path = tmp_path / "table.csv"
    path.write_text("film,label,score\n")
    return path


def one_class(n=3):
    """Films of one label alone, on a scale that is no probability."""
    return [Prediction(f"f{i}", 1, 10.0 + i) for i in range(n)]


def test_all_pictures_are_written_and_are_pictures(report):
    """Each figure is a PNG of a readable size and an SVG."""
    pictures = list((report / "visualisations").glob("*.png"))

    assert {path.stem for path in pictures} == {
        "roc", "precision_recall", "scores", "reliability", "confusion", "subgroups",
    }  # fmt: skip
    for path in pictures:
        with Image.open(path) as picture:
            assert min(picture.size) > 250
        assert path.with_suffix(".svg").read_text().startswith("<?xml")


def test_the_page_stands_alone(report):
    """No address, script, or file outside the page is named; each picture is within."""
    page = (report / "evaluation.html").read_text()

    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "<script" not in page
    assert "url(" not in page
    assert page.count("data:image/png;base64,") == 6


def test_the_page_says_what_a_reader_must_know(report):
    """Optimism, clusters, the table's hash, and the use it is for stand on the page, the last once."""
    page = (report / "evaluation.html").read_text()

    assert "optimistic: chosen on these films" in page
    assert "cross-fitted" in page
    assert "120 films of 60 patients: intervals are over patients." in page
    assert "DeLong" in page
    assert page.count(RESEARCH_USE) == 1


def test_the_json_holds_the_same_numbers(evaluation, report):
    """The headline of the page is that of the file, and the file names table, format, and hash."""
    document = json.loads((report / "evaluation.json").read_text())

    assert document["format"] == 1
    assert document["table"]["file"] == "table.csv"
    assert re.fullmatch("[0-9a-f]{64}", document["table"]["sha256"])
    assert document["auroc"]["value"] == evaluation.discrimination.auroc.value
    assert f"{document['auroc']['value']:.3f}" in (report / "evaluation.html").read_text()


def test_what_cannot_be_drawn_is_left_out_and_said(table, tmp_path):
    """A table of one class off 0..1 has scores to show, and no ROC, cut, or calibration."""
    evaluation = summarise(one_class(), EvaluationSettings(n_draws=100))
    write_evaluation(evaluation, table, tmp_path / "out")
    page = (tmp_path / "out" / "evaluation.html").read_text()

    assert set(drawable(evaluation)) == {"scores"}
    assert "not estimated: no negative film" in page
    assert "scores are not all in 0..1" in page
    assert "No cut was given" in page


def test_pictures_of_an_earlier_table_are_taken_away(report, table, tmp_path):
    """A folder never shows two tables at once; files of others stay."""
    out = tmp_path / "out"
    shutil.copytree(report, out)
    (out / "visualisations" / "mine.png").write_bytes(b"mine")
    write_evaluation(summarise(one_class(), EvaluationSettings(n_draws=100)), table, out)

    assert not (out / "visualisations" / "roc.png").exists()
    assert (out / "visualisations" / "mine.png").exists()


@pytest.mark.parametrize("scores", [(5.0, 5.0), (-1e308, 1e308), (1e-320, 0.0), (1e15, 1e15 + 1)])
def test_odd_scores_are_drawn_or_left_out(scores):
    """One value for all, or values a picture cannot span, break nothing."""
    evaluation = summarise([Prediction(f"f{i}", i % 2, scores[i // 2 % 2]) for i in range(8)], SETTINGS)
    drawn = drawable(evaluation)

    assert "roc" in drawn
    for draw in drawn.values():
        assert png_bytes(draw(evaluation)).startswith(b"\x89PNG")


def test_names_from_the_table_cannot_break_the_page(rows, table):
    """A site called as a tag is text."""
    hostile = [
        Prediction(row.film, row.label, row.score, site=f"<script>{row.site}</script>" + "x" * 300)
        for row in rows
    ]
    page = evaluation_page(summarise(hostile, SETTINGS), {"file": "<b>.csv", "sha256": "0"}, {})

    assert "<script>" not in page
    assert "&lt;b&gt;.csv" in page


def test_no_figure_is_left_with_pyplot(evaluation):
    """Drawing touches no global state: pyplot knows of no figure, and the backend stays."""
    backend = pyplot.get_backend()
    for draw in drawable(evaluation).values():
        draw(evaluation)

    assert pyplot.get_fignums() == []
    assert pyplot.get_backend() == backend


def test_a_folder_that_cannot_be_written_is_refused(evaluation, table, tmp_path):
    """A file where the folder should be is told as one."""
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputRefused, match="cannot be written"):
        write_evaluation(evaluation, table, tmp_path / "out")


@pytest.mark.parametrize("n", [1, 5, 30])
def test_any_number_of_cuts_is_drawn(rows, n):
    """More cuts than markers or panels of a row still have a picture."""
    settings = EvaluationSettings(thresholds=tuple(np.linspace(0.1, 0.9, n).tolist()), n_draws=100)
    evaluation = summarise(rows, settings)

    assert len(evaluation.operating_points) == n + 2
    for draw in drawable(evaluation).values():
        draw(evaluation)
