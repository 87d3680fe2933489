"""How well a score ranks films with the finding above films without: AUC, ROC, precision and recall.

Everything rests on one sort (`rank_films`) and counts per distinct score, so ties weigh half and a million
films take a second. A film is flagged where its score is at or above the cut.
Trap: DeLong's interval takes films as independent; where patients have several films use `auroc_clustered`.
Sources: DeLong 1988 (Biometrics 44:837); Sun and Xu 2014 (IEEE SPL 21:1389) for the fast form; Field and
Welsh 2007 (JRSS B 69:369) for resampling clusters.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hilum.evaluation.intervals import (
    CONFIDENCE,
    N_DRAWS,
    Draws,
    Resampling,
    draw_patients,
    from_draws,
    newcombe_auc,
    normal_quantile,
)
from hilum.evaluation.vectors import Codes, Scores, Truth, as_scores, as_truth, cluster_codes
from hilum.records import Estimate

Floats = npt.NDArray[np.float64]
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


@dataclass(frozen=True, slots=True)
class RankingDraws:
    """AUC, average precision, and ROC curves of bootstrap samples; NaN where a sample lacked a class."""

    auroc: Draws  # (B,)
    average_precision: Draws  # (B,)
    sensitivity: Draws  # (B, len(grid))


def rank_films(truth: Truth, score: Scores) -> Ranking:
    """Sort films by falling score and find the ties."""
    order = np.argsort(-score, kind="stable")
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
    missing = _missing_class(n_positive, n_negative)
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
    if _missing_class(int(labels.sum()), int((~labels).sum())) is not None:
        return auroc(labels, scores)
    resampling = Resampling(codes, np.random.default_rng(seed), n_draws)
    draws = bootstrap_ranking(labels, scores, resampling)
    return clustered_auroc_from(labels, scores, codes=codes, draws=draws.auroc)


def clustered_auroc_from(truth: Truth, score: Scores, *, codes: Codes, draws: Draws) -> Estimate:
    """The AUC with the interval of draws already made; Newcombe's over patients where they were all alike."""
    plain = replace(auroc(truth, score), low=None, high=None, method="", why="")
    of_positives, of_negatives = np.unique(codes[truth]).size, np.unique(codes[~truth]).size
    if plain.value is None:
        return auroc(truth, score)
    if min(of_positives, of_negatives) < 2:
        return replace(plain, why="no interval: it needs at least 2 patients with films of each label")
    estimate = from_draws(plain, draws)
    if estimate.low is None or estimate.low != estimate.high:
        return estimate
    wide = newcombe_auc(plain.value, of_positives, of_negatives)
    return replace(plain, low=wide.low, high=wide.high, method="Newcombe over patients (all draws alike)")


def average_precision(truth: npt.ArrayLike, score: npt.ArrayLike) -> Estimate:
    """The step area under precision and recall, as scikit-learn has it; `from_draws` gives the interval."""
    labels = as_truth(truth)
    ranking = rank_films(labels, as_scores(score, like=labels))
    n_positive = int(labels.sum())
    if n_positive == 0:
        return Estimate(None, None, None, n=labels.size, n_positive=0, why="no positive film")
    value = _average_precision(*ranking.counts())
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


def bootstrap_ranking(
    truth: Truth, score: Scores, resampling: Resampling, *, grid: Floats | None = None
) -> RankingDraws:
    """AUC, average precision, and sensitivity over `grid` of false-positive rates, in samples of patients."""
    ranking = rank_films(truth, score)
    codes, n_draws = resampling.codes[ranking.order], resampling.n_draws
    rates = np.empty(0) if grid is None else grid
    areas, precisions = np.full(n_draws, np.nan), np.full(n_draws, np.nan)
    curves = np.full((n_draws, rates.size), np.nan)
    for draw in range(n_draws):
        positives, negatives = ranking.counts(draw_patients(codes, rng=resampling.rng))
        if not positives.any() or not negatives.any():
            continue
        areas[draw], _ = delong(positives, negatives)
        precisions[draw] = _average_precision(positives, negatives)
        if rates.size:
            curves[draw] = _sensitivity_at(rates, positives, negatives)
    return RankingDraws(areas, precisions, curves)


def _average_precision(positives: Floats, negatives: Floats) -> float:
    flagged = np.cumsum(positives + negatives)
    precision = np.cumsum(positives) / np.maximum(flagged, 1)  # nobody flagged: no positive there either
    return float((positives * precision).sum() / positives.sum())


def _sensitivity_at(rates: Floats, positives: Floats, negatives: Floats) -> Floats:
    fall = np.r_[0.0, np.cumsum(negatives) / negatives.sum()]
    return np.interp(rates, fall, np.r_[0.0, np.cumsum(positives) / positives.sum()])


def _missing_class(n_positive: int, n_negative: int) -> Estimate | None:
    n = n_positive + n_negative
    if n_positive and n_negative:
        return None
    why = "no film" if n == 0 else "no positive film" if n_positive == 0 else "no negative film"
    return Estimate(None, None, None, n=n, n_positive=n_positive, why=why)
