"""Thresholds that hold a sensitivity, and how many positives it takes.

Only the scores of the positives matter: the threshold is one of them in order, counted from below.
With "confidence", the chance that such a sample gives a threshold of too low a sensitivity is at most
1 - confidence: a one-sided tolerance limit (Wilks 1941, Ann Math Stat 12:91), which is also the highest
threshold at which Clopper and Pearson's bound reaches the goal. With "average", the mean over samples reaches
it: conformal risk control (Angelopoulos, Bates, Fisch, Lei, Schuster 2022, arXiv:2208.02814), a miss being
the loss. Neither assumes anything of the scores; ties make them safer, as tied films are flagged together.
Trap: they hold for people like the positives of the sample, each counted once, and for no other site.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hilum.evaluation.binomial import AT_BOUND, binomial_at_most
from hilum.evaluation.vectors import Scores

MOST_NEEDED = 10_000_000  # positives or films that a plan may name


@lru_cache(maxsize=4096)
def misses_allowed(n: int, *, sensitivity: float, confidence: float) -> int | None:
    """How many of n positives may score below the threshold; None where n is too small to promise anything.

    Args:
        sensitivity: above 0, below 1.
        confidence: above 0, below 1.
    """
    _check_share(sensitivity, "sensitivity")
    _check_share(confidence, "confidence")
    if n < 1:
        return None
    falls_short = binomial_at_most(n, 1 - sensitivity)
    ranks = int(np.searchsorted(falls_short, 1 - confidence + AT_BOUND, side="right"))
    return ranks - 1 if ranks else None


def misses_allowed_on_average(n: int, *, sensitivity: float) -> int | None:
    """The same for conformal risk control: (misses + 1) / (n + 1) must not exceed 1 - sensitivity."""
    _check_share(sensitivity, "sensitivity")
    ranks = math.floor((1 - sensitivity) * (n + 1) + AT_BOUND * (n + 1))
    return ranks - 1 if ranks else None


def lowest_but(positives: npt.ArrayLike, misses: int) -> float:
    """The highest threshold below which at most `misses` of the positives' scores lie: (n,), any order.

    Raises:
        ValueError: there are not more positives than that.
    """
    scores: Scores = np.sort(np.asarray(positives, np.float64))
    if not 0 <= misses < scores.size:
        raise ValueError(f"{misses} misses of {scores.size} positives")
    return float(scores[misses])


def guaranteed_threshold(positives: npt.ArrayLike, *, sensitivity: float, confidence: float) -> float | None:
    """The highest threshold that holds the sensitivity with the confidence; None with too few positives.

    Args:
        positives: (n,) scores of positives, one a patient.
    """
    scores: Scores = np.asarray(positives, np.float64)
    allowed = misses_allowed(scores.size, sensitivity=sensitivity, confidence=confidence)
    return None if allowed is None else lowest_but(scores, allowed)


def positives_needed(*, sensitivity: float, confidence: float, misses: int = 0) -> int:
    """The fewest positives of which `misses` may score below: 29 for 0.90 with 0.95 and none missed.

    Raises:
        ValueError: it would take more than `MOST_NEEDED`.
    """
    low, high = misses, max(misses, 1)
    while not _is_enough(high, misses, sensitivity, confidence):
        low, high = high, 2 * high
        if high > MOST_NEEDED:
            raise ValueError(f"a sensitivity of {sensitivity} would take more than {MOST_NEEDED:,} positives")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _is_enough(middle, misses, sensitivity, confidence) else (middle, high)
    return high


def positives_needed_on_average(*, sensitivity: float) -> int:
    """The fewest positives for conformal risk control: 9 for 0.90."""
    _check_share(sensitivity, "sensitivity")
    return math.ceil(1 / (1 - sensitivity) - 1 - 1e-9)


def films_needed(positives: int, prevalence: float) -> int:
    """Films of people as they come that hold so many positives on average."""
    _check_share(prevalence, "prevalence")
    return math.ceil(positives / prevalence - 1e-9)


def _is_enough(n: int, misses: int, sensitivity: float, confidence: float) -> bool:
    allowed = misses_allowed(n, sensitivity=sensitivity, confidence=confidence)
    return allowed is not None and allowed >= misses


def _check_share(value: float, what: str) -> None:
    if not 0 < value < 1:
        raise ValueError(f"a {what} must lie between 0 and 1, not {value}")
