"""The numbers of a scored film, one by one, as messages carry them; each has a code and perhaps a zone."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.sr.coding import Code

from hilum.dicomnode.outputs import codes
from hilum.findings import Zone
from hilum.records import Scored

ZONES = {zone: codes.own(f"z-{zone.value.replace(' ', '-')}", f"Calibrated probability, {zone.value} zone")
         for zone in Zone}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """One number; `cut` is what it is compared with, where it is."""

    code: Code
    value: float
    cut: float | None = None
    zone: Zone | None = None

    @property
    def is_above(self) -> bool:
        """Whether it stands at or above its cut."""
        return self.cut is not None and self.value >= self.cut


def outcome_numbers(outcome: Scored) -> list[Number]:
    """Score, probability, threshold, spread, error rate, and the zones; those that there are."""
    found = [
        Number(codes.SCORE, outcome.score),
        Number(codes.PROBABILITY, outcome.probability, outcome.threshold),
        Number(codes.THRESHOLD, outcome.threshold),
    ]
    if outcome.spread is not None:
        found.append(Number(codes.SPREAD, outcome.spread))
    if outcome.error_rate is not None:
        found.append(Number(codes.ERROR_RATE, outcome.error_rate))
    zones = [zone for zone in Zone if zone in outcome.zones]
    cut = outcome.threshold if outcome.is_flagged else None  # it is the film's: below it no zone stands out
    return found + [Number(ZONES[zone], outcome.zones[zone], cut, zone) for zone in zones]
