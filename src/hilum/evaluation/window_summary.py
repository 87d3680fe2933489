"""One window of films set against the reference: its figures with intervals, its distance, and the verdict.

Trap: the intervals describe the window alone; whether it differs is told by the verdict, which has looked at
all figures together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.evaluation.alarm import AlarmRule, Statistic, Verdict, judge
from hilum.evaluation.drift import (
    SMALLEST_P,
    StabilityIndex,
    ks_distance,
    ks_p_value,
    median,
    median_shift,
    stability_index,
)
from hilum.evaluation.intervals import wilson
from hilum.evaluation.mix_changes import site_strata
from hilum.evaluation.watched_vectors import WatchedVectors, pooled
from hilum.evaluation.window_figures import mix_figure, mix_figures, score_figures, share_figure
from hilum.records import Estimate

RATES = ("flag_rate", "refusal_rate", "sensitivity", "specificity")
SEED_STEP = 1_000  # keeps the bootstrap's draws apart from the alarm's


@dataclass(frozen=True, slots=True)
class Rates:
    """The figures of one set of films."""

    n: int
    n_scored: int
    median: Estimate
    flag_rate: Estimate  # of the scored films
    refusal_rate: Estimate  # of all films
    sensitivity: Estimate  # of the scored films with a label
    specificity: Estimate

    def as_json(self) -> dict[str, Any]:
        figures = {name: getattr(self, name).as_json() for name in ("median", *RATES)}
        return {"n": self.n, "n_scored": self.n_scored, **figures}


@dataclass(frozen=True, slots=True)
class Distance:
    """How far the window's scores lie from the reference's; None where a side has no score."""

    shift: Estimate  # of the median
    psi: StabilityIndex | None
    ks: float | None
    ks_p: float | None  # `SMALLEST_P` is an upper bound

    def as_json(self) -> dict[str, Any]:
        is_bound = self.ks_p is not None and self.ks_p <= SMALLEST_P
        return {"median_shift": self.shift.as_json(), "psi": self.psi and self.psi.as_json(),
                "ks": self.ks, "ks_p": self.ks_p, "ks_p_is_upper_bound": is_bound}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WindowSummary:
    """A window, its distance from the reference, and whether that is an alarm."""

    name: str
    rates: Rates
    distance: Distance
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        return {"window": self.name, **self.rates.as_json(), **self.distance.as_json(),
                "alarm": self.verdict.as_json()}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compared:
    """What may be compared between the two tables."""

    scores: bool = True  # False where a new bundle's scores stand against an old one's
    refusals: bool = True  # False where a table does not list refused films
    mix: bool = True  # False where films are judged within their sites and devices


def rates(films: WatchedVectors, *, seed: int) -> Rates:
    """The figures of a set of films, each with its interval and denominator."""
    is_scored, flagged = films.is_scored, films.is_flagged
    n_scored = int(is_scored.sum())
    return Rates(
        n=films.n,
        n_scored=n_scored,
        median=median(films.scored, rng=np.random.default_rng(seed)),
        flag_rate=_rate(flagged, is_scored, films, absent="no film has a score"),
        refusal_rate=(
            wilson(films.n - n_scored, films.n)
            if films.lists_refusals
            else Estimate(None, None, None, n=films.n, why="the table lists no refusals")
        ),
        sensitivity=_rate(flagged, is_scored & (films.label == 1), films, absent="no positive film"),
        specificity=_rate(~flagged, is_scored & (films.label == 0), films, absent="no negative film"),
    )


def summarise_window(
    name: str, reference: WatchedVectors, window: WatchedVectors, rule: AlarmRule, compared: Compared
) -> WindowSummary:
    """Set a window against the reference and judge it."""
    pool = pooled(reference, window)
    in_window = np.arange(pool.n) >= reference.n
    strata = None if compared.mix else site_strata(pool)
    if strata is not None:
        is_known = np.isin(strata, strata[~in_window])
        pool, in_window, strata = pool.take(np.flatnonzero(is_known)), in_window[is_known], strata[is_known]
    return WindowSummary(
        name=name,
        rates=rates(window, seed=rule.seed),
        distance=_distance(reference, window, rule.seed),
        verdict=judge(watched_figures(pool, in_window, compared), in_window, rule, strata=strata),
    )


def watched_figures(
    pool: WatchedVectors, in_window: npt.NDArray[np.bool_], compared: Compared
) -> dict[str, Statistic]:
    """The figures that the alarm watches: those that both sides of the pool can tell."""
    figures = score_figures(pool.score) if compared.scores else {}
    flagged, is_scored = pool.is_flagged, pool.is_scored
    if pool.has_cut and is_scored.any():
        figures["flag rate"] = share_figure(flagged, is_scored)
        for name, label in (("sensitivity", 1), ("specificity", 0)):
            asked = is_scored & (pool.label == label)
            if asked[in_window].any() and asked[~in_window].any():
                figures[name] = share_figure(flagged == label, asked)
    if compared.refusals and not is_scored.all():
        figures["refusal rate"] = share_figure(~is_scored, np.ones(pool.n, np.bool_))
        figures["refusal codes"] = mix_figure(pool.code)
    return figures | (mix_figures(pool.groups) if compared.mix else {})


def _rate(
    is_so: npt.NDArray[np.bool_], asked: npt.NDArray[np.bool_], films: WatchedVectors, *, absent: str
) -> Estimate:
    n = int(asked.sum())
    if n == 0 or not films.has_cut:
        why = absent if films.has_cut or not n else "no threshold is known"
        return Estimate(None, None, None, n=n, why=why)
    return wilson(int((is_so & asked).sum()), n)


def _distance(reference: WatchedVectors, window: WatchedVectors, seed: int) -> Distance:
    ours, theirs = window.scored, reference.scored
    shift = median_shift(theirs, ours, rng=np.random.default_rng(seed + SEED_STEP))
    if not (ours.size and theirs.size):
        return Distance(shift, None, None, None)
    return Distance(shift, stability_index(theirs, ours), ks_distance(theirs, ours), ks_p_value(theirs, ours))
