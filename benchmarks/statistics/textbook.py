"""DeLong's AUC and variance straight from the paper: every positive against every negative, O(mn).

Trap: 10,000 films of each label are 100 million pairs, so they are taken in blocks of positives.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BLOCK = 256  # positives at once, so that memory stays small and the loop is not Python's


def textbook_delong(positive: Floats, negative: Floats) -> tuple[float, float]:
    """The AUC and its variance from the scores of both labels (DeLong 1988, equations 2 to 5)."""
    m, n = positive.size, negative.size
    of_positives, of_negatives = np.empty(m), np.zeros(n)
    for start in range(0, m, BLOCK):
        block = positive[start : start + BLOCK, None]
        wins = (block > negative).astype(np.float64) + 0.5 * (block == negative)
        of_positives[start : start + BLOCK] = wins.mean(axis=1)
        of_negatives += wins.sum(axis=0)
    of_negatives /= m
    value = float(of_positives.mean())
    variance = of_positives.var(ddof=1) / m + of_negatives.var(ddof=1) / n
    return value, float(variance)
