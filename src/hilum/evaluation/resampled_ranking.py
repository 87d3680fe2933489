"""What chance does to a ranking: AUC, partial AUC, average precision, and curves in samples of patients.

All figures are read off one pass over the samples, because drawing is most of the work.
Trap: a curve's points are between two cuts; they are the straight line between the two, as in pROC's `ci.se`.
Sources: Field and Welsh 2007 (JRSS B 69:369) for resampling clusters.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from hilum.evaluation.discrimination import Floats, auroc, missing_class, rank_films
from hilum.evaluation.intervals import (
    N_DRAWS,
    Draws,
    Resampling,
    draw_patients,
    from_draws,
    newcombe_auc,
)
from hilum.evaluation.vectors import Codes, Scores, Truth, as_scores, as_truth, cluster_codes, count_patients
from hilum.records import Estimate

NOTHING: Floats = np.empty(0)
ROUNDING = 1e-12  # 0.7 * 10 is 7.000000000000001, and a step must not be missed by that


@dataclass(frozen=True, slots=True)
class CurvePoints:
    """Where each sample's curves are read off; each of rates in 0..1."""

    false_positive_rates: Floats = field(default_factory=lambda: NOTHING)  # (F,) -> sensitivity
    recalls: Floats = field(default_factory=lambda: NOTHING)  # (R,), above 0 -> precision
    sensitivities: Floats = field(default_factory=lambda: NOTHING)  # (S,) -> specificity
    most_false_positives: float = 1.0  # the partial AUC is over false-positive rates from 0 to here


@dataclass(frozen=True, slots=True)
class RankingDraws:
    """The figures of each of B samples; NaN where a sample lacked a class."""

    auroc: Draws  # (B,)
    partial_area: Draws  # (B,)
    average_precision: Draws  # (B,)
    sensitivity: Draws  # (B, F)
    precision: Draws  # (B, R)
    specificity: Draws  # (B, S)


@dataclass(frozen=True, slots=True)
class StepCurve:
    """Films flagged as the cut falls, by label: at each of G cuts, and up to it."""

    positives: Floats  # (G,)
    negatives: Floats
    hits: Floats  # (G,) cumulated
    alarms: Floats

    @classmethod
    def of_counts(cls, positives: Floats, negatives: Floats) -> StepCurve:
        return cls(positives, negatives, np.cumsum(positives), np.cumsum(negatives))

    def area(self) -> float:
        """The AUC."""
        pairs = self.negatives @ self.hits - self.negatives @ self.positives / 2
        return float(pairs / (self.hits[-1] * self.alarms[-1]))

    def partial_area(self, rate: float) -> float:
        """The area under the ROC curve over false-positive rates from 0 to `rate`."""
        wanted = rate * self.alarms[-1]
        at = int(np.searchsorted(self.alarms, wanted, side="right"))  # cuts up to here lie wholly inside
        pairs = self.negatives[:at] @ self.hits[:at] - self.negatives[:at] @ self.positives[:at] / 2
        if at < self.alarms.size:
            begun_at, reached = (self.alarms[at - 1], self.hits[at - 1]) if at else (0.0, 0.0)
            width = wanted - begun_at
            pairs += width * (reached + width * self.positives[at] / self.negatives[at] / 2)
        return float(pairs / (self.hits[-1] * self.alarms[-1]))

    def average_precision(self) -> float:
        flagged = self.hits + self.alarms
        share = self.hits / np.maximum(flagged, 1)  # nobody flagged: no positive there either
        return float(self.positives @ share / self.hits[-1])

    def sensitivity_at(self, rates: Floats) -> Floats:
        """The ROC curve's height at false-positive rates; where it rises upright, its upper end."""
        wanted = np.minimum(rates * (1 + ROUNDING), 1) * self.alarms[-1]
        height = np.interp(wanted, self.alarms, self.hits)
        before = wanted < self.alarms[0]  # on the line from the corner to the first cut
        if before.any():
            height[before] = wanted[before] * self.hits[0] / self.alarms[0]
        return np.asarray(height / self.hits[-1], np.float64)

    def specificity_at(self, sensitivities: Floats) -> Floats:
        """The highest specificity on the ROC curve at sensitivities."""
        wanted = sensitivities * self.hits[-1]
        at = self._first_to_reach(sensitivities)
        back = (self.hits[at] - wanted) / np.maximum(self.positives[at], 1e-300)  # share of the cut's line
        alarms = self.alarms[at] - np.clip(back, 0, 1) * self.negatives[at]
        return np.asarray(1 - alarms / self.alarms[-1], np.float64)

    def precision_at(self, recalls: Floats) -> Floats:
        """The precision at the first cut that reaches each recall."""
        at = self._first_to_reach(recalls)
        return np.asarray(self.hits[at] / (self.hits[at] + self.alarms[at]), np.float64)

    def _first_to_reach(self, sensitivities: Floats) -> Codes:
        wanted = sensitivities * self.hits[-1] * (1 - ROUNDING)
        at = np.searchsorted(self.hits, wanted, side="left")
        return np.asarray(np.minimum(at, self.hits.size - 1), np.int64)


def bootstrap_ranking(
    truth: Truth, score: Scores, resampling: Resampling, *, points: CurvePoints | None = None
) -> RankingDraws:
    """The figures of the ranking in samples of patients."""
    points = points or CurvePoints()
    ranking = rank_films(truth, score)
    codes, n_draws = resampling.codes[ranking.order], resampling.n_draws
    sizes = (points.false_positive_rates.size, points.recalls.size, points.sensitivities.size)
    areas, partial, average = (np.full(n_draws, np.nan) for _ in range(3))
    heights, precisions, specificities = (np.full((n_draws, size), np.nan) for size in sizes)
    for draw in range(n_draws):
        curve = StepCurve.of_counts(*ranking.counts(draw_patients(codes, rng=resampling.rng)))
        if not curve.hits[-1] or not curve.alarms[-1]:
            continue
        areas[draw] = curve.area()
        partial[draw] = curve.partial_area(points.most_false_positives)
        average[draw] = curve.average_precision()
        heights[draw] = curve.sensitivity_at(points.false_positive_rates)
        precisions[draw] = curve.precision_at(points.recalls)
        specificities[draw] = curve.specificity_at(points.sensitivities)
    return RankingDraws(areas, partial, average, heights, precisions, specificities)


def auroc_clustered(
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    patient: Iterable[Hashable | None],
    *,
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> Estimate:
    """The area under the ROC curve with the percentile interval over resampled patients.

    Args:
        patient: whose film each is; None is a patient of its own.
    """
    labels = as_truth(truth)
    scores, codes = as_scores(score, like=labels), cluster_codes(patient)
    if codes.size != labels.size:
        raise ValueError(f"{labels.size} labels but {codes.size} patients")
    if missing_class(int(labels.sum()), int((~labels).sum())) is not None:
        return auroc(labels, scores)
    resampling = Resampling(codes, np.random.default_rng(seed), n_draws)
    draws = bootstrap_ranking(labels, scores, resampling)
    return clustered_auroc_from(labels, scores, codes=codes, draws=draws.auroc)


def clustered_auroc_from(truth: Truth, score: Scores, *, codes: Codes, draws: Draws) -> Estimate:
    """The AUC with the interval of draws already made; Newcombe's over patients where they were all alike."""
    plain = replace(auroc(truth, score), low=None, high=None, method="", why="")
    of_positives, of_negatives = count_patients(codes[truth]), count_patients(codes[~truth])
    if plain.value is None:
        return auroc(truth, score)
    if min(of_positives, of_negatives) < 2:
        return replace(plain, why="no interval: it needs at least 2 patients with films of each label")
    estimate = from_draws(plain, draws)
    if estimate.low is None or estimate.low != estimate.high:
        return estimate
    wide = newcombe_auc(plain.value, of_positives, of_negatives)
    return replace(plain, low=wide.low, high=wide.high, method="Newcombe over patients (all draws alike)")
