"""What acting on the score is worth, over how readily one would act: net benefit and the decision curve.

At a threshold probability t a programme would confirm 1 / t people to find one case, so a false alarm costs
t / (1 - t) of a case found. Net benefit = cases found per person - false alarms per person * t / (1 - t).
Trap: it needs calibrated probabilities, and a table with more cases than the clinic has needs the clinic's
prevalence; without one the curve is of these films.
Sources: Vickers and Elkin 2006 (Med Decis Making 26:565); Vickers 2008 (BMC Med Inform Decis Mak 8:53) for
the stated prevalence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    films = _Films.of_labels(labels, codes, share, is_stated=prevalence is not None)
    points = [NetBenefit(float(cut), films.worth(chances >= cut, cut), films.treat_all(cut)) for cut in cuts]
    return DecisionCurve(share, prevalence is not None, tuple(points))


@dataclass(frozen=True, slots=True)
class _Films:
    """The labels and what a film of each counts for at the prevalence; P patients."""

    labels: Truth  # (N,)
    patients: Codes  # (N,)
    positives: Scores  # (P,) films with the finding
    negatives: Scores  # (P,)
    of_positive: float  # weight of a film with the finding: 1 where nothing is stated
    of_negative: float
    is_stated: bool
    method: str

    @classmethod
    def of_labels(cls, labels: Truth, codes: Codes | None, share: float, *, is_stated: bool) -> _Films:
        patients = np.arange(labels.size) if codes is None else codes
        of_table = float(labels.mean())
        return cls(
            labels=labels,
            patients=patients,
            positives=np.asarray(np.bincount(patients, weights=labels), np.float64),
            negatives=np.asarray(np.bincount(patients, weights=~labels), np.float64),
            of_positive=share / of_table,
            of_negative=(1 - share) / (1 - of_table),
            is_stated=is_stated,
            method="normal" if codes is None else "normal, by patient",
        )

    def worth(self, flags: npt.NDArray[np.bool_], cut: float) -> Estimate:
        """The net benefit of flags."""
        return self._net(self._counted(flags & self.labels), self._counted(flags & ~self.labels), cut)

    def treat_all(self, cut: float) -> Estimate:
        """The net benefit of flagging all; at a stated prevalence nothing in it is measured."""
        found = self._net(self.positives, self.negatives, cut)
        if not self.is_stated:
            return found
        return replace(
            found, low=None, high=None, method="", why="no interval: it follows from the prevalence"
        )

    def _counted(self, chosen: npt.NDArray[np.bool_]) -> Scores:
        return np.bincount(self.patients[chosen], minlength=self.positives.size).astype(np.float64)

    def _net(self, hits: Scores, alarms: Scores, cut: float) -> Estimate:
        """The net benefit of hits and false alarms by patient (P,), and the spread of patients about it."""
        n, n_positive = self.labels.size, int(self.labels.sum())
        cost = self.of_negative * cut / (1 - cut)
        found, wrong = self.of_positive * hits.sum() / n, cost * alarms.sum() / n
        value = float(found - wrong)
        plain = Estimate(value, None, None, n=n, n_positive=n_positive)
        if hits.size < 2:
            return replace(plain, why="no interval: it needs at least 2 patients")
        pulls = self.of_positive * hits - cost * alarms
        if self.is_stated:  # the shares within each label alone vary
            pulls -= found * n / n_positive * self.positives - wrong * n / (n - n_positive) * self.negatives
        else:
            pulls -= value * (self.positives + self.negatives)
        half = normal_quantile() * float(np.sqrt(hits.size / (hits.size - 1) * (pulls @ pulls))) / n
        return unless_alike(replace(plain, low=value - half, high=value + half, method=self.method))
