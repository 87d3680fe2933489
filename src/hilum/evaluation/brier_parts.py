"""The Brier score taken apart: how reliable, how resolving, and how uncertain the matter was.

It is exactly reliability - resolution + uncertainty + within-bin variance - within-bin covariance.
Trap: the first three alone are the Brier score only where all films of a bin have the same probability
(Stephenson 2008), and in a small table chance makes the first two too large; their intervals allow for that.
Sources: Murphy 1973 (J Appl Meteorol 12:595); Stephenson, Coelho, and Jolliffe 2008 (Weather Forecasting
23:752).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.evaluation.binned import N_BINS, BinnedFilms, Sums, less_bias
from hilum.evaluation.calibration import as_probability
from hilum.evaluation.intervals import Resampling
from hilum.evaluation.vectors import as_truth
from hilum.records import Estimate


@dataclass(frozen=True, slots=True)
class BrierParts:
    """Five parts of the Brier score, each of mean squared probability."""

    reliability: Estimate  # gap of probability and share of positives in a bin; 0 is best
    resolution: Estimate  # how far the bins' shares of positives lie apart; more is better
    uncertainty: Estimate  # share of positives times that of negatives; the table's, not the score's
    within_bin_variance: Estimate  # of the probability
    within_bin_covariance: Estimate  # of probability and label, twice

    def as_json(self) -> dict[str, Any]:
        return {part.name: getattr(self, part.name).as_json() for part in fields(self)}


NAMES = tuple(part.name for part in fields(BrierParts))
LEAST = {"within_bin_covariance": -1.0}  # of the others, 0


def brier_parts(
    truth: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    n_bins: int = N_BINS,
    resampling: Resampling | None = None,
) -> BrierParts:
    """The parts of the Brier score over bins of equal width.

    Args:
        resampling: gives the intervals, each moved by the bias that the samples show; without it, none.

    Raises:
        ValueError: a probability lies outside 0..1.
    """
    labels = as_truth(truth)
    chances = as_probability(probability, like=labels)
    n, n_positive = labels.size, int(labels.sum())
    if n == 0:
        none = Estimate(None, None, None, n=0, n_positive=0, why="no film")
        return BrierParts(*[none] * len(NAMES))
    table = BinnedFilms.of_films(labels, chances, n_bins)
    estimates = [Estimate(float(value), None, None, n, n_positive) for value in parts_of(table.sums())]
    if resampling is None:
        return BrierParts(*estimates)
    return parts_with_intervals(BrierParts(*estimates), table.draws(resampling), unit=resampling.unit)


def parts_with_intervals(parts: BrierParts, drawn: Sums, *, unit: str) -> BrierParts:
    """The parts with the intervals of sums (B, bins, 5) in samples; only the covariance may be below 0."""
    draws = parts_of(drawn)  # (B, 5)
    found = {
        name: less_bias(getattr(parts, name), column, unit=unit, least=LEAST.get(name, 0.0))
        for name, column in zip(NAMES, draws.T, strict=True)
    }
    return BrierParts(**found)


def parts_of(sums: Sums) -> Sums:
    """The five parts, in the order of `BrierParts`, from sums (..., bins, 5): (..., 5)."""
    films, said, was, square, product = np.moveaxis(sums, -1, 0)
    n = films.sum(axis=-1)
    filled = np.maximum(films, 1)
    share = was.sum(axis=-1) / n
    reliability = ((said - was) ** 2 / filled).sum(axis=-1) / n
    resolution = (films * (was / filled - share[..., None]) ** 2).sum(axis=-1) / n
    variance = (square - said**2 / filled).sum(axis=-1) / n
    covariance = 2 * (product - said * was / filled).sum(axis=-1) / n
    return np.stack([reliability, resolution, share * (1 - share), variance, covariance], axis=-1)
