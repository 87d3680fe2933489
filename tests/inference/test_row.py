"""The row of a film has the promised keys, and nothing where there is nothing."""

from __future__ import annotations

from pathlib import Path

from hilum.inference.row import KEYS, outcome_row
from hilum.records import RefusalCode, Refused, Scored


def test_a_scored_film_has_no_code():
    """Code and reason are null, the rest is there."""
    scored = Scored(Path("a.png"), 61.2, 0.6123, 0.5, True, None, "tiny 0.1", 0.25)
    row = outcome_row(scored, threshold=0.5)

    assert tuple(row) == KEYS
    assert row == {"file": "a.png", "status": "scored", "code": None, "reason": None, "score": 61.2,
                   "probability": 0.6123, "threshold": 0.5, "flagged": True, "seconds": 0.25,
                   "bundle": "tiny 0.1"}  # fmt: skip


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
