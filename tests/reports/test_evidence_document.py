"""The evidence file: its page, PDF, numbers, and pictures."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import date

import numpy as np
import pypdf
import pytest
from matplotlib import pyplot
from PIL import Image

from hilum.errors import OutputRefused
from hilum.evaluation.summary import EvaluationSettings, summarise
from hilum.records import Prediction
from hilum.reports.document_html import document_html
from hilum.reports.evidence.document import build_document, evidence_numbers, write_evidence
from hilum.reports.evidence.facts import Evidence, TableFile
from hilum.reports.evidence.figures import draw_decision_curve
from hilum.reports.evidence.groups import forest_rows
from hilum.reports.evidence.pictures import NAMES, drawable
from hilum.reports.figures import png_bytes
from hilum.reports.page import RESEARCH_USE

SETTINGS = EvaluationSettings(thresholds=(0.5,), n_draws=100, prevalence=0.02)
COMMAND = "hilum evaluate table.csv --out out --threshold 0.5"


def evidence_of(rows, settings=SETTINGS, *, name="table.csv"):
    """The rows measured, as an evidence file's contents."""
    return Evidence(
        evaluation=summarise(rows, settings),
        table=TableFile(name, "0" * 64),
        command=COMMAND,
        title="Evidence file",
        made_on=date(2026, 1, 2),
    )


def page_text(document):
    """The page's words, without its pictures and tags."""
    html = re.sub(r"data:[^\"]*|<style.*?</style>", "", document_html(document), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


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
def evidence(rows):
    """The films measured."""
    return evidence_of(rows)


@pytest.fixture(scope="module")
def folder(evidence, tmp_path_factory):
    """The folder of a written evidence file."""
    out = tmp_path_factory.mktemp("evidence") / "out"
    write_evidence(evidence, out)
    return out


def one_class(n=3, label=1):
    """Films of one label alone, on a scale that is no probability."""
    return [Prediction(f"f{i}", label, 10.0 + i) for i in range(n)]


def test_all_pictures_are_written_and_are_pictures(folder):
    """Each figure is a PNG of a readable size and an SVG."""
    pictures = list((folder / "visualisations").glob("*.png"))

    assert {path.stem for path in pictures} == set(NAMES)
    for path in pictures:
        with Image.open(path) as picture:
            assert min(picture.size) > 250
        assert path.with_suffix(".svg").read_text().startswith("<?xml")


def test_the_page_stands_alone(folder):
    """No address, script, or file outside the page is named."""
    page = (folder / "evidence.html").read_text()

    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "<script" not in page


def test_the_page_and_the_pdf_say_what_a_reader_must_know(evidence, folder):
    """Clusters, the table's name, the command, the seed, and the use stand in both."""
    pages = pypdf.PdfReader(folder / "evidence.pdf").pages
    printed = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))
    for text in (page_text(build_document(evidence, {})), printed):
        assert "120 films of 60 patients: intervals are over patients." in text
        assert "cross-fitted" in text
        assert COMMAND in text
        assert "table.csv" in text
        assert "bootstrap by patient, 100 draws" in text
        assert "medical device" in text


def test_the_numbers_are_those_of_the_page(evidence, folder):
    """The headline of the page is that of the JSON, which names format, table, hash, and command."""
    numbers = json.loads((folder / "evidence.json").read_text())

    assert numbers["format"] == 1
    assert numbers["research_use"] == RESEARCH_USE
    assert numbers["table"] == {"file": "table.csv", "sha256": "0" * 64}
    assert numbers["command"] == COMMAND
    assert numbers["auroc"]["value"] == evidence.evaluation.discrimination.auroc.value
    assert f"{numbers['auroc']['value']:.3f}" in page_text(build_document(evidence, {}))


def test_people_screened_are_worked_out_from_the_rates(evidence):
    """Of 1,000 at 2 %, 20 have the finding: found is 20 * sensitivity, alarms 980 * (1 - specificity)."""
    numbers = evidence_numbers(evidence)
    rates, people = numbers["operating_points"][0], numbers["per_thousand"]

    assert people["found"]["value"] == pytest.approx(20 * rates["sensitivity"]["value"])
    assert people["missed"]["value"] == pytest.approx(20 * (1 - rates["sensitivity"]["value"]))
    assert people["false_alarms"]["value"] == pytest.approx(980 * (1 - rates["specificity"]["value"]))


def test_without_a_prevalence_people_are_an_illustration(rows):
    """The front page promises nothing of people screened, and the table says that it illustrates."""
    document = build_document(evidence_of(rows, EvaluationSettings(thresholds=(0.5,), n_draws=100)), {})
    text = page_text(document)

    assert "no prevalence was stated" in " ".join(document.summary)
    assert "these are illustrations and claim nothing of any place" in text


def test_a_chosen_threshold_is_told_by_its_fair_figures(rows):
    """With folds the front page takes the cross-fitted rates; without, it says optimistic."""
    chosen = EvaluationSettings(n_draws=100)
    with_folds = " ".join(build_document(evidence_of(rows, chosen), {}).summary)
    foldless = [Prediction(row.film, row.label, row.score, patient=row.patient) for row in rows]
    without = " ".join(build_document(evidence_of(foldless, chosen), {}).summary)

    assert "each fold cut where the other folds chose" in with_folds
    assert "optimistic" not in with_folds
    assert "This is optimistic, for the threshold was chosen on these films." in without


def test_what_cannot_be_had_is_said_with_its_reason():
    """A table of one class off 0..1 has scores to show, no ROC, threshold, or calibration, and says why."""
    evidence = evidence_of(one_class(), EvaluationSettings(n_draws=100))
    text = page_text(build_document(evidence, {}))

    assert set(drawable(evidence.evaluation)) == {"scores"}
    assert "not estimable: no negative film" in text
    assert "the scores run from 10 to 12" in text
    assert "--score-scale 100" in text
    assert "No threshold was given, and one cannot be chosen without films of both labels." in text
    assert "nan" not in re.findall(r"\w+", text.lower())


@pytest.mark.parametrize(("label", "missing"), [(1, "no negative film"), (0, "no positive film")])
def test_one_class_with_a_threshold_and_a_prevalence_is_written(label, missing, tmp_path):
    """One rate is known, the other and all that rests on it say why not; JSON and PDF are whole."""
    write_evidence(evidence_of(one_class(label=label)), tmp_path)
    numbers = json.loads((tmp_path / "evidence.json").read_text())

    assert numbers["auroc"]["value"] is None
    assert numbers["per_thousand"]["positive_predictive_value"]["why"] == missing
    assert len(pypdf.PdfReader(tmp_path / "evidence.pdf").pages) >= 2


def test_pictures_of_an_earlier_table_are_taken_away(folder, tmp_path):
    """A folder never shows two tables at once, films of an earlier gallery included; files of others stay."""
    out = tmp_path / "out"
    shutil.copytree(folder, out)
    (out / "visualisations" / "mine.png").write_bytes(b"mine")
    (out / "visualisations" / "miss-01.png").write_bytes(b"a film")
    write_evidence(evidence_of(one_class(), EvaluationSettings(n_draws=100)), out)

    assert not (out / "visualisations" / "roc.png").exists()
    assert not (out / "visualisations" / "miss-01.png").exists()
    assert (out / "visualisations" / "mine.png").exists()


@pytest.mark.parametrize("scores", [(5.0, 5.0), (-1e308, 1e308), (1e-320, 0.0), (1e15, 1e15 + 1)])
def test_odd_scores_are_drawn_or_left_out(scores):
    """One value for all, or values a picture cannot span, break nothing."""
    evaluation = evidence_of([Prediction(f"f{i}", i % 2, scores[i // 2 % 2]) for i in range(8)]).evaluation
    drawn = drawable(evaluation)

    assert "roc" in drawn
    for one in drawn.values():
        assert png_bytes(one.draw(evaluation)).startswith(b"\x89PNG")


def test_names_from_the_table_cannot_break_the_page(rows):
    """A site called as a tag is text, and so is the table's name."""
    hostile = [
        Prediction(row.film, row.label, row.score, site=f"<script>{row.site}</script>" + "x" * 300)
        for row in rows
    ]
    page = document_html(build_document(evidence_of(hostile, name="<b>.csv"), {}))

    assert "<script>" not in page
    assert "<b>.csv" not in page
    assert "&lt;b&gt;.csv" in page


def test_no_figure_is_left_with_pyplot(evidence):
    """Drawing touches no global state: pyplot knows of no figure, and the backend stays."""
    backend = pyplot.get_backend()
    for one in drawable(evidence.evaluation).values():
        one.draw(evidence.evaluation)

    assert pyplot.get_fignums() == []
    assert pyplot.get_backend() == backend


def test_a_folder_that_cannot_be_written_is_refused(evidence, tmp_path):
    """A file where the folder should be is told as one."""
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputRefused, match="cannot be written"):
        write_evidence(evidence, tmp_path / "out")


@pytest.mark.parametrize("n", [1, 30])
def test_any_number_of_thresholds_is_shown(rows, n):
    """More thresholds than markers or panels of a row still have a table and a picture."""
    settings = EvaluationSettings(thresholds=tuple(np.linspace(0.1, 0.9, n).tolist()), n_draws=100)
    evidence = evidence_of(rows, settings)

    assert len(evidence.evaluation.operating_points) == n + 2
    assert png_bytes(drawable(evidence.evaluation)["confusion"].draw(evidence.evaluation))
    assert f"threshold {settings.thresholds[-1]:g}" in page_text(build_document(evidence, {}))


def test_a_column_of_the_table_becomes_a_section_of_groups(rows):
    """A column named as a subgroup stands in the tables, the tests, and the numbers."""
    kinds = [
        Prediction(row.film, row.label, row.score, extra={"kind": ("cavity", "infiltrate")[at // 2 % 2]})
        for at, row in enumerate(rows)
    ]
    settings = EvaluationSettings(thresholds=(0.5,), n_draws=100, subgroup_columns=("kind",))
    evidence = evidence_of(kinds, settings)
    text = page_text(build_document(evidence, {}))

    assert "By kind" in text
    assert "cavity less infiltrate" in text or "infiltrate less cavity" in text
    assert {one["group"] for one in evidence_numbers(evidence)["subgroups"]} == {"cavity", "infiltrate"}


def test_a_column_that_parts_nothing_is_said(rows):
    """A column asked for in which all films are alike is a sentence, not silence."""
    alike = [Prediction(row.film, row.label, row.score, extra={"kind": "cavity"}) for row in rows]
    settings = EvaluationSettings(thresholds=(0.5,), n_draws=100, subgroup_columns=("kind",))

    assert "All films are alike in kind" in page_text(build_document(evidence_of(alike, settings), {}))


def test_a_difference_between_groups_stands_on_the_first_page(rows):
    """Where one site's scores are turned over, the summary says that the AUC differs by site."""
    turned = [
        Prediction(row.film, row.label, 1 - row.score if row.site == "A" else row.score, site=row.site)
        for row in rows
    ]
    summary = " ".join(build_document(evidence_of(turned), {}).summary)

    assert "differ by more than chance: AUC by site" in summary


def test_a_stated_prevalence_warns_that_scores_are_taken_as_they_are(evidence):
    """The decision curve of scores that were calibrated to sicker films is set apart with a warning."""
    text = page_text(build_document(evidence, {}))

    assert "The scores are taken as they are." in text


def test_a_fold_that_is_also_a_subgroup_is_drawn_once(rows):
    """`--subgroup fold` adds no second row for each fold to the forest of the AUC."""
    names = [name for name, _ in forest_rows(summarise(rows, replace(SETTINGS, subgroup_columns=("fold",))))]

    assert [name for name in names if "fold" in name] == [f"fold {fold}" for fold in range(5)]


def test_a_decision_curve_ends_where_the_last_curve_has_left_its_frame(rows):
    """At a prevalence of 0.5 % no line is in the frame beyond a few hundredths, so the axis ends there."""
    evaluation = summarise([replace(row, score=0.6) for row in rows], replace(SETTINGS, prevalence=0.005))
    axes = draw_decision_curve(evaluation).axes[0]
    points = [point for point in evaluation.decision_curve.points if point.threshold < axes.get_xlim()[1]]
    inside = [
        point.threshold
        for point in points
        if (point.model.high or point.model.value or 0.0) > axes.get_ylim()[0]
    ]

    assert axes.get_xlim()[1] <= 1.05 * max(inside) + 1e-9
    assert axes.get_xlim()[1] < 0.1
