"""Predictive values at a prevalence that is not this table's.

They follow from sensitivity and specificity by Bayes' rule, so they hold where those two do: a table of mild
or of far-gone cases has others. The interval joins those of sensitivity and of specificity as a ratio of two
independent parts, and has width even where no film is flagged wrongly.
Trap: the prevalence is taken as known; its own doubt is not in the interval.
Source: Donner and Zou 2012 (Stat Methods Med Res 21:347), the interval of a ratio from those of its parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hilum.evaluation.confusion import Performance
from hilum.records import Estimate

End = tuple[float, float, float]  # value, low, high


@dataclass(frozen=True, slots=True)
class PredictiveValues:
    """What a flag, and the lack of one, means at a prevalence."""

    prevalence: float
    positive: Estimate  # share of the flagged who have the finding
    negative: Estimate  # share of the others who have it not

    def as_json(self) -> dict[str, Any]:
        return {
            "prevalence": self.prevalence,
            "positive_predictive_value": self.positive.as_json(),
            "negative_predictive_value": self.negative.as_json(),
        }


def predictive_values(rates: Performance, prevalence: float) -> PredictiveValues:
    """Both predictive values at the prevalence, from measured sensitivity and specificity.

    Raises:
        ValueError: the prevalence is not between 0 and 1.
    """
    if not 0 < prevalence < 1:
        raise ValueError(f"a prevalence must lie between 0 and 1, not {prevalence}")
    found, cleared = rates.sensitivity, rates.specificity
    n, n_positive = rates.counts.n, rates.counts.n_positive
    if found.value is None or cleared.value is None:
        why = found.why or cleared.why
        none = Estimate(None, None, None, n=n, n_positive=n_positive, why=why)
        return PredictiveValues(prevalence, none, none)
    odds = prevalence / (1 - prevalence)
    positive = _share(_ends(found), _turned(_ends(cleared)), odds)
    negative = _share(_ends(cleared), _turned(_ends(found)), 1 / odds)
    absent = ("no film is flagged", "every film is flagged")
    return PredictiveValues(
        prevalence,
        *[
            _estimate(ends, rates, why)
            for ends, why in zip((positive, negative), absent, strict=True)
        ],
    )  # fmt: skip


def _ends(rate: Estimate) -> End:
    if rate.value is None or rate.low is None or rate.high is None:
        raise ValueError("a rate without an interval")
    return rate.value, rate.low, rate.high


def _turned(rate: End) -> End:
    value, low, high = rate
    return 1 - value, 1 - high, 1 - low


def _share(rightly: End, wrongly: End, odds: float) -> End | None:
    """odds * rightly / (odds * rightly + wrongly), with its ends; None where both are 0."""
    (right, right_low, right_high), (wrong, wrong_low, wrong_high) = rightly, wrongly
    if right == 0 and wrong == 0:
        return None
    mixed = right * wrong
    under = right_low * wrong_high * (2 * right - right_low) * (2 * wrong - wrong_high)
    over = right_high * wrong_low * (2 * right - right_high) * (2 * wrong - wrong_low)
    low = _over(mixed - np.sqrt(max(mixed**2 - under, 0.0)), wrong_high * (2 * wrong - wrong_high))
    high = _over(mixed + np.sqrt(max(mixed**2 - over, 0.0)), wrong_low * (2 * wrong - wrong_low))
    ratio = _over(right, wrong)
    value, low, high = (_from_odds(odds * one) for one in (ratio, low, high))
    return value, min(low, value), max(high, value)


def _over(top: float, bottom: float) -> float:
    return float(top / bottom) if bottom else np.inf


def _from_odds(odds: float) -> float:
    return 1.0 if odds == np.inf else max(odds, 0.0) / (1 + max(odds, 0.0))


def _estimate(ends: End | None, rates: Performance, absent: str) -> Estimate:
    n, n_positive = rates.counts.n, rates.counts.n_positive
    if ends is None:
        return Estimate(None, None, None, n=n, n_positive=n_positive, why=absent)
    method = "ratio of sensitivity and specificity (Donner and Zou)"
    return Estimate(*ends, n=n, n_positive=n_positive, method=method)
