"""The row of a film has the promised keys, and nothing where there is nothing."""

from __future__ import annotations

from pathlib import Path

from hilum.findings import Zone
from hilum.inference.row import KEYS, ZONE_KEYS, outcome_row
from hilum.records import Certainty, RefusalCode, Refused, Scored


def test_a_scored_film_has_no_code():
    """Code and reason are null, the rest is there."""
    scored = Scored(Path("a.png"), 61.2, 0.6123, 0.5, True, None, "tiny 0.1", 0.25)
    row = outcome_row(scored, threshold=0.5)

    assert tuple(row) == KEYS
    assert row == {"file": "a.png", "status": "scored", "code": None, "reason": None, "score": 61.2,
                   "probability": 0.6123, "threshold": 0.5, "flagged": True, "certainty": None,
                   "error_rate": None, "spread": None, **dict.fromkeys(ZONE_KEYS.values()),
                   "sentence": "Score 61.2, at or above the threshold of 50.0: consistent with TB.",
                   "seconds": 0.25, "bundle": "tiny 0.1"}  # fmt: skip


def test_zones_and_certainty_have_their_columns():
    """A probability a zone, and what cannot be ruled out at which error rate."""
    scored = Scored(
        Path("a.png"), 61.2, 0.6123, 0.5, True, 0.04, "tiny 0.1", 0.25,
        zones={Zone.RIGHT_UPPER: 0.91234}, certainty=Certainty.ABNORMAL, error_rate=0.1,
    )  # fmt: skip
    row = outcome_row(scored, threshold=0.5)

    assert row["zone_right_upper"] == 0.9123
    assert row["zone_left_lower"] is None
    assert (row["certainty"], row["error_rate"], row["spread"]) == ("abnormal", 0.1, 0.04)


def test_a_refused_film_has_no_score():
    """Score, probability, and flag are null; the cut that would have been used is there."""
    row = outcome_row(Refused(Path("b.png"), RefusalCode.BLANK, "Blank.", "tiny 0.1", 0.1), threshold=0.5)

    assert tuple(row) == KEYS
    assert (row["score"], row["probability"], row["flagged"]) == (None, None, None)
    assert (row["status"], row["code"], row["reason"], row["threshold"]) == (
        "refused",
        "blank",
        "Blank.",
        0.5,
    )
