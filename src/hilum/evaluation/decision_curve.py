"""What acting on the score is worth, over how readily one would act: net benefit and the decision curve.

At a threshold probability t a programme would confirm 1 / t people to find one case, so a false alarm costs
t / (1 - t) of a case found. Net benefit = cases found per person - false alarms per person * t / (1 - t).
Trap: it needs calibrated probabilities, and a table with more cases than the clinic has needs the clinic's
prevalence; without one the curve is of these films.
Sources: Vickers and Elkin 2006 (Med Decis Making 26:565); Vickers 2008 (BMC Med Inform Decis Mak 8:53) for
the stated prevalence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.evaluation.calibration import as_probability
from hilum.evaluation.intervals import normal_quantile, unless_alike
from hilum.evaluation.vectors import Codes, Scores, Truth, as_truth
from hilum.records import Estimate

THRESHOLDS = tuple(round(0.01 * step, 2) for step in range(1, 100))


@dataclass(frozen=True, slots=True)
class NetBenefit:
    """At one threshold probability; treating none is worth 0 everywhere."""

    threshold: float
    model: Estimate  # cases found per person less the weighted false alarms
    treat_all: Estimate

    def as_json(self) -> dict[str, Any]:
        sides = {"model": self.model.as_json(), "treat_all": self.treat_all.as_json()}
        return {"threshold": self.threshold, **sides, "treat_none": 0.0}


@dataclass(frozen=True, slots=True)
class DecisionCurve:
    """Net benefit over thresholds; without points where it cannot be had, and why."""

    prevalence: float | None  # that the curve is at
    is_stated: bool  # False: the share of positives of these films
    points: tuple[NetBenefit, ...]
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        points = [point.as_json() for point in self.points]
        return {
            "prevalence": self.prevalence,
            "is_stated": self.is_stated,
            "points": points,
            "why": self.why,
        }


def decision_curve(
    truth: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    prevalence: float | None = None,
    thresholds: npt.ArrayLike = THRESHOLDS,
    codes: Codes | None = None,
) -> DecisionCurve:
    """Net benefit at each threshold with pointwise normal intervals, over patients by `codes`.

    Args:
        prevalence: to weigh the labels to, between 0 and 1; without one the curve is of these films.
        thresholds: each between 0 and 1.

    Raises:
        ValueError: a probability, a threshold, or the prevalence is out of range.
    """
    labels = as_truth(truth)
    chances = as_probability(probability, like=labels)
    cuts = np.asarray(thresholds, np.float64)
    if cuts.size and not (cuts.min() > 0 and cuts.max() < 1):
        raise ValueError("a threshold probability must lie between 0 and 1")
    if prevalence is not None and not 0 < prevalence < 1:
        raise ValueError(f"a prevalence must lie between 0 and 1, not {prevalence}")
    if not labels.any() or labels.all():
        why = "no film" if labels.size == 0 else "all films have the same label"
        return DecisionCurve(prevalence, prevalence is not None, (), why)
    share = float(labels.mean()) if prevalence is None else prevalence
    films = _Films(labels, codes, share, is_stated=prevalence is not None)
    points = [
        NetBenefit(float(cut), films.worth(chances >= cut, cut), films.worth(None, cut)) for cut in cuts
    ]
    return DecisionCurve(share, prevalence is not None, tuple(points))


@dataclass(frozen=True, slots=True)
class _Films:
    labels: Truth
    codes: Codes | None
    prevalence: float
    is_stated: bool

    def worth(self, flags: npt.NDArray[np.bool_] | None, cut: float) -> Estimate:
        """The net benefit of flags, or of flagging all where None."""
        weight = cut / (1 - cut)
        hits = self.labels if flags is None else self.labels & flags
        alarms = ~self.labels if flags is None else ~self.labels & flags
        n, n_positive = self.labels.size, int(self.labels.sum())
        found, wrong = hits.sum() / n_positive, alarms.sum() / (n - n_positive)
        value = float(self.prevalence * found - (1 - self.prevalence) * weight * wrong)
        if self.is_stated and flags is None:  # nothing is measured
            return Estimate(
                value, None, None, n, n_positive, why="no interval: it follows from the prevalence"
            )
        if self.is_stated:
            pulls = self.prevalence * (hits - found * self.labels) * (n / n_positive)
            pulls = pulls - (1 - self.prevalence) * weight * (alarms - wrong * ~self.labels) * n / (
                n - n_positive
            )
        else:
            pulls = hits - weight * alarms - value
        return self._with_interval(value, pulls)

    def _with_interval(self, value: float, pulls: Scores) -> Estimate:
        """A normal interval from what each film moves the figure by: (N,), of mean 0."""
        n, n_positive = self.labels.size, int(self.labels.sum())
        sums = pulls if self.codes is None else np.bincount(self.codes, weights=pulls)
        if sums.size < 2:
            why = "no interval: it needs at least 2 patients"
            return Estimate(value, None, None, n, n_positive, why=why)
        half = normal_quantile() * float(np.sqrt(sums.size / (sums.size - 1) * (sums @ sums))) / n
        method = "normal" if self.codes is None else "normal, by patient"
        return unless_alike(Estimate(value, value - half, value + half, n, n_positive, method))
