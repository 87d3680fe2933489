"""The data card's numbers, and the pages drawn from them."""

from __future__ import annotations

import hashlib
import json

import pytest

from hilum.data.card import age_band, count_films, data_card, films_sha256, write_card
from hilum.data.duplicates import DuplicateKind, DuplicatePair
from hilum.data.source import Problem, ProblemKind, SourceRead
from hilum.data.sources.shenzhen import ShenzhenSource
from hilum.errors import OutputRefused
from hilum.findings import Sex
from hilum.records import ClinicalReading
from hilum.reports.data_card import data_card_markdown, data_card_page, write_data_card


@pytest.fixture
def card(build_film):
    """The card of two films, with a name that tries to be markup."""
    films = [
        build_film(sex=Sex.MALE, age_years=45.0, reading=ClinicalReading("x", is_normal=False)),
        build_film(film="B", label=None, sha256="1" * 64),
    ]
    pair = DuplicatePair(films[0], films[1], DuplicateKind.LOOK, 3, 0.95)
    problems = [Problem(ProblemKind.REFUSED, "<script>|x", "it is *bad*\nand | worse")] * 300
    read = SourceRead((), n_ignored=2, n_expected=662)
    made = data_card("shenzhen", ShenzhenSource.card, read, films=films, problems=problems, duplicates=[pair])
    return {**made, "origin": {"path": "/films", "source": "shenzhen"}}


@pytest.mark.parametrize(
    ("age_years", "band"),
    [
        (None, "not stated"),
        (0.1, "0-14"),
        (14.99, "0-14"),
        (15, "15-24"),
        (64.9, "55-64"),
        (65, "65+"),
        (120, "65+"),
    ],
)
def test_age_bands_have_no_gap(age_years, band):
    """A band takes its lower end and leaves its upper to the next."""
    assert age_band(age_years) == band


def test_films_are_counted_by_site_label_sex_and_age(build_film):
    """What is not stated is its own group."""
    films = [
        build_film(sex=Sex.MALE, age_years=45.0),
        build_film(sex=Sex.MALE, age_years=50.0),
        build_film(label=None),
    ]

    assert count_films(films) == [
        {"site": "here", "label": "not stated", "sex": "not stated", "age_band": "not stated", "n": 1},
        {"site": "here", "label": "tuberculosis", "sex": "M", "age_band": "45-54", "n": 2},
    ]


def test_the_hash_of_a_set_knows_content_alone(build_film):
    """Order, names, and places of films do not change it; another film does."""
    a, b = build_film(), build_film(film="B", sha256="1" * 64)
    # the sorted hashes, a line each
    expected = hashlib.sha256(("0" * 64 + "\n" + "1" * 64).encode()).hexdigest()

    assert films_sha256([a, b]) == films_sha256([b, a]) == expected
    assert films_sha256([a]) != expected


def test_the_card_counts_what_there_is(card):
    """Films, patients, readings, and every kind of problem, those with none included."""
    assert (card["n_films"], card["n_expected"], card["n_patients"], card["n_ignored_files"]) == (
        2,
        662,
        1,
        2,
    )
    assert card["readings"] == {"none": 1, "reads normal": 0, "names disease": 1, "says neither": 0}
    assert {kind: len(found) for kind, found in card["problems"].items() if found} == {"refused": 300}
    assert set(card["problems"]) == {kind.value for kind in ProblemKind}
    assert card["patients_with_several_films"] == [["A", "B"]]
    assert card["duplicates"][0]["likeness"] == 0.95


def test_the_card_is_json(card, tmp_path):
    """It comes back from the file as it was, and nothing else is left."""
    write_card(card, tmp_path / "data-card.json")

    assert json.loads((tmp_path / "data-card.json").read_text()) == card
    assert [path.name for path in tmp_path.iterdir()] == ["data-card.json"]


def test_a_card_that_cannot_be_written_is_refused(card, tmp_path):
    """The path is named."""
    with pytest.raises(OutputRefused, match="gone"):
        write_card(card, tmp_path / "gone" / "data-card.json")


def test_names_from_files_do_not_become_markup(card):
    """A file called <script> is shown, in HTML and in Markdown, and breaks no table."""
    page, markdown = data_card_page(card), data_card_markdown(card)

    assert "<script>" not in page
    assert "&lt;script&gt;|x" in page
    assert r"| \<script\>\|x | it is \*bad\* and \| worse |" in markdown


def test_long_lists_are_cut_and_say_so(card):
    """200 of 300 lines are shown, and the rest pointed to."""
    assert "100 more are in data-card.json." in data_card_page(card)
    assert "100 more are in data-card.json." in data_card_markdown(card)


def test_both_pages_say_the_same_numbers(card, tmp_path):
    """Markdown and HTML are drawn from the same tables."""
    write_data_card(card, tmp_path)
    page, markdown = ((tmp_path / f"data-card.{kind}").read_text() for kind in ("html", "md"))

    for value in (card["films_sha256"], "2 of 662 in the complete set", "45-54", "not stated"):
        assert value in page
        assert value in markdown


def test_the_page_stands_alone(card):
    """No picture, script, or style comes from elsewhere."""
    page = data_card_page(card)

    assert not any(mark in page for mark in ("http://", "https://", "src=", "<link", "<script"))
