"""Whether probabilities are too high, too low, too bold, or too timid: the calibration line.

The labels are regressed on the log odds of the probability. The slope is 1 where the score is neither too
bold (below 1) nor too timid (above); the calibration in the large is the intercept with the slope held at 1,
in log odds, 0 where the mean is right, above 0 where the probabilities are too low.
Trap: a probability of exactly 0 or 1 has no log odds and is moved to `EDGE` from the end; `n_moved` says how
many were. Where the scores part the labels wholly, no slope is the best, so none is given.
Sources: Cox 1958 (Biometrika 45:562); Van Calster 2016 (J Clin Epidemiol 74:167).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.evaluation.calibration import as_probability, fit_logistic, sigmoid
from hilum.evaluation.intervals import normal_quantile
from hilum.evaluation.vectors import Codes, Scores, Truth, as_truth
from hilum.records import Estimate

EDGE = 1e-6  # the nearest to 0 and to 1 that a probability is taken at
MOST_STEPS = 100
LEAST_STEP = 1e-12


@dataclass(frozen=True, slots=True)
class CalibrationLine:
    """The three numbers of the line, in log odds."""

    slope: Estimate
    intercept: Estimate  # beside the fitted slope
    in_the_large: Estimate  # with the slope held at 1
    n_moved: int  # probabilities of 0 or 1, taken at EDGE from it

    def as_json(self) -> dict[str, Any]:
        lines = {name: getattr(self, name).as_json() for name in ("slope", "intercept", "in_the_large")}
        return {**lines, "n_moved": self.n_moved}


def calibration_line(
    truth: npt.ArrayLike, probability: npt.ArrayLike, *, codes: Codes | None = None
) -> CalibrationLine:
    """Slope, intercept, and calibration in the large, with Wald's intervals, over patients by `codes`.

    Raises:
        ValueError: a probability lies outside 0..1.
    """
    labels = as_truth(truth)
    chances = as_probability(probability, like=labels)
    kept = np.clip(chances, EDGE, 1 - EDGE)
    logits = np.log(kept) - np.log1p(-kept)
    n_moved = int(((chances == 0) | (chances == 1)).sum())
    why = _why_none(labels, logits)
    if why:
        none = Estimate(None, None, None, n=labels.size, n_positive=int(labels.sum()), why=why)
        in_the_large = none if labels.all() or not labels.any() else _in_the_large(labels, logits, codes)
        return CalibrationLine(none, none, in_the_large, n_moved)
    slope, intercept = _line(labels, logits, codes)
    return CalibrationLine(slope, intercept, _in_the_large(labels, logits, codes), n_moved)


def _why_none(labels: Truth, logits: Scores) -> str:
    if not labels.any() or labels.all():
        return "no film" if labels.size == 0 else "all films have the same label"
    if logits.min() == logits.max():
        return "all probabilities are the same"
    sick, well = logits[labels], logits[~labels]
    if sick.min() >= well.max() or sick.max() <= well.min():
        return "the scores part the labels wholly, so the slope has no bound"
    return ""


def _line(labels: Truth, logits: Scores, codes: Codes | None) -> tuple[Estimate, Estimate]:
    centre, scale = float(logits.mean()), float(logits.std())
    slope, intercept = fit_logistic((logits - centre) / scale, labels.astype(np.float64))
    slope, intercept = slope / scale, intercept - slope * centre / scale
    design = np.stack([logits, np.ones_like(logits)], axis=1)  # (N, 2)
    spread = np.sqrt(np.diag(_covariance(design, labels, slope * logits + intercept, codes)))
    return _wald(slope, spread[0], labels, codes), _wald(intercept, spread[1], labels, codes)


def _in_the_large(labels: Truth, logits: Scores, codes: Codes | None) -> Estimate:
    """The root of the sum of gaps, which falls as the intercept rises."""
    low, high = -logits.max() - 40.0, -logits.min() + 40.0
    intercept = 0.0
    for _ in range(MOST_STEPS):
        chance = sigmoid(logits + intercept)
        gap = float((labels - chance).sum())
        low, high = (intercept, high) if gap > 0 else (low, intercept)
        bend = float((chance * (1 - chance)).sum())
        step = gap / bend if bend > 0 else np.inf
        inside = low < intercept + step < high
        wanted = intercept + step if inside else (low + high) / 2
        intercept, moved = float(wanted), abs(wanted - intercept)
        if moved < LEAST_STEP:
            break
    design = np.ones((labels.size, 1))
    units = (
        np.arange(labels.size) if codes is None else codes
    )  # the slope of 1 may be wrong: always a sandwich
    variance = _covariance(design, labels, logits + intercept, units)[0, 0]
    return _wald(intercept, float(np.sqrt(variance)), labels, codes)


def _covariance(design: Scores, labels: Truth, fitted: Scores, codes: Codes | None) -> Scores:
    """The inverse information; where patients repeat, the sandwich over patients around it."""
    chance = sigmoid(fitted)
    inverse = np.linalg.inv((design * (chance * (1 - chance))[:, None]).T @ design)
    if codes is None:
        return np.asarray(inverse, np.float64)
    gaps = design * (labels - chance)[:, None]
    sums = np.stack([np.bincount(codes, weights=column) for column in gaps.T], axis=1)
    n = max(len(sums), 2)
    return np.asarray(inverse @ (sums.T @ sums) @ inverse * n / (n - 1), np.float64)


def _wald(value: float, spread: float, labels: Truth, codes: Codes | None) -> Estimate:
    half = normal_quantile() * float(spread)
    method = "Wald" if codes is None else "Wald, by patient"
    n_positive = int(labels.sum())
    return Estimate(value, value - half, value + half, n=labels.size, n_positive=n_positive, method=method)
