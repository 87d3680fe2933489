"""Five numbers that say how a quantity lies, with how many films they come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """Least, quartiles, and greatest of `n` values; the unit is that of the quantity."""

    n: int
    least: float
    lower_quartile: float
    median: float
    upper_quartile: float
    greatest: float


def spread(values: Iterable[float | None]) -> Spread | None:
    """The spread of the values that are stated; None where none is.

    Quartiles interpolate linearly between the two nearest values (numpy's default).
    """
    stated = np.array([value for value in values if value is not None], np.float64)  # (N,)
    if not stated.size:
        return None
    least, lower, median, upper, greatest = (float(q) for q in np.quantile(stated, (0, 0.25, 0.5, 0.75, 1)))
    return Spread(stated.size, least, lower, median, upper, greatest)
