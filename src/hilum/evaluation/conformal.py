"""How sure a probability is: the labels that cannot be ruled out at a chosen error rate.

A film's set is {abnormal}, {normal}, or both; "both" means that a person must read it. Each label has its own
limit, so that the promise holds for sick and healthy films alike, whatever the share of sick ones.
Trap: the promise holds on average over films like those that set the limits; at another hospital it must be
set again, which twenty films of each label begin to allow.
Sources: Vovk, Gammerman, and Shafer 2005 (label-conditional conformal prediction); Sadinle, Lei, and
Wasserman 2019 (JASA 114:223).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hilum.evaluation.intervals import wilson
from hilum.evaluation.vectors import Codes, Scores, Truth, as_scores, as_truth
from hilum.records import Certainty, CertaintyLimits, Estimate

ROUNDING = 1e-9  # of a film: 0.1 * 30 is 3.0000000000000004


@dataclass(frozen=True, slots=True)
class ConformalCoverage:
    """How often the true label was not ruled out, and how often a person must read."""

    of_positives: Estimate  # share of sick films that are not called normal
    of_negatives: Estimate  # share of healthy films that are not called abnormal
    both: Estimate  # share of all films left open


def conformal_limits(
    truth: npt.ArrayLike, probability: npt.ArrayLike, *, error_rate: float
) -> CertaintyLimits:
    """The limits from films with known labels; None where there are too few to rule the label out anywhere.

    Of n sick films the k-th lowest probability is the limit, k = floor(error_rate (n + 1)): a new sick film
    falls below it with a chance of error_rate at most. Fewer than 1 / error_rate - 1 films allow no limit.

    Args:
        truth: (N,) labels of 0 and 1.
        probability: (N,), any scale that rises with suspicion.
        error_rate: above 0, below 1.

    Raises:
        ValueError: an error rate out of range, or arrays that do not fit.
    """
    if not 0 < error_rate < 1:
        raise ValueError(f"an error rate must be above 0 and below 1, not {error_rate}")
    labels = as_truth(truth)
    scores = as_scores(probability, like=labels)
    sick, healthy = np.sort(scores[labels]), np.sort(scores[~labels])[::-1]
    return CertaintyLimits(
        error_rate, sick.size, healthy.size, _limit(sick, error_rate), _limit(healthy, error_rate)
    )


def _limit(extreme_first: Scores, error_rate: float) -> float | None:
    place = int(error_rate * (extreme_first.size + 1) + ROUNDING)
    return None if place == 0 else float(extreme_first[place - 1])


def certainties(limits: CertaintyLimits, probability: npt.ArrayLike) -> list[Certainty]:
    """`CertaintyLimits.certainty` of each film (N,)."""
    return [limits.certainty(float(one)) for one in np.asarray(probability, np.float64)]


def cross_fitted_certainties(
    truth: npt.ArrayLike, probability: npt.ArrayLike, fold: Codes, *, error_rate: float
) -> list[Certainty]:
    """Each fold's films judged by limits that the other folds set, so that no film sets its own."""
    labels = as_truth(truth)
    scores = as_scores(probability, like=labels)
    found: dict[int, Certainty] = {}
    for number in np.unique(fold):
        inside = fold == number
        limits = conformal_limits(labels[~inside], scores[~inside], error_rate=error_rate)
        found |= zip(np.flatnonzero(inside).tolist(), certainties(limits, scores[inside]), strict=True)
    return [found[place] for place in range(labels.size)]


def conformal_coverage(truth: npt.ArrayLike, found: list[Certainty]) -> ConformalCoverage:
    """Coverage of each label with Wilson's intervals, and the share of films left open.

    Args:
        found: a certainty for each film (N,), from limits that other films set.
    """
    labels: Truth = as_truth(truth)
    named = np.array([one.value for one in found])
    n_positive = int(labels.sum())
    kept_sick = int((named[labels] != Certainty.NORMAL).sum())
    kept_healthy = int((named[~labels] != Certainty.ABNORMAL).sum())
    left_open = wilson(int((named == Certainty.BOTH).sum()), labels.size)
    return ConformalCoverage(
        of_positives=replace(wilson(kept_sick, n_positive), n_positive=n_positive),
        of_negatives=replace(wilson(kept_healthy, labels.size - n_positive), n_positive=0),
        both=replace(left_open, n_positive=n_positive),
    )
