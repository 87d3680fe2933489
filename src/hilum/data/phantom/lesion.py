"""What is wrong with a phantom: kind and place of a TB-like finding, decided before anything is drawn.

The trap: fibrosis and old disease change the shape of the chest, so a `Lesion` comes before the `Thorax`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from hilum.data.phantom.thorax import LEFT, RIGHT
from hilum.findings import Laterality, TuberculosisKind, Zone


class Pattern(StrEnum):
    """The look of a finding."""

    INFILTRATE = "infiltrate"
    CAVITY = "cavity"
    MILIARY = "miliary"
    EFFUSION = "effusion"
    CONSOLIDATION = "consolidation"
    FIBROSIS = "fibrosis"
    TUBERCULOMA = "tuberculoma"
    OLD = "old"


KINDS: dict[Pattern, tuple[TuberculosisKind, ...]] = {
    Pattern.INFILTRATE: (TuberculosisKind.SECONDARY,),
    Pattern.CAVITY: (TuberculosisKind.SECONDARY, TuberculosisKind.CAVITY),
    Pattern.MILIARY: (TuberculosisKind.MILIARY,),
    Pattern.EFFUSION: (TuberculosisKind.EFFUSION,),
    Pattern.CONSOLIDATION: (TuberculosisKind.SECONDARY,),
    Pattern.FIBROSIS: (TuberculosisKind.FIBROSIS,),
    Pattern.TUBERCULOMA: (TuberculosisKind.TUBERCULOMA,),
    Pattern.OLD: (TuberculosisKind.OLD,),
}

# Height of the centre, 0 apex to 1 dome, and radius in mm: secondary tuberculosis seeks the upper zones.
_DOWN = {
    Pattern.INFILTRATE: (0.10, 0.27),
    Pattern.CAVITY: (0.14, 0.30),
    Pattern.EFFUSION: (0.70, 1.00),
    Pattern.CONSOLIDATION: (0.15, 0.80),
    Pattern.FIBROSIS: (0.10, 0.26),
    Pattern.TUBERCULOMA: (0.15, 0.62),
    Pattern.OLD: (0.08, 0.28),
    Pattern.MILIARY: (0.5, 0.5),
}
_RADIUS_MM = {
    Pattern.INFILTRATE: (18.0, 32.0),
    Pattern.CAVITY: (11.0, 22.0),
    Pattern.EFFUSION: (20.0, 95.0),  # height of the fluid at the wall
    Pattern.CONSOLIDATION: (26.0, 44.0),
    Pattern.FIBROSIS: (24.0, 36.0),
    Pattern.TUBERCULOMA: (8.0, 16.0),
    Pattern.OLD: (14.0, 26.0),
    Pattern.MILIARY: (0.9, 1.5),  # of one nodule
}


@dataclass(frozen=True, slots=True)
class Spot:
    """One place of a finding in a lung: `across` 0 mediastinum to 1 ribs, `down` 0 apex to 1 dome."""

    side: int
    across: float
    down: float
    radius_mm: float


@dataclass(frozen=True, slots=True)
class Lesion:
    """A finding to be drawn; `strength` 1 is plain to see, 0.6 is subtle."""

    pattern: Pattern
    spots: tuple[Spot, ...]
    strength: float
    seed: int

    def dome_lift_mm(self) -> tuple[float, float]:
        """How far scarring pulls up the right and the left dome."""
        return self._pull(RIGHT, 12.0), self._pull(LEFT, 12.0)

    def shift_mm(self) -> float:
        """How far scarring pulls the upper mediastinum to the patient's left."""
        return self._pull(LEFT, 11.0) - self._pull(RIGHT, 11.0)

    def _pull(self, side: int, most_mm: float) -> float:
        share = {Pattern.FIBROSIS: 1.0, Pattern.OLD: 0.3}.get(self.pattern, 0.0)
        return share * most_mm * self.strength * any(spot.side == side for spot in self.spots)


def draw_lesion(pattern: Pattern, rng: np.random.Generator) -> Lesion:
    """Draw place, size, and strength of one finding."""
    first = RIGHT if rng.random() < 0.55 else LEFT
    both = {Pattern.MILIARY: 1.0, Pattern.INFILTRATE: 0.35, Pattern.FIBROSIS: 0.3, Pattern.OLD: 0.3}.get(
        pattern, 0.08
    )
    sides = [first, -first] if rng.random() < both else [first]
    spots = []
    for side in sides:
        for _ in range(int(rng.integers(1, 3)) if pattern in (Pattern.INFILTRATE, Pattern.OLD) else 1):
            spots.append(
                Spot(
                    side,
                    float(rng.uniform(0.3, 0.75)),
                    float(rng.uniform(*_DOWN[pattern])),
                    float(rng.uniform(*_RADIUS_MM[pattern])),
                )
            )
    return Lesion(pattern, tuple(spots), float(rng.uniform(0.65, 1.15)), int(rng.integers(2**31)))


_ZONES = {
    RIGHT: (Zone.RIGHT_UPPER, Zone.RIGHT_MIDDLE, Zone.RIGHT_LOWER),
    LEFT: (Zone.LEFT_UPPER, Zone.LEFT_MIDDLE, Zone.LEFT_LOWER),
}


def zones_of(
    mask: npt.NDArray[np.bool_], right: npt.NDArray[np.bool_], left: npt.NDArray[np.bool_]
) -> tuple[Zone, ...]:
    """The zones that hold at least a seventh of a finding; thirds of each lung's height on the film.

    Args:
        mask: the finding, (H, W); right, left: the lung fields of the patient's sides.
    """
    named: list[tuple[int, Zone]] = []
    for side, lung in ((RIGHT, right), (LEFT, left)):
        rows = np.flatnonzero(lung.any(axis=1))
        edges = np.linspace(rows[0], rows[-1] + 1, 4).round().astype(int)
        for zone, top, bottom in zip(_ZONES[side], edges[:-1], edges[1:], strict=True):
            named.append((int((mask & lung)[top:bottom].sum()), zone))
    total = sum(count for count, _ in named)
    return tuple(zone for count, zone in named if count > 0 and count * 7 >= total)


def laterality_of(zones: tuple[Zone, ...]) -> Laterality | None:
    """The side or sides on which zones lie; None for no zones."""
    sides = {zone.value.split()[0] for zone in zones}
    if not sides:
        return None
    return Laterality.BILATERAL if len(sides) == 2 else Laterality(sides.pop())
