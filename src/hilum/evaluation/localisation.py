"""Whether a heat map lies where the finding is: against a mask, and against the side or zone of a reading.

Trap: a film whose map is empty has pointed nowhere, so it counts as a miss and is never left out; and a map
over all of the lungs holds much of every finding, so each share stands beside what chance would give.
Sources: J. Zhang et al. 2018 (IJCV 126:1084) for the pointing game; H. Wang et al. 2020 (Score-CAM, CVPR-W)
for the energy inside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hilum.evaluation.discrimination import average_precision
from hilum.evaluation.intervals import Resampling, from_draws, unless_alike, wilson
from hilum.records import Estimate, Pixels

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FilmLocalisation:
    """How one heat map meets one mask."""

    is_hit: bool  # the map's highest place lies in the mask
    energy_inside: float  # share of the map's sum in the mask, 0..1
    overlap: float  # intersection over union with the part above half of the peak
    average_precision: float  # of the map's pixels as scores for being in the mask
    mask_share: float  # of the film's pixels; a map spread evenly over the film has this energy inside

    @classmethod
    def nowhere(cls, mask: Mask) -> FilmLocalisation:
        """Of a film whose map is empty."""
        return cls(False, 0.0, 0.0, float(mask.mean()), float(mask.mean()))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two namings of a place agree, and how often they would if they knew nothing of each other."""

    observed: Estimate
    by_chance: float  # the sum over places of the product of both shares (Cohen 1960)


def film_localisation(heat: Pixels | None, mask: Mask) -> FilmLocalisation:
    """One heat map (H, W) of 0..1, or None where nothing was localised, against a mask (H, W).

    Raises:
        ValueError: the mask is empty, or of another shape.
    """
    if not mask.any() or (heat is not None and heat.shape != mask.shape):
        raise ValueError("a mask must have the map's shape and hold something")
    if heat is None or not heat.any():
        return FilmLocalisation.nowhere(mask)
    hot = heat >= heat.max() / 2
    return FilmLocalisation(
        is_hit=bool(mask[np.unravel_index(int(heat.argmax()), heat.shape)]),
        energy_inside=energy_inside(heat, mask),
        overlap=float((hot & mask).sum() / (hot | mask).sum()),
        average_precision=average_precision(mask.ravel(), heat.ravel()).value or 0.0,
        mask_share=float(mask.mean()),
    )


def energy_inside(heat: Pixels, mask: Mask) -> float:
    """The share of a map's sum that lies in a mask, 0..1; 0 for an empty map."""
    total = float(heat.sum(dtype=np.float64))
    return float(heat[mask].sum(dtype=np.float64)) / total if total > 0 else 0.0


def hit_rate(films: Sequence[FilmLocalisation]) -> Estimate:
    """The pointing game: the share of films whose map peaks inside the finding."""
    return wilson(sum(film.is_hit for film in films), len(films))


def mean_of(values: Sequence[float], *, seed: int = 0) -> Estimate:
    """The mean of a figure over films, with the bootstrap's interval."""
    if not values:
        return Estimate(None, None, None, n=0, why="no film")
    figures = np.array(values, np.float64)
    resampling = Resampling(np.arange(figures.size), np.random.default_rng(seed), unit="film")
    drawn = resampling.rng.integers(figures.size, size=(resampling.n_draws, figures.size))
    plain = Estimate(float(figures.mean()), None, None, n=figures.size)
    return unless_alike(from_draws(plain, figures[drawn].mean(axis=1), unit="film"))


def agreement(found: Sequence[Hashable | None], named: Sequence[Hashable]) -> Agreement:
    """How often the place found on a film is the place named.

    Args:
        found: a place a film; None where nothing was localised, which agrees with nothing.
        named: what the reading says, as long.
    """
    n = len(named)
    hits = sum(one == other for one, other in zip(found, named, strict=True))
    ours, theirs = Counter(found), Counter(named)
    chance = sum(ours[place] * theirs[place] for place in theirs) / n**2 if n else 0.0
    return Agreement(replace(wilson(hits, n), method="Wilson"), chance)
