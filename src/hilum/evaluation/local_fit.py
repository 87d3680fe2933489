"""A threshold and a probability for another hospital, from a few labelled films of it.

At another hospital the scores of the sick lie elsewhere than at home, so the home threshold flags too many or
finds too few. The cut that reaches a sensitivity is a quantile of the scores of the sick; here it is taken
from a mixture of the home sick and the local sick, as the posterior mean of a Dirichlet process does whose
prior is the home hospital (Ferguson 1973, Annals of Statistics 1:209): home counts as `CONCENTRATION` films,
each local one as itself. The healthy have no say in it. Trap: it aims at the sensitivity and gives no
guarantee; a few films cannot. (Moving the home threshold by the mean difference of the sick was tried first:
elsewhere they are not only moved but spread, and it lost five points of sensitivity in India.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.evaluation.calibration import ece, sigmoid
from hilum.evaluation.operating_points import WHO_SENSITIVITY
from hilum.evaluation.vectors import Codes, Scores, Truth, as_scores, as_truth

CONCENTRATION = 10.0  # films; what the home hospital counts for; assumed
PRIOR_SPREAD = 1.0  # log odds between hospitals, a standard deviation; assumed
MAX_NEWTON_STEPS = 50

Choice = Callable[[Truth, Scores], float]  # from local labels and log odds to a cut


@dataclass(frozen=True, slots=True)
class Drawn:
    """Means over random draws of local films, with the 5th and 95th percentile of the draws."""

    n_local: int
    n_draws: int
    sensitivity: tuple[float, float, float]
    specificity: tuple[float, float, float]
    calibration_error: tuple[float, float, float]
    share_reaching_goal: float  # of the draws that reach the sensitivity on the other films


def local_threshold(
    home_sick: npt.ArrayLike, truth: npt.ArrayLike, logit: npt.ArrayLike, *, sensitivity: float
) -> float:
    """The highest cut, in log odds, that reaches the sensitivity among home and local sick, weighted.

    Args:
        home_sick: (M,) log odds of the home films with the finding.
        truth: (N,) labels of the local films.
        logit: (N,) their log odds.
        sensitivity: to aim at, above 0, up to 1.

    Raises:
        ValueError: no home film, or the sensitivity is out of range.
    """
    if not 0 < sensitivity <= 1:
        raise ValueError(f"a sensitivity must be above 0 and up to 1, not {sensitivity}")
    home = np.asarray(home_sick, np.float64)
    if home.size == 0:
        raise ValueError("home films with the finding are needed")
    labels = as_truth(truth)
    local = as_scores(logit, like=labels)[labels]
    cuts = np.concatenate([home, local])
    weights = np.concatenate([np.full(home.size, CONCENTRATION / home.size), np.ones(local.size)])
    order = np.argsort(cuts)[::-1]
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(cuts[order][np.flatnonzero(reached >= sensitivity - 1e-9)[0]])


def local_intercept(truth: npt.ArrayLike, logit: npt.ArrayLike) -> float:
    """What to add to the log odds so that they are probabilities here, with a normal prior
    of `PRIOR_SPREAD`.

    The maximum a posteriori intercept of a logistic model of slope 1. It holds the local share of sick
    people, so the local films must be a fair sample of those that will be read.
    """
    labels = as_truth(truth)
    logits = as_scores(logit, like=labels)
    added = 0.0
    for _ in range(MAX_NEWTON_STEPS):
        chance = sigmoid(logits + added)
        slope = float((labels - chance).sum()) - added / PRIOR_SPREAD**2
        step = slope / (float((chance * (1 - chance)).sum()) + 1 / PRIOR_SPREAD**2)
        added += step
        if abs(step) < 1e-9:
            break
    return added


def draw_local_fits(
    choose: Choice,
    truth: npt.ArrayLike,
    logit: npt.ArrayLike,
    *,
    sizes: Sequence[int],
    n_draws: int = 200,
    seed: int = 0,
) -> list[Drawn]:
    """Fit on some random local films and judge on others, again and again, for each size.

    All sizes are judged on the same films of a draw, those beyond the largest size: the calibration error of
    fewer films is larger by chance alone, and would be held against the larger fit.

    Args:
        choose: from local labels and log odds to a cut, as `local_threshold` for some home films.

    Raises:
        ValueError: the largest size leaves no films of a label to judge on in some draw.
    """
    labels = as_truth(truth)
    logits = as_scores(logit, like=labels)
    found = []
    for size in sizes:
        rng = np.random.default_rng(seed)  # the same draws for every size
        orders = [rng.permutation(labels.size) for _ in range(n_draws)]
        draws = np.array(
            [_judged(choose, labels, logits, seen=order[:size], rest=order[max(sizes) :]) for order in orders]
        )
        found.append(
            Drawn(
                n_local=size,
                n_draws=len(draws),
                sensitivity=_mean_and_range(draws[:, 0]),
                specificity=_mean_and_range(draws[:, 1]),
                calibration_error=_mean_and_range(draws[:, 2]),
                share_reaching_goal=float((draws[:, 0] >= WHO_SENSITIVITY).mean()),
            )
        )
    return found


def _judged(
    choose: Choice, labels: Truth, logits: Scores, *, seen: Codes, rest: Codes
) -> tuple[float, float, float]:
    """Sensitivity, specificity, and calibration error on the films that no fit saw."""
    truth, left = labels[rest], logits[rest]
    if not truth.any() or truth.all():
        raise ValueError(f"{labels.size - rest.size} local films leave no films of both labels to judge on")
    flagged = left >= choose(labels[seen], logits[seen])
    error = ece(truth, sigmoid(left + local_intercept(labels[seen], logits[seen]))).value
    return float(flagged[truth].mean()), float((~flagged[~truth]).mean()), float(error or 0.0)


def _mean_and_range(values: Scores) -> tuple[float, float, float]:
    low, high = np.quantile(values, [0.05, 0.95])
    return float(values.mean()), float(low), float(high)
