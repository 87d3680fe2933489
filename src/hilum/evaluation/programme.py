"""What a threshold means to a programme: people found and missed, tests made and saved, and money.

From sensitivity, specificity, and the programme's prevalence, never from the sample's own share of
positives, so that a sample enriched with cases is carried over to people as they come.
Trap: prevalence and costs are taken as known, the confirmatory test as right; no interval has their doubt.
Source: WHO and TDR 2021, Determining the local calibration of computer-assisted detection (CAD) thresholds
and other parameters: a toolkit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from hilum.evaluation.intervals import squared_and_added
from hilum.evaluation.predictive_values import PredictiveValues
from hilum.records import Estimate

THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Costs:
    """In one currency, the user's."""

    screen: float = 0.0  # of a person screened: film and reading
    test: float = 0.0  # of a person tested for confirmation
    fixed: float = 0.0  # of the whole programme, whoever comes


@dataclass(frozen=True, slots=True)
class Programme:
    """Whom a programme screens, and at what cost."""

    prevalence: float  # above 0, below 1
    people: int = THOUSAND  # to be screened; of the costs alone
    costs: Costs | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of 1,000 people screened, but for the last two, which are of all the programme's people."""

    found: Estimate  # people with the disease who are flagged
    missed: Estimate  # people with the disease who are not
    false_alarms: Estimate  # people without it who are flagged
    tests: Estimate  # people flagged, each of whom gets the confirmatory test
    tests_saved: Estimate  # people not flagged, against testing everybody
    tests_per_case: Estimate  # number needed to test
    screened_per_case: Estimate  # number needed to screen
    total_cost: Estimate | None  # None without costs
    cost_per_case: Estimate | None

    def figures(self) -> dict[str, Estimate]:
        """Those that there are, by name."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: figure for name, figure in named.items() if figure is not None}

    def as_json(self) -> dict[str, Any]:
        return {name: figure.as_json() for name, figure in self.figures().items()}


def outcome(
    sensitivity: Estimate, specificity: Estimate, values: PredictiveValues, programme: Programme
) -> Outcome:
    """Carry both rates over to the programme's people."""
    sick = THOUSAND * programme.prevalence
    found = _mapped(sensitivity, lambda rate: sick * rate)
    alarms = _falling(specificity, lambda rate: (THOUSAND - sick) * (1 - rate))
    tests = _added(found, alarms)
    needed = _falling(values.positive, lambda share: 1 / share if share else None)
    return Outcome(
        found=found,
        missed=_falling(sensitivity, lambda rate: sick * (1 - rate)),
        false_alarms=alarms,
        tests=tests,
        tests_saved=_falling(tests, lambda count: THOUSAND - count),
        tests_per_case=needed if needed.value is not None or needed.why else _none_found(needed),
        screened_per_case=_per_case(found, lambda cases: THOUSAND / cases),
        **_costs(found, tests, programme),
    )


def cost_of_testing_all(programme: Programme) -> float | None:
    """What it costs to test everybody and to screen nobody; None without costs."""
    return None if programme.costs is None else programme.people * programme.costs.test


def _costs(found: Estimate, tests: Estimate, programme: Programme) -> dict[str, Estimate | None]:
    if programme.costs is None:
        return {"total_cost": None, "cost_per_case": None}
    costs, share = programme.costs, programme.people / THOUSAND
    sure = costs.fixed + programme.people * costs.screen
    total = _mapped(tests, lambda count: sure + share * count * costs.test)
    why = "no interval: a ratio of two figures that depend on one another"
    if total.value is None or not found.value:
        return {"total_cost": total, "cost_per_case": _none_found(total)}
    each = total.value / (share * found.value)
    return {
        "total_cost": total,
        "cost_per_case": replace(total, value=each, low=None, high=None, method="", why=why),
    }


def _per_case(found: Estimate, convert: Callable[[float], float]) -> Estimate:
    return _falling(found, convert) if found.value else _none_found(found)


def _none_found(like: Estimate) -> Estimate:
    return replace(like, value=None, low=None, high=None, method="", why=like.why or "nobody is found")


def _mapped(rate: Estimate, convert: Callable[[float], float | None]) -> Estimate:
    """The estimate with value and ends carried through a rising function."""
    value, low, high = (None if end is None else convert(end) for end in (rate.value, rate.low, rate.high))
    return replace(rate, value=value, low=low, high=high)


def _falling(rate: Estimate, convert: Callable[[float], float | None]) -> Estimate:
    """The same through a falling function, so that the ends change places; an end at infinity is none."""

    def safe(end: float) -> float | None:
        return convert(end) if end else _or_none(convert, end)

    turned = _mapped(rate, safe)
    return replace(turned, low=turned.high, high=turned.low)


def _or_none(convert: Callable[[float], float | None], end: float) -> float | None:
    try:
        return convert(end)
    except ZeroDivisionError:
        return None


def _added(one: Estimate, other: Estimate) -> Estimate:
    """The sum of two independent figures, with the interval of a difference from the other's negative."""
    n, n_positive = one.n + other.n, one.n_positive
    if one.value is None or other.value is None:
        return Estimate(None, None, None, n=n, n_positive=n_positive, why=one.why or other.why)
    value = one.value + other.value
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return Estimate(value, None, None, n=n, n_positive=n_positive, why=one.why or other.why)
    negative = replace(other, value=-other.value, low=-other.high, high=-other.low)
    low, high = squared_and_added(one, negative)
    method = "both rates' intervals, squared and added"
    return Estimate(value, max(low, 0.0), min(high, float(THOUSAND)), n, n_positive, method)
