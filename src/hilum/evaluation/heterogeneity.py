"""Whether a figure differs from group to group by more than chance: Cochran's Q.

Each group's spread is read off its interval, so that a perfect group, whose plain variance is nought, still
counts with the doubt that it has.
Trap: a large p value in small groups shows nothing; a gap's interval says how much may be hidden.
Source: Cochran 1954 (Biometrics 10:101); the variance from an interval's width as in Higgins 2024, Cochrane
Handbook 6.5.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hilum.evaluation.intervals import normal_quantile
from hilum.records import Estimate


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Cochran's Q over groups; None where fewer than two groups have an interval."""

    statistic: float | None
    p_value: float | None
    n_groups: int  # that have an interval, and so count


def cochran_q(estimates: Sequence[Estimate]) -> Heterogeneity:
    """The test that independent estimates of one figure are of one value."""
    told = [
        (one.value, (one.high - one.low) / (2 * normal_quantile()))
        for one in estimates
        if one.value is not None and one.low is not None and one.high is not None and one.high > one.low
    ]
    if len(told) < 2:
        return Heterogeneity(None, None, len(told))
    values, spreads = np.array(told).T
    weights = 1 / spreads**2
    mean = (weights * values).sum() / weights.sum()
    statistic = float((weights * (values - mean) ** 2).sum())
    return Heterogeneity(statistic, chi_squared_tail(statistic, len(told) - 1), len(told))


def chi_squared_tail(statistic: float, degrees: int) -> float:
    """The chance that chi squared of whole `degrees` of freedom reaches the statistic.

    In closed form (Abramowitz and Stegun 26.4.4 and 26.4.5): a finite sum, and for odd degrees a normal tail.

    Raises:
        ValueError: fewer than 1 degree, or a statistic below 0.
    """
    if degrees < 1 or not statistic >= 0:
        raise ValueError(f"chi squared of {statistic} with {degrees} degrees of freedom")
    half = statistic / 2
    if half == 0:
        return 1.0
    odd = degrees % 2
    tail = math.erfc(math.sqrt(half)) if odd else 0.0
    for step in range((degrees - odd) // 2):
        order = step + odd / 2
        tail += math.exp(order * math.log(half) - half - math.lgamma(order + 1))
    return min(1.0, tail)
