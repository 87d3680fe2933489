"""The choice of one threshold from a sample, by a rule that says what it promises.

A patient counts once, by the lowest score among the positive films, so that the promise covers all of them.
Where films stand for different numbers of people, positives are kept with a chance in proportion (rejection
sampling), so that what is left is a plain sample of the population, for which the promise holds. The largest
weight is that of all films, as the positives of the rarest kind may by chance be missing from a small sample.
Trap: sensitivity on the films that chose the threshold is too high; the cross-fitted figure beside it is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hilum.evaluation.binomial import exact_lower_bound
from hilum.evaluation.calibration_films import CalibrationFilms
from hilum.evaluation.guarantee import (
    lowest_but,
    misses_allowed,
    misses_allowed_on_average,
    positives_needed,
    positives_needed_on_average,
)
from hilum.evaluation.intervals import wilson
from hilum.evaluation.local_fit import local_threshold
from hilum.evaluation.operating_points import cross_fitted
from hilum.evaluation.vectors import Codes, Scores, Truth
from hilum.records import Estimate

Rule = Literal["confidence", "average", "home"]
N_FOLDS = 10


@dataclass(frozen=True, slots=True)
class Goal:
    """What the threshold must do."""

    sensitivity: float  # above 0, below 1
    confidence: float  # above 0, below 1; of the rule "confidence" alone
    rule: Rule = "confidence"
    home_positives: tuple[float, ...] = ()  # scores, for the rule "home"


@dataclass(frozen=True, slots=True)
class Positives:
    """Who the choice rests on: one score a patient."""

    score: Scores  # (n,)
    places: Codes  # (n,) which film each is
    n_films: int
    n_patients: int  # before weights thinned them

    @property
    def n(self) -> int:
        return int(self.score.size)

    @property
    def is_thinned(self) -> bool:
        return self.n < self.n_patients


@dataclass(frozen=True, slots=True)
class Chosen:
    """A threshold and what is known of its sensitivity, counted in patients."""

    threshold: float
    n: int  # positives it rests on
    n_allowed: int | None  # that may score below it by the rule; None for the rule "home"
    n_missed: int  # that do; fewer where scores are tied
    bound: float | None  # the sensitivity that holds with the goal's confidence; None for the rule "home"

    def as_json(self) -> dict[str, Any]:
        return {"threshold": self.threshold, "n_positives": self.n, "n_misses_allowed": self.n_allowed,
                "n_missed": self.n_missed, "lower_bound": self.bound}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TooFew:
    """No threshold: the sample cannot carry the promise."""

    n: int
    n_needed: int

    def as_json(self) -> dict[str, Any]:
        return {"n_positives": self.n, "n_positives_needed": self.n_needed}


def calibration_positives(films: CalibrationFilms, *, seed: int) -> Positives:
    """One film for each positive patient, thinned by weight where there are weights."""
    places = np.flatnonzero(films.truth)
    by_score = places[np.argsort(films.score[places], kind="stable")]
    _, first = np.unique(films.codes[by_score], return_index=True)
    lowest = np.sort(by_score[first])
    kept = lowest
    if films.weight is not None:
        chance = films.weight[lowest] / films.weight.max()
        kept = lowest[np.random.default_rng(seed).random(lowest.size) < chance]
    return Positives(films.score[kept], kept, n_films=places.size, n_patients=lowest.size)


def choose(positives: Positives, goal: Goal) -> Chosen | TooFew:
    """The highest threshold that the rule allows."""
    threshold = _threshold(positives.score, goal)
    if threshold is None:
        return TooFew(positives.n, needed_by(goal))
    n_missed = int((positives.score < threshold).sum())
    allowed = _allowed(positives.n, goal)  # fixed before the scores are seen, as the bound needs it
    bound = (
        None if allowed is None else exact_lower_bound(positives.n - allowed, positives.n, goal.confidence)
    )
    return Chosen(threshold, positives.n, allowed, n_missed, bound)


def needed_by(goal: Goal) -> int:
    """The fewest positives with which the rule gives a threshold."""
    if goal.rule == "average":
        return positives_needed_on_average(sensitivity=goal.sensitivity)
    return positives_needed(sensitivity=goal.sensitivity, confidence=goal.confidence)


def cross_fitted_rates(
    films: CalibrationFilms, positives: Positives, goal: Goal, *, seed: int
) -> tuple[Estimate, Estimate]:
    """Sensitivity (of patients) and specificity where each tenth is cut as the other nine choose.

    The other nine have fewer positives, so their thresholds are a little lower than the one in use.
    """
    chosen = np.concatenate([positives.places, np.flatnonzero(~films.truth)])
    truth = films.truth[chosen]
    n_folds = min(N_FOLDS, positives.n)
    none = Estimate(None, None, None, n=positives.n, n_positive=positives.n)
    if n_folds < 2:
        why = "no cross-fit: one positive cannot be parted"
        return replace(none, why=why), replace(none, n=int((~truth).sum()), n_positive=0, why=why)
    fold = _folds(films.codes[chosen], truth, n_folds=n_folds, seed=seed)
    try:
        flags = cross_fitted(truth, films.score[chosen], fold, choose=partial(_choice, goal=goal))
    except ValueError as error:
        why = f"no cross-fit: {error}"
        return replace(none, why=why), replace(none, n=int((~truth).sum()), n_positive=0, why=why)
    found = wilson(int(flags[truth].sum()), positives.n)
    all_flags = np.zeros(films.n, dtype=np.bool_)
    all_flags[chosen] = flags
    specificity = films.share(all_flags, label=False)
    return replace(found, n_positive=positives.n), specificity


def _choice(truth: Truth, score: Scores, *, goal: Goal) -> float:
    threshold = _threshold(score[truth], goal)
    if threshold is None:
        raise ValueError(f"without a tenth of them, {int(truth.sum())} positives are too few")
    return threshold


def _threshold(score: Scores, goal: Goal) -> float | None:
    if goal.rule == "home":
        labels = np.ones(score.size, dtype=np.bool_)
        return local_threshold(goal.home_positives, labels, score, sensitivity=goal.sensitivity)
    allowed = _allowed(score.size, goal)
    return None if allowed is None else lowest_but(score, allowed)


def _allowed(n: int, goal: Goal) -> int | None:
    rules: dict[Rule, Callable[[], int | None]] = {
        "confidence": lambda: misses_allowed(n, sensitivity=goal.sensitivity, confidence=goal.confidence),
        "average": lambda: misses_allowed_on_average(n, sensitivity=goal.sensitivity),
        "home": lambda: None,
    }
    return rules[goal.rule]()


def _folds(codes: Codes, truth: Truth, *, n_folds: int, seed: int) -> npt.NDArray[np.int64]:
    """(M,) the fold of each film: patients dealt out in turn, those with a positive film first."""
    patients, places = np.unique(codes, return_inverse=True)
    is_sick = np.bincount(places, weights=truth) > 0
    shuffled = np.random.default_rng(seed).permutation(patients.size)
    dealt = shuffled[np.argsort(~is_sick[shuffled], kind="stable")]
    fold_of = np.empty(patients.size, dtype=np.int64)
    fold_of[dealt] = np.arange(patients.size) % n_folds
    return fold_of[places]
