"""A reading in words: in English those of the reader program, in others the same facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from hilum.findings import Zone
from hilum.inference.sentence import outcome_sentence
from hilum.records import Certainty, Scored
from hilum.web.pages.formats import Formats
from hilum.web.pages.telling import Teller
from hilum.worklist.tables import Reading

ZONES = (0.9, 0.8, 0.7, 0.6, 0.1, 0.1)


def reading(score: float, certainty: Certainty | None, zones: tuple[float, ...]) -> tuple[Reading, Scored]:
    """The same reading as a row and as a record."""
    by_zone = dict(zip(Zone, zones, strict=False))
    row = Reading(
        score=score, threshold=0.35, is_flagged=score >= 35,
        zones={str(zone): chance for zone, chance in by_zone.items()},
        certainty=certainty, error_rate=0.1, refusal_reason="", notes=[],
    )  # fmt: skip
    record = Scored(
        Path("film"), score, score / 100, 0.35, score >= 35, None, "bundle", 1.0, by_zone, certainty, 0.1
    )
    return row, record


@pytest.mark.parametrize("score", [12.3, 88.8])
@pytest.mark.parametrize("certainty", [None, *Certainty])
@pytest.mark.parametrize("zones", [(), ZONES, (0.9,) * 6, (0.1,) * 6])
def test_english_is_the_sentence_of_the_reader(score, certainty, zones):
    """Page, table, and report say the same."""
    row, record = reading(score, certainty, zones)

    assert " ".join(told.text for told in Teller("en").outcome(row)) == outcome_sentence(record)


def test_french_writes_a_comma():
    """The score has the decimal sign of its page."""
    row, _ = reading(88.8, None, ())

    assert (
        Teller("fr").outcome(row)[0].text
        == "Score 88,8, au seuil de 35,0 ou au-dessus : compatible avec la TB."
    )


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_digits_are_latin_in_every_language(language):
    """A score must look the same on page, film, and report."""
    assert set(Formats(language).number(1234567.5, 1)) & set("0123456789") == set("1234567") - {"0"} | {"5"}


def test_what_there_is_none_of_is_a_dash():
    """Never a word of the program."""
    assert Formats("en").number(None) == "–"
