"""How well a score ranks films with the finding above films without: AUC, ROC, precision and recall.

Everything rests on one sort (`rank_films`) and counts per distinct score, so ties weigh half and a million
films take a second. A film is flagged where its score is at or above the cut.
Trap: DeLong's interval takes films as independent; where patients have several films use
`resampled_ranking.auroc_clustered` or `obuchowski.auroc_by_patient`.
Sources: DeLong 1988 (Biometrics 44:837); Sun and Xu 2014 (IEEE SPL 21:1389) for the fast form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.evaluation.intervals import CONFIDENCE, newcombe_auc, normal_quantile
from hilum.evaluation.vectors import Scores, Truth, as_scores, as_truth
from hilum.records import Estimate

Floats = npt.NDArray[np.float64]
FEWEST_FOR_DELONG = 25  # films of a label; with fewer its interval covers less than 92 %: docs/statistics.md
NO_SPREAD = 1e-15  # a DeLong variance below this is rounding: every placement is the same


@dataclass(frozen=True, slots=True)
class Ranking:
    """Films from the highest score down, and where each run of equal scores begins."""

    order: npt.NDArray[np.intp]  # (N,) film numbers
    truth: Truth  # (N,) in that order
    starts: npt.NDArray[np.intp]  # (G,) first place of each distinct score
    cuts: Scores  # (G,) the distinct scores, falling

    def counts(self, weights: Floats | None = None) -> tuple[Floats, Floats]:
        """Positives and negatives at each distinct score: two (G,).

        Args:
            weights: (N,) how often each film counts, in the order of the ranking.
        """
        ones = np.ones(self.truth.size) if weights is None else weights
        hits = ones * self.truth
        if self.starts.size == ones.size:  # no ties
            return hits, ones - hits
        positives = np.add.reduceat(hits, self.starts)
        return positives, np.add.reduceat(ones, self.starts) - positives


@dataclass(frozen=True, slots=True)
class RocCurve:
    """Sensitivity against false-positive rate as the cut falls; the first point flags nobody (cut inf)."""

    cuts: Scores  # (G + 1,)
    sensitivity: Floats
    false_positive_rate: Floats


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """Precision against recall (sensitivity) as the cut falls."""

    cuts: Scores  # (G,)
    precision: Floats
    recall: Floats


def rank_films(truth: Truth, score: Scores) -> Ranking:
    """Sort films by falling score and find the ties."""
    is_sorted = bool((score[1:] <= score[:-1]).all())  # as a part of ranked films is
    order = np.arange(score.size) if is_sorted else np.argsort(-score, kind="stable")
    ranked = score[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]][: ranked.size])
    return Ranking(order=order, truth=truth[order], starts=starts, cuts=ranked[starts])


def auroc(truth: npt.ArrayLike, score: npt.ArrayLike, *, confidence: float = CONFIDENCE) -> Estimate:
    """The area under the ROC curve with DeLong's interval, clipped to 0..1.

    The chance that a film with the finding scores above one without, ties counting half.
    Where DeLong's variance is nought (perfect ranking, or one score for all) the interval is Newcombe's.
    """
    labels = as_truth(truth)
    ranking = rank_films(labels, as_scores(score, like=labels))
    n_positive, n_negative = int(labels.sum()), int((~labels).sum())
    missing = missing_class(n_positive, n_negative)
    if missing is not None:
        return missing
    value, variance = delong(*ranking.counts())
    if variance is None:
        why = "no interval: it needs at least 2 films of each label"
        return Estimate(value, None, None, n=labels.size, n_positive=n_positive, why=why)
    if variance < NO_SPREAD:
        return newcombe_auc(value, n_positive, n_negative, confidence)
    half = normal_quantile(confidence) * float(np.sqrt(variance))
    low, high = max(0.0, value - half), min(1.0, value + half)
    return Estimate(value, low, high, n=labels.size, n_positive=n_positive, method="DeLong")


def delong(positives: Floats, negatives: Floats) -> tuple[float, float | None]:
    """AUC and its variance from the counts at each distinct score, from the highest down.

    The variance is None where a class has a single film. At a score, the placement of a positive is the share
    of negatives below (half of the ties), that of a negative the share of positives above.
    """
    n_positive, n_negative = positives.sum(), negatives.sum()
    below = (n_negative - np.cumsum(negatives) + negatives / 2) / n_negative
    above = (np.cumsum(positives) - positives / 2) / n_positive
    value = float((positives * below).sum() / n_positive)
    if min(n_positive, n_negative) < 2:
        return value, None
    of_positives = (positives * (below - value) ** 2).sum() / (n_positive - 1)
    of_negatives = (negatives * (above - value) ** 2).sum() / (n_negative - 1)
    return value, float(of_positives / n_positive + of_negatives / n_negative)


def average_precision(truth: npt.ArrayLike, score: npt.ArrayLike) -> Estimate:
    """The step area under precision and recall, as scikit-learn has it; `from_draws` gives the interval."""
    labels = as_truth(truth)
    ranking = rank_films(labels, as_scores(score, like=labels))
    n_positive = int(labels.sum())
    if n_positive == 0:
        return Estimate(None, None, None, n=labels.size, n_positive=0, why="no positive film")
    value = step_precision(*ranking.counts())
    return Estimate(value, None, None, n=labels.size, n_positive=n_positive)


def roc_curve(truth: npt.ArrayLike, score: npt.ArrayLike) -> RocCurve:
    """The ROC curve, a point for each distinct score.

    Raises:
        ValueError: a class is missing, so that one of the rates does not exist.
    """
    labels = as_truth(truth)
    ranking = rank_films(labels, as_scores(score, like=labels))
    positives, negatives = ranking.counts()
    if not labels.any() or labels.all():
        raise ValueError("a ROC curve needs films of both labels")
    return RocCurve(
        cuts=np.r_[np.inf, ranking.cuts],
        sensitivity=np.r_[0.0, np.cumsum(positives) / positives.sum()],
        false_positive_rate=np.r_[0.0, np.cumsum(negatives) / negatives.sum()],
    )


def precision_recall_curve(truth: npt.ArrayLike, score: npt.ArrayLike) -> PrecisionRecall:
    """Precision and recall, a point for each distinct score.

    Raises:
        ValueError: no film is positive, so that recall does not exist.
    """
    labels = as_truth(truth)
    ranking = rank_films(labels, as_scores(score, like=labels))
    if not labels.any():
        raise ValueError("precision and recall need a positive film")
    positives, negatives = ranking.counts()
    hits = np.cumsum(positives)
    precision = hits / (hits + np.cumsum(negatives))
    return PrecisionRecall(cuts=ranking.cuts, precision=precision, recall=hits / hits[-1])


def step_precision(positives: Floats, negatives: Floats) -> float:
    """Average precision from the counts at each distinct score, from the highest down."""
    flagged = np.cumsum(positives + negatives)
    precision = np.cumsum(positives) / np.maximum(flagged, 1)  # nobody flagged: no positive there either
    return float((positives * precision).sum() / positives.sum())


def missing_class(n_positive: int, n_negative: int) -> Estimate | None:
    """The empty estimate that says which label is missing; None where neither is."""
    n = n_positive + n_negative
    if n_positive and n_negative:
        return None
    why = "no film" if n == 0 else "no positive film" if n_positive == 0 else "no negative film"
    return Estimate(None, None, None, n=n, n_positive=n_positive, why=why)
