"""A bundle's reporting checklists say what its files say, and leave the rest to a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bundles import write_tiny_bundle
from hilum.records import Prediction
from hilum.reports.bundle_checklists import checklists_markdown, gathered
from hilum.reports.checklist_items import CHECKLISTS, OPEN, checklist_section
from hilum.reports.document import Paragraph, Section, Table

RUN = {"settings": {"n_folds": 5, "seed": 3, "weights": None}, "commit": "abc", "versions": {"torch": "2.13"}}


@pytest.fixture
def bundle(tmp_path):
    return write_tiny_bundle(tmp_path / "tiny")


@pytest.fixture
def judged():
    """Twelve films of two folds, four of them on the wrong side."""
    return [
        Prediction(f"film-{place}", place % 2, score=0.5, patient=f"p{place}", fold=place // 2 % 2,
                   extra={"logit": str((place % 2 - 0.5) * (3 if place > 3 else -1))})
        for place in range(12)
    ]  # fmt: skip


def test_both_checklists_are_there_with_their_figures_and_what_is_open(bundle, judged):
    """CLAIM and TRIPOD+AI; the films, the folds of the judging run, and boxes for a person."""
    known = gathered(
        bundle, judged, run=RUN, judge={"settings": {"n_folds": 2, "seed": 9}}, table="predictions.parquet"
    )

    text = checklists_markdown(bundle.label, known)

    assert "## CLAIM" in text
    assert "## TRIPOD+AI" in text
    assert "12 labelled films of 12 patients, 6 with the finding." in text
    assert "2 folds, drawn with seed 9" in text
    assert OPEN in text


def test_films_judged_without_folds_are_not_said_to_be_folded(bundle, judged):
    """The settings' number of folds is of a cross-validation that was not made."""
    inner = [replace(row, fold=None) for row in judged]

    known = gathered(bundle, inner, run=RUN, judge=RUN, table="predictions.parquet")

    assert "partitions" not in known


def test_every_row_of_a_checklist_is_one_line_of_its_table(bundle, judged):
    """A bar or a line's end in an answer would break the table."""
    known = gathered(bundle, judged, run=RUN, judge=RUN, table="a|b.parquet")

    lines = [line for line in checklists_markdown("tiny", known).splitlines() if line.startswith("|")]

    assert "claim-2024" in CHECKLISTS
    n_rows = sum(
        len(block.rows)
        for name in ("claim-2024", "tripod-ai-2024")
        for block in checklist_section(name, known).blocks
        if isinstance(block, Table)
    )
    assert len(lines) == n_rows + 4  # and two lines of head each
    assert all(line.replace("\\|", "").count("|") == 6 for line in lines)


def test_a_section_becomes_a_heading_paragraphs_and_a_table():
    """As Markdown wants them, an empty line between."""
    from hilum.reports.bundle_checklists import section_lines

    section = Section("Part", (Paragraph("Words."), Table(("a", "b"), (("1|2", "3\n4"),))))

    assert list(section_lines(section)) == [
        "## Part", "", "Words.", "", "| a | b |", "|---|---|", "| 1\\|2 | 3<br>4 |",
    ]  # fmt: skip
