"""A film's outcome as the flat row that tables, JSON, and pages show; its keys are a promise to scripts.

Trap: a refused film's `score` is null, never 0, which would read as "surely normal".
"""

from __future__ import annotations

from typing import Any

from hilum.records import Refused, Scored

KEYS = (
    "file",
    "status",
    "code",
    "reason",
    "score",
    "probability",
    "threshold",
    "flagged",
    "seconds",
    "bundle",
)


def outcome_row(outcome: Scored | Refused, *, threshold: float) -> dict[str, Any]:
    """The row of one film, with exactly `KEYS`."""
    row: dict[str, Any] = dict.fromkeys(KEYS)
    row |= {"file": str(outcome.image_path), "threshold": threshold, "bundle": outcome.bundle,
            "seconds": round(outcome.seconds, 4)}  # fmt: skip
    if isinstance(outcome, Refused):
        return row | {"status": "refused", "code": outcome.code.value, "reason": outcome.reason}
    return row | {"status": "scored", "score": outcome.score, "probability": outcome.probability,
                  "flagged": outcome.is_flagged}  # fmt: skip
