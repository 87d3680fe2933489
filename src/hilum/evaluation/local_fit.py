"""A threshold and a probability for another hospital, from a few labelled films of it.

At another hospital scores lie higher or lower as a whole, so the home threshold finds too few or flags too
many. A few local films tell by how much: each is compared with the home films of its own label, and the
home threshold moves by their mean difference, shrunk towards none as in any normal model with a prior
(Gelman et al. 2013, Bayesian Data Analysis, 2.5). Comparing within labels leaves the mix of sick and healthy
among the local films out of it. Trap: this keeps the home sensitivity where scores are merely moved; it gives
no guarantee, and ten films cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.evaluation.calibration import ece
from hilum.evaluation.vectors import Scores, Truth, as_scores, as_truth

PRIOR_SPREAD = 1.0  # log odds between hospitals, a standard deviation; assumed
MAX_NEWTON_STEPS = 50


@dataclass(frozen=True, slots=True)
class Home:
    """The films that the threshold comes from, by label, in log odds."""

    mean_positive: float
    mean_negative: float
    spread: float  # standard deviation within a label
    threshold: float  # log odds at or above which a film is flagged


@dataclass(frozen=True, slots=True)
class Drawn:
    """Means over random draws of local films, with the 5th and 95th percentile of the draws."""

    n_local: int
    n_draws: int
    sensitivity: tuple[float, float, float]
    specificity: tuple[float, float, float]
    calibration_error: tuple[float, float, float]
    share_reaching_goal: float  # of the draws with a sensitivity of 0.90 or more on the other films


def home_films(truth: npt.ArrayLike, logit: npt.ArrayLike, *, threshold: float) -> Home:
    """What a local film is compared with.

    Args:
        truth: (N,) labels of the home films.
        logit: (N,) their log odds after calibration.
        threshold: of the home operating point, in log odds.

    Raises:
        ValueError: a label is missing.
    """
    labels = as_truth(truth)
    logits = as_scores(logit, like=labels)
    if not labels.any() or labels.all():
        raise ValueError("home films of both labels are needed")
    positive, negative = logits[labels], logits[~labels]
    spread = float(np.sqrt((positive.var() * positive.size + negative.var() * negative.size) / labels.size))
    return Home(float(positive.mean()), float(negative.mean()), spread, threshold)


def local_threshold(home: Home, truth: npt.ArrayLike, logit: npt.ArrayLike) -> float:
    """The home threshold, in log odds, moved by what the local films show; no films move it by nothing."""
    labels = as_truth(truth)
    logits = as_scores(logit, like=labels)
    expected = np.where(labels, home.mean_positive, home.mean_negative)
    doubt = (home.spread / PRIOR_SPREAD) ** 2  # in films
    return home.threshold + float((logits - expected).sum() / (labels.size + doubt))


def local_intercept(truth: npt.ArrayLike, logit: npt.ArrayLike) -> float:
    """What to add to the log odds so that they are probabilities here, with the same prior.

    The maximum a posteriori intercept of a logistic model of slope 1. It holds the local share of sick
    people, so the local films must be a fair sample of those that will be read.
    """
    labels = as_truth(truth)
    logits = as_scores(logit, like=labels)
    added = 0.0
    for _ in range(MAX_NEWTON_STEPS):
        chance = _probability(logits + added)
        slope = float((labels - chance).sum()) - added / PRIOR_SPREAD**2
        step = slope / (float((chance * (1 - chance)).sum()) + 1 / PRIOR_SPREAD**2)
        added += step
        if abs(step) < 1e-9:
            break
    return added


def draw_local_fits(
    home: Home,
    truth: npt.ArrayLike,
    logit: npt.ArrayLike,
    *,
    sizes: Sequence[int],
    n_draws: int = 200,
    seed: int = 0,
) -> list[Drawn]:
    """Fit on `n` random local films and judge on the rest, again and again, for each size.

    Raises:
        ValueError: a size leaves no films of a label to judge on in some draw.
    """
    labels = as_truth(truth)
    logits = as_scores(logit, like=labels)
    rng = np.random.default_rng(seed)
    found = []
    for size in sizes:
        draws = np.array([_judged(home, labels, logits, rng.permutation(labels.size), size)
                          for _ in range(n_draws if size else 1)])  # fmt: skip
        found.append(
            Drawn(
                n_local=size,
                n_draws=len(draws),
                sensitivity=_mean_and_range(draws[:, 0]),
                specificity=_mean_and_range(draws[:, 1]),
                calibration_error=_mean_and_range(draws[:, 2]),
                share_reaching_goal=float((draws[:, 0] >= 0.9).mean()),
            )
        )
    return found


def _judged(
    home: Home, labels: Truth, logits: Scores, order: npt.NDArray[np.int64], size: int
) -> tuple[float, float, float]:
    """Sensitivity, specificity, and calibration error on the films that the fit did not see."""
    seen, rest = order[:size], order[size:]
    truth, left = labels[rest], logits[rest]
    if not truth.any() or truth.all():
        raise ValueError(f"{size} local films leave no films of both labels to judge on")
    flagged = left >= local_threshold(home, labels[seen], logits[seen])
    error = ece(truth, _probability(left + local_intercept(labels[seen], logits[seen]))).value
    return float(flagged[truth].mean()), float((~flagged[~truth]).mean()), float(error or 0.0)


def _mean_and_range(values: Scores) -> tuple[float, float, float]:
    low, high = np.quantile(values, [0.05, 0.95])
    return float(values.mean()), float(low), float(high)


def _probability(logits: Scores) -> Scores:
    half: Scores = 0.5 * (1 + np.tanh(0.5 * logits))
    return half
