"""Films by tenth of their probability, and the sums of each in samples of patients.

Trap: what is measured by bin leans away from 0 in a small table, for chance alone moves every bin; an
interval from samples is therefore moved by the bias that the samples show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hilum.evaluation.intervals import Draws, Resampling, draw_patients, unless_alike
from hilum.evaluation.vectors import Codes, Scores, Truth
from hilum.records import Estimate

N_BINS = 10  # of equal width over 0..1
FEWEST_BINNED = 50  # films; with fewer the interval would hold the truth in under 80 of 100 tables
Sums = npt.NDArray[np.float64]  # (..., bins, 5): films, probability, label, probability squared, product


@dataclass(frozen=True, slots=True)
class BinnedFilms:
    """Films in the order of their bins, so that a sample's sums by bin are one product a bin."""

    order: npt.NDArray[np.intp]  # (N,) film numbers
    starts: npt.NDArray[np.intp]  # (bins + 1,)
    columns: Sums  # (N, 5)

    @classmethod
    def of_films(cls, labels: Truth, chances: Scores, n_bins: int) -> BinnedFilms:
        bins = bin_numbers(chances, n_bins)
        order = np.argsort(bins, kind="stable")
        starts = np.searchsorted(bins[order], np.arange(n_bins + 1))
        said, was = chances[order], labels[order].astype(np.float64)
        return cls(order, starts, np.stack([np.ones_like(said), said, was, said**2, said * was], axis=1))

    def sums(self, weights: Scores | None = None) -> Sums:
        """(bins, 5), each film as often as its weight, given in the order of the bins."""
        ones = np.ones(len(self.columns)) if weights is None else weights
        pairs = zip(self.starts[:-1], self.starts[1:], strict=True)
        return np.stack([ones[low:high] @ self.columns[low:high] for low, high in pairs])

    def draws(self, resampling: Resampling) -> Sums:
        """The sums in samples of patients: (B, bins, 5)."""
        codes = resampling.codes[self.order]
        return np.stack(
            [self.sums(draw_patients(codes, rng=resampling.rng)) for _ in range(resampling.n_draws)]
        )


def less_bias(estimate: Estimate, draws: Draws, *, unit: str, least: float = 0.0) -> Estimate:
    """The estimate with an interval of draws that allows for the bias of both estimate and draws.

    Chance adds about as much to the estimate as the draws' mean lies above it, and more in a small table, so
    the lower end is moved by three times that, or is the basic bootstrap's where that is lower, and the upper
    end by once. Measured: benchmarks/statistics. Under `FEWEST_BINNED` films there is none.
    """
    if estimate.value is None:
        return estimate
    if estimate.n < FEWEST_BINNED:
        return replace(
            estimate, why=f"no interval: it takes {FEWEST_BINNED} films, for chance moves every bin"
        )
    low, high = np.quantile(draws, [0.025, 0.975])
    bias = max(0.0, float(draws.mean()) - estimate.value)
    ends = min(low - 3 * bias, 2 * estimate.value - high), max(high - bias, 2 * estimate.value - low)
    method = f"bootstrap by {unit} less its bias, {draws.size} draws"
    low, high = max(least, float(ends[0])), min(1.0, float(ends[1]))
    return unless_alike(replace(estimate, low=low, high=high, method=method))


def bin_numbers(probability: Scores, n_bins: int) -> Codes:
    """The bin of each probability (N,), from 0."""
    return np.minimum((probability * n_bins).astype(np.int64), n_bins - 1)  # 1.0 belongs to the last
