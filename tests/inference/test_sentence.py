"""The sentence says what a clinician can use, and no more than is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hilum.findings import Zone
from hilum.inference.sentence import outcome_sentence
from hilum.records import Certainty, RefusalCode, Refused, Scored

FLAGGED = Scored(
    Path("a.png"), 91.2, 0.912, 0.315, True, None, "tiny 0.1", 0.1,
    zones={Zone.RIGHT_UPPER: 0.95, Zone.LEFT_UPPER: 0.2}, certainty=Certainty.ABNORMAL, error_rate=0.1,
)  # fmt: skip


def test_a_flagged_film_names_score_zone_and_certainty():
    """In one breath."""
    assert outcome_sentence(FLAGGED) == (
        "Score 91.2, at or above the threshold of 31.5: consistent with TB. Right upper zone 0.95. "
        "Unlike 90% of normal films."
    )


def test_a_film_below_the_threshold_names_no_zone():
    """A zone a little hotter than the others is no finding."""
    quiet = replace(FLAGGED, score=4.0, is_flagged=False, certainty=Certainty.NORMAL)

    assert outcome_sentence(quiet) == "Score 4.0, below the threshold of 31.5. Unlike 90% of abnormal films."


def test_an_open_film_is_for_a_person():
    """Where neither label can be ruled out the sentence says who must read."""
    open_film = replace(FLAGGED, is_flagged=False, certainty=Certainty.BOTH)

    assert outcome_sentence(open_film).endswith("a person must read this film.")


def test_a_bundle_without_limits_says_nothing_of_certainty():
    """Nor does it guess."""
    plain = replace(FLAGGED, certainty=None, error_rate=None)

    assert outcome_sentence(plain).endswith("Right upper zone 0.95.")


def test_a_refusal_gives_its_reason():
    """As the gate said it."""
    refused = Refused(Path("b.png"), RefusalCode.BLANK, "The film is blank.", "tiny 0.1", 0.1)

    assert outcome_sentence(refused) == "No score: The film is blank."
