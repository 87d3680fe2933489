"""Whether a probability means what it says, and the two numbers that make it so.

Trap: the expected calibration error is biased upwards in small tables, for chance alone moves every bin;
its interval is therefore that of the draws, moved by the bias that the draws show.
Sources: Brier 1950; Naeini 2015 (AAAI) for the expected calibration error; Platt 1999 and Lin, Lin, and Weng
2007 (Machine Learning 68:267) for the fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hilum.evaluation.binned import N_BINS, BinnedFilms, Sums, bin_numbers, less_bias
from hilum.evaluation.intervals import Resampling, logit_ends, unless_alike, wilson
from hilum.evaluation.vectors import Codes, Scores, Truth, as_scores, as_truth
from hilum.records import Estimate

MAX_STEPS = 100  # of Newton's method; it takes under ten
SMALLEST_STEP = 1e-10


@dataclass(frozen=True, slots=True)
class Bin:
    """The films whose probability lies in one tenth of 0..1."""

    low: float
    high: float
    mean_probability: float
    observed: Estimate  # share of positives, Wilson


def brier(truth: npt.ArrayLike, probability: npt.ArrayLike, *, codes: Codes | None = None) -> Estimate:
    """The mean squared error of the probability; a normal interval, over patients by `codes`.

    Raises:
        ValueError: a probability lies outside 0..1.
    """
    labels = as_truth(truth)
    errors = (as_probability(probability, like=labels) - labels) ** 2
    n, n_positive = labels.size, int(labels.sum())
    if n == 0:
        return Estimate(None, None, None, n=0, n_positive=0, why="no film")
    value = float(errors.mean())
    sums = errors - value if codes is None else np.bincount(codes, weights=errors - value)
    if sums.size < 2:
        why = "no interval: it needs at least 2 patients"
        return Estimate(value, None, None, n=n, n_positive=n_positive, why=why)
    spread = float(np.sqrt(sums.size / (sums.size - 1) * (sums**2).sum())) / n
    method = "normal on log odds" if codes is None else "normal on log odds, by patient"
    low, high = logit_ends(value, spread) if spread and 0 < value < 1 else (value, value)
    return unless_alike(Estimate(value, low, high, n=n, n_positive=n_positive, method=method))


def ece(
    truth: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    n_bins: int = N_BINS,
    resampling: Resampling | None = None,
) -> Estimate:
    """The expected calibration error: the mean gap between probability and share of positives, by bin.

    Args:
        resampling: gives the interval; without it there is none.

    Raises:
        ValueError: a probability lies outside 0..1.
    """
    labels = as_truth(truth)
    chances = as_probability(probability, like=labels)
    n, n_positive = labels.size, int(labels.sum())
    if n == 0:
        return Estimate(None, None, None, n=0, n_positive=0, why="no film")
    table = BinnedFilms.of_films(labels, chances, n_bins)
    value = float(errors_of(table.sums()))
    plain = Estimate(value, None, None, n=n, n_positive=n_positive)
    if resampling is None:
        return plain
    return less_bias(plain, errors_of(table.draws(resampling)), unit=resampling.unit)


def errors_of(sums: Sums) -> Scores:
    """Expected calibration errors (...,) from sums by bin (..., bins, 5)."""
    films, said, was = np.moveaxis(sums[..., :3], -1, 0)
    return np.asarray(np.abs(said - was).sum(axis=-1) / films.sum(axis=-1), np.float64)


def reliability(truth: npt.ArrayLike, probability: npt.ArrayLike, *, n_bins: int = N_BINS) -> list[Bin]:
    """Mean probability and share of positives in each bin that holds a film."""
    labels = as_truth(truth)
    chances = as_probability(probability, like=labels)
    bins = bin_numbers(chances, n_bins)
    found = []
    for number in np.unique(bins):
        inside = bins == number
        observed = wilson(int(labels[inside].sum()), int(inside.sum()))
        found.append(
            Bin(
                low=number / n_bins,
                high=(number + 1) / n_bins,
                mean_probability=float(chances[inside].mean()),
                observed=replace(observed, n_positive=int(labels[inside].sum())),
            )
        )
    return found


def fit_platt(truth: npt.ArrayLike, logit: npt.ArrayLike) -> tuple[float, float]:
    """Slope and intercept such that sigmoid(slope * logit + intercept) is calibrated.

    Targets are (positives + 1) / (positives + 2) and 1 / (negatives + 2) in place of 1 and 0 (Platt), so that
    the fit is finite even where the logits separate the classes.

    Raises:
        ValueError: a class is missing: one kind of film says nothing of the other.
    """
    labels = as_truth(truth)
    logits = as_scores(logit, like=labels)
    n_positive, n_negative = int(labels.sum()), int((~labels).sum())
    if n_positive == 0 or n_negative == 0:
        raise ValueError("a calibration needs films of both labels")
    target = np.where(labels, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    largest = float(np.abs(logits).max()) or 1.0
    centre = float((logits / largest).mean())
    scale = float((logits / largest).std())
    if scale < 1e-12:  # one logit for all: only the share of positives is known
        share = float(target.mean())
        return 0.0, float(np.log(share / (1 - share)))
    slope, intercept = fit_logistic((logits / largest - centre) / scale, target)
    return slope / scale / largest, intercept - slope * centre / scale


def fit_logistic(z: Scores, target: Scores) -> tuple[float, float]:
    """The slope a and intercept b of least cross-entropy of sigmoid(a z + b): Newton, halving a bad step."""
    weights = np.array([0.0, np.log(target.mean() / (1 - target.mean()))])
    design = np.stack([z, np.ones_like(z)], axis=1)  # (N, 2)
    loss = _cross_entropy(design @ weights, target)
    for _ in range(MAX_STEPS):
        chance = sigmoid(design @ weights)
        gradient = design.T @ (chance - target)
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + 1e-12 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > SMALLEST_STEP and _cross_entropy(design @ (weights - size * step), target) > loss:
            size /= 2
        weights = weights - size * step
        loss = _cross_entropy(design @ weights, target)
        if np.abs(size * step).max() < SMALLEST_STEP:
            break
    return float(weights[0]), float(weights[1])


def _cross_entropy(logits: Scores, target: Scores) -> float:
    return float((np.logaddexp(0.0, logits) - target * logits).sum())


def sigmoid(logits: Scores) -> Scores:
    """The logistic function of log odds (N,)."""
    shrunk = np.exp(-np.abs(logits))  # never overflows
    return np.where(logits >= 0, 1 / (1 + shrunk), shrunk / (1 + shrunk))


def as_probability(probability: npt.ArrayLike, *, like: Truth) -> Scores:
    """Probabilities (N,), one for each label of `like`.

    Raises:
        ValueError: one lies outside 0..1.
    """
    chances = as_scores(probability, like=like)
    if chances.size and (chances.min() < 0 or chances.max() > 1):
        raise ValueError("a probability must lie in 0..1")
    return chances
