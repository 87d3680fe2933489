"""Cuts on a score: a film is flagged where its score is at or above the cut.

Trap: a cut chosen on the films it is reported on looks better than it is; `cross_fitted` tests each fold at
the cut that the other folds chose, and a report says which of the two it shows.
Sources: Youden 1950 (Cancer 3:32); WHO 2014, target product profile of a triage test: sensitivity of 0.90.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hilum.evaluation.confusion import Flags, Performance, performance
from hilum.evaluation.discrimination import Floats, rank_films
from hilum.evaluation.intervals import Resampling
from hilum.evaluation.vectors import Codes, Scores, Truth, as_scores, as_truth

WHO_SENSITIVITY = 0.90
ROUNDING = 1e-9  # of a film: 0.7 * 10 is 7.000000000000001


def youden_threshold(truth: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """The cut that maximises sensitivity + specificity - 1.

    Ties go to the lowest cut: in screening a missed case costs more than a recall.

    Raises:
        ValueError: a class is missing.
    """
    cuts, hits, alarms = _counts_at_cuts(truth, score)
    gain = hits * alarms[-1] - alarms * hits[-1]  # in whole numbers, so that a tie is a tie
    return float(cuts[np.flatnonzero(gain == gain.max())[-1]])


def threshold_for_sensitivity(truth: npt.ArrayLike, score: npt.ArrayLike, sensitivity: float) -> float:
    """The cut of the highest specificity among those that reach the sensitivity; ties go to the lowest cut.

    Args:
        sensitivity: above 0, up to 1.

    Raises:
        ValueError: a class is missing, or the sensitivity is out of range.
    """
    if not 0 < sensitivity <= 1:
        raise ValueError(f"a sensitivity must be above 0 and up to 1, not {sensitivity}")
    cuts, hits, alarms = _counts_at_cuts(truth, score)
    first = np.flatnonzero(hits >= sensitivity * hits[-1] - ROUNDING)[0]
    return float(cuts[np.flatnonzero(alarms == alarms[first])[-1]])


def at_threshold(
    truth: npt.ArrayLike, score: npt.ArrayLike, threshold: float, *, resampling: Resampling | None = None
) -> Performance:
    """What a cut does, with Wilson's intervals, or by patient where a resampling is given."""
    labels = as_truth(truth)
    return performance(labels, as_scores(score, like=labels) >= threshold, resampling)


def cross_fitted(
    truth: Truth, score: Scores, fold: Codes, *, choose: Callable[[Truth, Scores], float]
) -> Flags:
    """Flags (N,) where each fold is cut where `choose(truth, score)` puts the cut on the other folds.

    Raises:
        ValueError: the films outside a fold lack a class.
    """
    flags = np.zeros(truth.size, dtype=np.bool_)
    for number in np.unique(fold):
        inside = fold == number
        flags[inside] = score[inside] >= choose(truth[~inside], score[~inside])
    return flags


def _counts_at_cuts(truth: npt.ArrayLike, score: npt.ArrayLike) -> tuple[Scores, Floats, Floats]:
    """The distinct scores, falling, and how many positives and negatives each flags as a cut."""
    labels = as_truth(truth)
    scores = as_scores(score, like=labels)
    if not labels.any() or labels.all():
        raise ValueError("a cut cannot be chosen without films of both labels")
    ranking = rank_films(labels, scores)
    positives, negatives = ranking.counts()
    return ranking.cuts, np.cumsum(positives), np.cumsum(negatives)
