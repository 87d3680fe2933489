"""The mean film of a group, film by film, on one square canvas.

Trap: films differ in shape. Each is laid in the middle of the canvas with its aspect kept, and a pixel's mean
is taken over the films that reach it, so that the rim is not darkened by films that have none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hilum.data.explore.pixels import MEASURED_SIDE
from hilum.records import Pixels

MIN_COVER = 0.5  # a pixel that fewer of the films reach is left empty
MIN_FILMS_FOR_SPREAD = 2


@dataclass(frozen=True, slots=True)
class MeanFilm:
    """The mean of `n` films; pixels that too few films reach are NaN."""

    n: int
    mean: Pixels  # (S, S), 0..1
    deviation: Pixels  # (S, S), standard deviation between films; NaN everywhere for a single film


@dataclass(slots=True)
class FilmSum:
    """What is kept of a group while its films pass by: three squares, whatever the number of films."""

    n: int = 0
    total: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((MEASURED_SIDE, MEASURED_SIDE)))
    squares: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((MEASURED_SIDE, MEASURED_SIDE)))
    cover: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((MEASURED_SIDE, MEASURED_SIDE), np.int64)
    )

    def add(self, reduced: Pixels) -> None:
        """Add a film (h, w) whose longer side is `MEASURED_SIDE` at most."""
        height, width = reduced.shape
        top, left = (MEASURED_SIDE - height) // 2, (MEASURED_SIDE - width) // 2
        place = (slice(top, top + height), slice(left, left + width))
        self.n += 1
        self.total[place] += reduced
        self.squares[place] += np.square(reduced, dtype=np.float64)
        self.cover[place] += 1

    def mean_film(self) -> MeanFilm:
        """The mean so far."""
        is_covered = self.cover >= max(1.0, MIN_COVER * self.n)
        cover = np.where(is_covered, self.cover, 1)
        mean = self.total / cover
        variance = np.maximum(self.squares / cover - mean**2, 0) * cover / np.maximum(cover - 1, 1)
        deviation = np.where(is_covered & (cover >= MIN_FILMS_FOR_SPREAD), np.sqrt(variance), np.nan)
        mean = np.where(is_covered, mean, np.nan)
        return MeanFilm(self.n, mean.astype(np.float32), deviation.astype(np.float32))


@dataclass(frozen=True, slots=True)
class MeanDifference:
    """How two mean films differ."""

    grey: Pixels  # (S, S), tuberculosis less normal, on 0..1
    standardised: Pixels  # (S, S), in pooled standard deviations (Cohen 1988); NaN where it cannot be told


def difference_of_means(tuberculosis: MeanFilm, normal: MeanFilm) -> MeanDifference:
    """Mean of the tuberculosis films less that of the normal ones."""
    grey = tuberculosis.mean - normal.mean
    degrees = max(tuberculosis.n + normal.n - 2, 1)
    pooled = (
        (tuberculosis.n - 1) * tuberculosis.deviation**2 + (normal.n - 1) * normal.deviation**2
    ) / degrees
    with np.errstate(divide="ignore", invalid="ignore"):
        standardised = np.where(
            pooled > 1e-6, grey / np.sqrt(pooled), np.nan
        )  # 1e-6: a quarter grey level of 255
    return MeanDifference(grey, standardised.astype(np.float32))
