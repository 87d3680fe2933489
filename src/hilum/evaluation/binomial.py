"""Exact binomial probabilities, without SciPy.

Trap: summed from 0 up, so they are exact to about 1e-9 of themselves; `AT_BOUND` keeps a probability that
equals its bound on paper from failing it by rounding.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

AT_BOUND = 1e-12
MAX_HALVINGS = 60


def binomial_at_most(n: int, chance: float, *, most: int | None = None) -> npt.NDArray[np.float64]:
    """P(X <= k) for k = 0..n of n trials, or up to `most`: (n + 1,) or (most + 1,).

    Args:
        chance: of a success, above 0, below 1.
    """
    return np.asarray(np.minimum(np.cumsum(binomial_chances(n, chance, most=most)), 1.0), np.float64)


def binomial_chances(n: int, chance: float, *, most: int | None = None) -> npt.NDArray[np.float64]:
    """P(X = k) for k = 0..n of n trials, or up to `most`: (n + 1,) or (most + 1,).

    Args:
        chance: of a success, above 0, below 1.
    """
    before = np.arange(n if most is None else most)
    steps = np.log((n - before) / (before + 1)) + math.log(chance) - math.log1p(-chance)
    logs = n * math.log1p(-chance) + np.concatenate([[0.0], np.cumsum(steps)])
    return np.asarray(np.exp(logs), np.float64)


@lru_cache(maxsize=4096)
def exact_lower_bound(successes: int, n: int, confidence: float) -> float:
    """The one-sided lower bound of a proportion: Clopper and Pearson 1934 (Biometrika 26:404).

    The share at which `successes` or more of n have probability 1 - confidence; 0 where there are none.
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} successes of {n}")
    if successes == 0:
        return 0.0
    low, high = 0.0, successes / n
    for _ in range(MAX_HALVINGS):
        middle = (low + high) / 2
        if middle <= 0 or _at_least(successes, n, middle) < 1 - confidence:
            low = middle
        else:
            high = middle
        if high - low < 1e-13:
            break
    return low


def _at_least(successes: int, n: int, chance: float) -> float:
    """P(X >= successes), by the failures, which are few where a sensitivity is high."""
    if chance >= 1:
        return 1.0
    return float(binomial_at_most(n, 1 - chance, most=n - successes)[-1])
