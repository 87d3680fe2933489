"""The cuts that an evaluation reports, and what each does: given ones, and ones chosen on the films.

Trap: a cut chosen on the films it is reported on looks better than it is; its `source` says so, and where the
table has folds `cross_fitted` has the fair figure beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from hilum.evaluation.confusion import Performance, performance
from hilum.evaluation.labelled import LabelledFilms
from hilum.evaluation.operating_points import (
    WHO_SENSITIVITY,
    at_threshold,
    cross_fitted,
    threshold_for_sensitivity,
    youden_threshold,
)
from hilum.evaluation.predictive_values import PredictiveValues, predictive_values
from hilum.evaluation.vectors import Scores, Truth

OPTIMISTIC = "optimistic: chosen on these films"
GIVEN = "given"

Choice = Callable[[Truth, Scores], float]


@dataclass(frozen=True, slots=True)
class CutSettings:
    """Which cuts to report."""

    thresholds: tuple[float, ...]  # on the score's own scale
    named_thresholds: tuple[tuple[str, float], ...]  # of operating points that have names
    sensitivities: tuple[float, ...]  # to choose cuts for
    prevalence: float | None  # for predictive values; None: none


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A cut, where it came from, and what it does on these films."""

    name: str
    threshold: float
    source: str  # GIVEN or OPTIMISTIC
    performance: Performance
    cross_fitted: Performance | None = None  # each fold cut as the other folds chose: not optimistic
    predictive: PredictiveValues | None = None  # at the prevalence that was stated

    def as_json(self) -> dict[str, Any]:
        fair = self.cross_fitted.as_json() if self.cross_fitted else None
        head = {"name": self.name, "threshold": self.threshold, "source": self.source}
        stated = self.predictive.as_json() if self.predictive else None
        return {**head, **self.performance.as_json(), "cross_fitted": fair, "at_prevalence": stated}


def measure_operating_points(films: LabelledFilms, settings: CutSettings) -> list[OperatingPoint]:
    """The given cuts, then those chosen on these films, which need both labels."""
    named = {f"threshold {cut:.15g}": cut for cut in settings.thresholds} | dict(settings.named_thresholds)
    points = [OperatingPoint(name, cut, GIVEN, _at(films, cut)) for name, cut in named.items()]
    if 0 < films.n_positive < films.n:
        points += [_chosen(films, name, choose) for name, choose in _choices(settings).items()]
    if settings.prevalence is None:
        return points
    return [
        replace(point, predictive=predictive_values(point.performance, settings.prevalence))
        for point in points
    ]


def _choices(settings: CutSettings) -> dict[str, Choice]:
    wanted = dict.fromkeys(settings.sensitivities)
    by_sensitivity = {_name(least): partial(_reach, sensitivity=least) for least in wanted}
    return {"Youden": youden_threshold, **by_sensitivity}


def _name(sensitivity: float) -> str:
    who = " (WHO)" if sensitivity == WHO_SENSITIVITY else ""
    return f"sensitivity >= {max(f'{sensitivity:.2f}', f'{sensitivity:g}', key=len)}{who}"


def _reach(truth: Truth, score: Scores, *, sensitivity: float) -> float:
    return threshold_for_sensitivity(truth, score, sensitivity)


def _chosen(films: LabelledFilms, name: str, choose: Choice) -> OperatingPoint:
    cut = choose(films.truth, films.score)
    return OperatingPoint(name, cut, OPTIMISTIC, _at(films, cut), _cross_fitted(films, choose))


def _at(films: LabelledFilms, cut: float) -> Performance:
    return at_threshold(films.truth, films.score, cut, resampling=films.clustered())


def _cross_fitted(films: LabelledFilms, choose: Choice) -> Performance | None:
    """None where a film has no fold, there is one fold, or the films outside a fold lack a label."""
    folds = [row.fold for row in films.rows if row.fold is not None]
    if len(folds) < films.n or len(set(folds)) < 2:
        return None
    fold = np.array(folds, dtype=np.int64)
    outside = [films.truth[fold != number] for number in set(folds)]
    if any(not labels.any() or labels.all() for labels in outside):
        return None
    return performance(
        films.truth, cross_fitted(films.truth, films.score, fold, choose=choose), films.clustered()
    )
