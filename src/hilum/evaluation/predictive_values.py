"""Predictive values at a prevalence that is not this table's.

They follow from sensitivity and specificity by Bayes' rule, so they hold where those two do: a table of mild
or of far-gone cases has others. The interval joins those of sensitivity and of specificity as a ratio of two
independent parts, and has width even where no film is flagged wrongly.
Trap: the prevalence is taken as known; its own doubt is not in the interval. Where sensitivity or specificity
has no interval, as with too few patients, there is a value without one, and it says why.
Source: Donner and Zou 2012 (Stat Methods Med Res 21:347), the interval of a ratio from those of its parts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from hilum.evaluation.confusion import Performance
from hilum.evaluation.intervals import ratio_ends
from hilum.records import Estimate

METHOD = "ratio of sensitivity and specificity (Donner and Zou)"


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
    return PredictiveValues(
        prevalence,
        positive=_value(found, _turned(cleared), odds, absent="no film is flagged", of=rates),
        negative=_value(cleared, _turned(found), 1 / odds, absent="every film is flagged", of=rates),
    )


def _turned(rate: Estimate) -> Estimate:
    """One less the rate."""
    value, low, high = (None if one is None else 1 - one for one in (rate.value, rate.high, rate.low))
    return replace(rate, value=value, low=low, high=high)


def _value(rightly: Estimate, wrongly: Estimate, odds: float, *, absent: str, of: Performance) -> Estimate:
    """odds * rightly / (odds * rightly + wrongly), with its interval."""
    n, n_positive = of.counts.n, of.counts.n_positive
    if not rightly.value and not wrongly.value:
        return Estimate(None, None, None, n=n, n_positive=n_positive, why=absent)
    ratio = (rightly.value or 0.0) / wrongly.value if wrongly.value else math.inf
    value = _from_odds(odds * ratio)
    if None in (rightly.low, rightly.high, wrongly.low, wrongly.high):
        why = rightly.why or wrongly.why
        return Estimate(value, None, None, n=n, n_positive=n_positive, why=why)
    low, high = (_from_odds(odds * end) for end in ratio_ends(rightly, wrongly))
    return Estimate(value, low, high, n=n, n_positive=n_positive, method=METHOD)


def _from_odds(odds: float) -> float:
    return 1.0 if odds == math.inf else odds / (1 + odds)
