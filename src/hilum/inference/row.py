"""A film's outcome as the flat row that tables, JSON, and pages show; its keys are a promise to scripts.

Trap: a refused film's `score` is null, never 0, which would read as "surely normal".
"""

from __future__ import annotations

from typing import Any

from hilum.findings import Zone
from hilum.inference.sentence import outcome_sentence
from hilum.records import Refused, Scored

ZONE_KEYS = {zone: f"zone_{zone.value.replace(' ', '_')}" for zone in Zone}
KEYS = (
    "file",
    "status",
    "code",
    "reason",
    "score",
    "probability",
    "threshold",
    "flagged",
    "certainty",
    "error_rate",
    "spread",
    *ZONE_KEYS.values(),
    "sentence",
    "seconds",
    "bundle",
)


def outcome_row(outcome: Scored | Refused, *, threshold: float) -> dict[str, Any]:
    """The row of one film, with exactly `KEYS`."""
    row: dict[str, Any] = dict.fromkeys(KEYS)
    row |= {"file": str(outcome.image_path), "threshold": threshold, "bundle": outcome.bundle,
            "seconds": round(outcome.seconds, 4), "sentence": outcome_sentence(outcome)}  # fmt: skip
    if isinstance(outcome, Refused):
        return row | {"status": "refused", "code": outcome.code.value, "reason": outcome.reason}
    zones = {ZONE_KEYS[zone]: round(probability, 4) for zone, probability in outcome.zones.items()}
    certainty = None if outcome.certainty is None else outcome.certainty.value
    return row | zones | {"status": "scored", "score": outcome.score, "probability": outcome.probability,
                          "flagged": outcome.is_flagged, "certainty": certainty, "spread": outcome.spread,
                          "error_rate": outcome.error_rate}  # fmt: skip
