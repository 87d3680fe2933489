"""Two scores of the same films compared: the difference of their AUCs, with its interval by patient.

Trap: two overlapping intervals do not show that two AUCs are alike; the films are the same, so the scores err
together, and only the difference's own interval tells.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hilum.evaluation.discrimination import Ranking, delong, rank_films
from hilum.evaluation.intervals import (
    N_DRAWS,
    Draws,
    draw_patients,
    from_draws,
    newcombe_auc,
    squared_and_added,
)
from hilum.evaluation.vectors import Codes, as_scores, as_truth, cluster_codes
from hilum.records import Estimate


def auroc_difference(
    truth: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    patient: Sequence[Hashable | None],
    *,
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> Estimate:
    """The AUC of `first` less that of `second`, with the percentile interval over resampled patients.

    Args:
        truth: (N,) of 0 and 1.
        first: (N,) scores.
        second: (N,) scores of the same films.
        patient: whose film each is; None is a patient of its own.
    """
    labels, codes = as_truth(truth), cluster_codes(patient)
    rankings = [rank_films(labels, as_scores(score, like=labels)) for score in (first, second)]
    n, n_positive = labels.size, int(labels.sum())
    if n_positive in (0, n):
        return Estimate(None, None, None, n, n_positive, why="all films have the same label")
    values = [weighted_auroc(ranking, np.ones(n)) for ranking in rankings]
    draws = np.empty(n_draws)
    rng = np.random.default_rng(seed)
    for draw in range(n_draws):
        weights = draw_patients(codes, rng=rng)
        draws[draw] = weighted_auroc(rankings[0], weights) - weighted_auroc(rankings[1], weights)
    found = from_draws(Estimate(values[0] - values[1], None, None, n, n_positive), draws)
    if found.low is None or found.low != found.high:
        return found
    n_patients = [np.unique(codes[part]).size for part in (labels, ~labels)]
    wide = [newcombe_auc(value, *n_patients) for value in values]
    low, high = squared_and_added(*wide)
    return replace(found, low=low, high=high, method="Newcombe over patients (all draws alike)")


def mean_auroc(
    rankings: Sequence[Ranking], codes: Sequence[Codes], *, n_draws: int = N_DRAWS, seed: int = 0
) -> tuple[list[float], Draws]:
    """The AUC of each ranking, and the mean of them in samples of the patients of all: (n_draws,).

    Args:
        rankings: of films that may recur from one to the next.
        codes: for each ranking, the patient (N,) of each film in the order that was ranked, numbered alike.
    """
    rng, everyone = np.random.default_rng(seed), np.arange(1 + max(int(each.max()) for each in codes))
    draws = np.empty(n_draws)
    for draw in range(n_draws):
        times = draw_patients(everyone, rng=rng)
        pairs = zip(rankings, codes, strict=True)
        draws[draw] = np.mean([weighted_auroc(ranking, times[each]) for ranking, each in pairs])
    return [weighted_auroc(ranking, np.ones(ranking.order.size)) for ranking in rankings], draws


def weighted_auroc(ranking: Ranking, weights: Draws) -> float:
    """The AUC where each film counts as often as its weight; NaN where a label has none.

    Args:
        weights: (N,), in the order of the films, not of the ranking.
    """
    positives, negatives = ranking.counts(weights[ranking.order])
    if not positives.any() or not negatives.any():
        return float("nan")
    return delong(positives, negatives)[0]


def fold_aurocs(
    truth: npt.NDArray[np.int64], scores: npt.NDArray[np.float64], folds: npt.NDArray[np.int64]
) -> tuple[float | None, ...]:
    """The AUC inside each fold, in the folds' order; None where a fold has one label only."""
    values = []
    for fold in np.unique(folds):
        labels = as_truth(truth[folds == fold])
        value = weighted_auroc(rank_films(labels, scores[folds == fold]), np.ones(labels.size))
        values.append(None if np.isnan(value) else value)
    return tuple(values)
