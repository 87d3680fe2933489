"""How far two sets of scores lie apart: PSI beside its small-sample bias, KS with an exact p, median shift.

Trap: the PSI's folklore limits of 0.1 and 0.25 know nothing of sample size. Two windows of 50 films from one
and the same source differ by 0.36 on average with ten bins, so a PSI is shown beside what chance alone gives.
Sources: Yurdakul and Naranjo 2020 (J Risk Model Validation 14(4):89) for the PSI's mean and spread; Schroeer
and Trenkler 1995 (Comput Stat Data Anal 20:185) for KS with ties; Efron 1979 for the bootstrap of a median.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.evaluation.intervals import N_DRAWS, Draws, from_draws
from hilum.evaluation.vectors import Codes, Scores
from hilum.records import Estimate

N_BINS = 10  # of the PSI; deciles, as everywhere
SPARE = 0.5  # films added to each bin, so that an empty one is not infinitely far away
MOST_CHANCE = 0.4  # of a PSI; beyond it (25 films against many) its mean by chance is no longer known
SMALLEST_P = 1e-12  # of a KS test; below, rounding over some thousand films is as large as the p
MOST_EXACT_CELLS = 100_000_000  # films times films of an exact KS p: one to two seconds


@dataclass(frozen=True, slots=True)
class StabilityIndex:
    """A population stability index beside what two samples of one source give at these sizes."""

    value: float
    by_chance: float  # its mean without drift
    n_bins: int  # fewer than asked for where scores are tied

    @property
    def corrected(self) -> float:
        """The index less its bias; below 0 where the samples are closer than chance has them on average."""
        return self.value - self.by_chance

    @property
    def why(self) -> str:
        """Why the index cannot be told from chance, or nothing."""
        return "" if self.by_chance <= MOST_CHANCE else f"too few films for {self.n_bins} bins"

    def as_json(self) -> dict[str, Any]:
        return {"value": self.value, "by_chance": self.by_chance, "n_bins": self.n_bins,
                "corrected": None if self.why else self.corrected, "why": self.why}  # fmt: skip


def bin_edges(scores: Scores, n_bins: int = N_BINS) -> Scores:
    """Inner edges of bins with equal shares of `scores`; tied edges fall together, and the bins are fewer.

    Empty where all scores are equal: then there is one bin.
    """
    if scores.size == 0:
        return np.empty(0)
    inner = np.quantile(scores, np.arange(1, n_bins) / n_bins, method="inverted_cdf")
    edges: Scores = np.unique(inner[inner > scores.min()])
    return edges


def bin_codes(scores: Scores, edges: Scores) -> Codes:
    """The bin of each score, from 0 to `edges.size`; an edge belongs to the bin above it."""
    return np.searchsorted(edges, scores, side="right").astype(np.int64)


def stability_index(reference: Scores, current: Scores, n_bins: int = N_BINS) -> StabilityIndex:
    """The PSI over bins that hold equal shares of both sets together.

    Bins of the pooled films, not of the reference alone: then chance treats both sets alike, and a
    permutation test of the index is exact. Its mean by chance is (bins - 1)(1/n + 1/m) to first order.

    Raises:
        ValueError: a set is empty.
    """
    if reference.size == 0 or current.size == 0:
        raise ValueError("a stability index needs scores on both sides")
    edges = bin_edges(np.concatenate([reference, current]), n_bins)
    n = edges.size + 1
    counts = [np.bincount(bin_codes(part, edges), minlength=n) for part in (reference, current)]
    value = float(index_of_counts(counts[0], counts[1]))
    return StabilityIndex(value, edges.size * (1 / reference.size + 1 / current.size), n)


def index_of_counts(reference: npt.ArrayLike, current: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The PSI of counts (..., bins): sum of (q - p) ln(q / p), half a film added to each bin."""
    p, q = (np.asarray(counts, np.float64) + SPARE for counts in (reference, current))
    p, q = p / p.sum(axis=-1, keepdims=True), q / q.sum(axis=-1, keepdims=True)
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=-1))


def ks_distance(reference: Scores, current: Scores) -> float:
    """The largest distance of the two empirical distributions, 0..1.

    Raises:
        ValueError: a set is empty.
    """
    if reference.size == 0 or current.size == 0:
        raise ValueError("a distance of distributions needs scores on both sides")
    first, second = np.sort(reference), np.sort(current)
    at = np.concatenate([first, second])
    below = [np.searchsorted(part, at, side="right") / part.size for part in (first, second)]
    return float(np.abs(below[0] - below[1]).max())


def ks_p_value(reference: Scores, current: Scores) -> float:
    """The share of all ways to part the pooled films that lie at least as far apart: exact, ties and all.

    Never less than `SMALLEST_P`, which is an upper bound.
    Beyond `MOST_EXACT_CELLS` it is Smirnov's limit (1939), which ties make too large and never too small.
    """
    distance = ks_distance(reference, current)
    n, m = sorted((reference.size, current.size))
    if (n + m) * n > MOST_EXACT_CELLS:
        return max(SMALLEST_P, _smirnov(distance * math.sqrt(n * m / (n + m))))
    pooled = np.sort(np.concatenate([reference, current]))
    is_end = np.append(pooled[1:] != pooled[:-1], True)
    return max(SMALLEST_P, _exact_p(n, m, round(distance * n * m), is_end))


def _exact_p(n: int, m: int, reached: int, is_end: npt.NDArray[np.bool_]) -> float:
    """Walk the pooled films in order; a way that is `reached` / (n m) apart at a tie's end has fallen out.

    `staying[i]` is the probability that i of the films so far are of the smaller set and none fell out.
    """
    if reached == 0:
        return 1.0
    taken = np.arange(n + 1)
    staying = np.zeros(n + 1)
    staying[0] = 1.0
    for step in range(1, n + m + 1):
        left = n + m - step + 1
        to_small = staying * (n - taken) / left
        staying = staying * np.clip(m - (step - 1 - taken), 0, None) / left
        staying[1:] += to_small[:-1]
        if is_end[step - 1]:
            staying[np.abs(taken * m - (step - taken) * n) >= reached] = 0.0
    return float(min(1.0, max(0.0, 1.0 - staying[n])))


def _smirnov(reach: float) -> float:
    if reach < 0.2:  # the series needs many terms there, and is 1 to ten digits
        return 1.0
    terms = [(-1) ** (k - 1) * math.exp(-2 * (k * reach) ** 2) for k in range(1, 101)]
    return min(1.0, max(0.0, 2 * math.fsum(terms)))


def median(scores: Scores, *, rng: np.random.Generator, n_draws: int = N_DRAWS) -> Estimate:
    """The median with its bootstrap interval."""
    if scores.size == 0:
        return Estimate(None, None, None, n=0, why="no film has a score")
    found = Estimate(float(np.median(scores)), None, None, n=int(scores.size))
    if scores.size == 1:
        return _alone(found)
    return from_draws(found, median_draws(scores, rng=rng, n_draws=n_draws), unit="film")


def median_shift(
    reference: Scores, current: Scores, *, rng: np.random.Generator, n_draws: int = N_DRAWS
) -> Estimate:
    """The median of `current` less that of `reference`, with its bootstrap interval; n counts `current`."""
    if reference.size == 0 or current.size == 0:
        return Estimate(None, None, None, n=int(current.size), why="no film has a score")
    found = Estimate(float(np.median(current) - np.median(reference)), None, None, n=int(current.size))
    if min(reference.size, current.size) == 1:
        return _alone(found)
    ours, theirs = (median_draws(part, rng=rng, n_draws=n_draws) for part in (current, reference))
    return from_draws(found, ours - theirs, unit="film")


def median_draws(scores: Scores, *, rng: np.random.Generator, n_draws: int) -> Draws:
    """Medians of bootstrap samples of films, without drawing the samples: (n_draws,).

    The middle film of a sample of n (odd) lies at the share U of the sorted films, U of the Beta distribution
    with (n + 1) / 2 twice; for even n this is an interpolation.
    """
    middle = (scores.size + 1) / 2
    places = np.minimum((rng.beta(middle, middle, n_draws) * scores.size).astype(np.int64), scores.size - 1)
    return np.asarray(np.sort(scores)[places], np.float64)


def _alone(found: Estimate) -> Estimate:
    return Estimate(found.value, None, None, n=found.n, why="no interval: a median of one film has no spread")
