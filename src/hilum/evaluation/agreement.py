"""How far two readers agree beyond chance: Cohen's kappa of a yes and a no.

Trap: where nobody disagrees the formula has no spread and would claim certainty; an empty cell therefore gets
half a film for the interval, and the interval is widened to hold the value.
Sources: Cohen 1960 (Educ Psychol Meas 20:37); the interval, Fleiss, Cohen, and Everitt 1969 (Psychol Bull
72:323); half a film, Haldane 1956 (Ann Hum Genet 20:309).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.evaluation.intervals import CONFIDENCE, normal_quantile, wilson
from hilum.records import Estimate


@dataclass(frozen=True, slots=True)
class PairedReadings:
    """Films that two readers read, by what each said."""

    both_yes: int
    first_only: int  # the first yes, the second no
    second_only: int
    both_no: int

    @property
    def n(self) -> int:
        return self.both_yes + self.first_only + self.second_only + self.both_no

    def agreement(self) -> Estimate:
        """The share of films on which both said the same."""
        return wilson(self.both_yes + self.both_no, self.n)

    def kappa(self, confidence: float = CONFIDENCE) -> Estimate:
        """Cohen's kappa, -1 to 1; not estimated where both readers said one thing throughout."""
        cells = np.array([[self.both_yes, self.first_only], [self.second_only, self.both_no]], np.float64)
        if self.n == 0:
            return Estimate(None, None, None, n=0, why="there is nothing to count")
        value = _kappa(cells / self.n)
        if value is None:
            why = "both readers said the same of every film, so chance alone would agree as well"
            return Estimate(None, None, None, n=self.n, why=why)
        counted = cells if cells.all() else cells + 0.5
        middle, spread = _with_spread(counted)
        half = normal_quantile(confidence) * spread
        return Estimate(
            value,
            max(-1.0, min(value, middle - half)),
            min(1.0, max(value, middle + half)),
            n=self.n,
            method="Fleiss, Cohen, and Everitt",
        )


def _kappa(share: npt.NDArray[np.float64]) -> float | None:
    by_chance = float(share.sum(axis=1) @ share.sum(axis=0))
    return None if by_chance >= 1 else float((np.trace(share) - by_chance) / (1 - by_chance))


def _with_spread(counted: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Kappa and its standard error, of a table (2, 2) without an empty cell."""
    n = counted.sum()
    share = counted / n
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    by_chance = float(rows @ columns)
    kappa = float((np.trace(share) - by_chance) / (1 - by_chance))
    same = sum(share[i, i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in range(2))
    other = share[0, 1] * (columns[0] + rows[1]) ** 2 + share[1, 0] * (columns[1] + rows[0]) ** 2
    rest = (kappa - by_chance * (1 - kappa)) ** 2
    variance = (same + (1 - kappa) ** 2 * other - rest) / (n * (1 - by_chance) ** 2)
    return kappa, float(np.sqrt(max(0.0, variance)))
