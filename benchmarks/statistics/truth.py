"""The figures that simulated films truly have, by quadrature: nothing here calls the code under test.

Log scores are normal with spread 1, `SHIFT` higher with the finding; the score is a probability made too
bold. Trap: it is off on purpose, or the calibration error would be 0, where no interval of a figure that
cannot be below 0 can be right.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, sqrt

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SHIFT = 1.5  # between the two labels, in standard deviations: an AUC of 0.856
BOLDNESS = 1.5  # the score's log odds over the true ones: a calibration slope of 2 / 3
CUT = 0.75  # half way, on the log score
N_BINS = 10
GRID = np.linspace(-12, 14, 2_000_001)


@dataclass(frozen=True, slots=True)
class Truth:
    """What an interval should hold."""

    auroc: float
    partial_auroc: float  # standardised, specificity of at least 0.7
    sensitivity: float
    specificity: float
    positive_likelihood_ratio: float
    negative_likelihood_ratio: float
    brier: float
    expected_calibration_error: float
    calibration_slope: float
    calibration_in_the_large: float
    net_benefit: float  # at a threshold of 0.2
    positive_predictive_value: float  # at a prevalence of 0.05
    negative_predictive_value: float


def normal_tail(x: float) -> float:
    """The share of a unit normal above x."""
    return (1 - erf(x / sqrt(2))) / 2


def true_log_odds(log_score: Floats, prevalence: float) -> Floats:
    """Of the finding, by Bayes' rule."""
    return SHIFT * log_score - SHIFT**2 / 2 + np.log(prevalence / (1 - prevalence))


def probability(log_score: Floats, prevalence: float) -> Floats:
    """The score: too bold a probability."""
    return 1 / (1 + np.exp(-BOLDNESS * true_log_odds(log_score, prevalence)))


def truth_at(prevalence: float) -> Truth:
    """The figures of films of which the share `prevalence` has the finding."""
    well = np.exp(-(GRID**2) / 2) / sqrt(2 * np.pi)
    sick = np.exp(-((GRID - SHIFT) ** 2) / 2) / sqrt(2 * np.pi)
    step = GRID[1] - GRID[0]
    mass_sick, mass_well = prevalence * sick * step, (1 - prevalence) * well * step
    said = probability(GRID, prevalence)
    bins = np.minimum((said * N_BINS).astype(int), N_BINS - 1)
    gaps = np.bincount(bins, weights=said * (mass_sick + mass_well) - mass_sick, minlength=N_BINS)
    sensitivity, specificity = normal_tail(CUT - SHIFT), 1 - normal_tail(CUT)
    odds = 0.05 / 0.95
    flagged = said >= 0.2
    return Truth(
        auroc=1 - normal_tail(SHIFT / sqrt(2)),
        partial_auroc=_partial(sick, well, step),
        sensitivity=sensitivity,
        specificity=specificity,
        positive_likelihood_ratio=sensitivity / (1 - specificity),
        negative_likelihood_ratio=(1 - sensitivity) / specificity,
        brier=float((mass_sick * (1 - said) ** 2 + mass_well * said**2).sum()),
        expected_calibration_error=float(np.abs(gaps).sum()),
        calibration_slope=1 / BOLDNESS,
        calibration_in_the_large=_in_the_large(said, mass_sick, mass_well),
        net_benefit=float(mass_sick[flagged].sum() - mass_well[flagged].sum() * 0.2 / 0.8),
        positive_predictive_value=odds * sensitivity / (odds * sensitivity + 1 - specificity),
        negative_predictive_value=specificity / (specificity + odds * (1 - sensitivity)),
    )


def _partial(sick: Floats, well: Floats, step: float) -> float:
    """The area over false-positive rates up to 0.3, as McClish maps it."""
    alarms, hits = (np.cumsum(each[::-1]) * step for each in (well, sick))
    inside = alarms <= 0.3
    area = float(np.trapezoid(np.r_[0, hits[inside]], np.r_[0, alarms[inside]]))
    return (1 + (area - 0.045) / (0.3 - 0.045)) / 2


def _in_the_large(said: Floats, mass_sick: Floats, mass_well: Floats) -> float:
    """What to add to the score's log odds for its mean to be right, by halving."""
    kept = np.clip(said, 1e-6, 1 - 1e-6)
    log_odds, low, high = np.log(kept / (1 - kept)), -10.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        mean = float(((mass_sick + mass_well) / (1 + np.exp(-log_odds - middle))).sum())
        low, high = (middle, high) if mean < mass_sick.sum() else (low, middle)
    return (low + high) / 2
