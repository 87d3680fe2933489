"""Intervals: Wilson's for proportions, and the bootstrap by patient.

Trap: where every film is right, resampling has no spread and would claim certainty; `or_wilson`,
`newcombe_auc`, and `unless_alike` keep such cases honest.
Sources: Wilson 1927 (JASA 22:209); Efron and Tibshirani 1993, chapter 13; Newcombe 2006 (Stat Med 25:559).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from hilum.evaluation.vectors import Codes, count_patients, renumbered
from hilum.records import Estimate

Draws = npt.NDArray[np.float64]

CONFIDENCE = 0.95
N_DRAWS = 1000  # of a bootstrap; the ends of a 95 % interval then rest on 25 draws each
MOST_PATTERNS = 10_000_000  # of a patient's counts, for them to be counted in one array
ROUNDING = 1e-12  # of a figure: ends that are nearer than this are one
MIN_PROPER_DRAWS = 0.9  # share of draws in which the figure must exist, or there is no interval


@dataclass(frozen=True, slots=True)
class Resampling:
    """How to draw bootstrap samples: of patients, each with all films."""

    codes: Codes  # (N,) the patient of each film, as `vectors.cluster_codes` numbers them
    rng: np.random.Generator
    n_draws: int = N_DRAWS
    unit: str = "patient"  # or "film", where every patient has one; named beside the interval


def normal_quantile(confidence: float = CONFIDENCE) -> float:
    """The two-sided normal quantile: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> Estimate:
    """The proportion `successes / n` with Wilson's score interval; not estimated where n is 0."""
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}")
    if n == 0:
        return Estimate(None, None, None, n=0, why="there is nothing to count")
    low, high = _wilson_ends(successes / n, n, confidence)
    return Estimate(successes / n, low, high, n=n, method="Wilson")


def _wilson_ends(share: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    z = normal_quantile(confidence)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if share == 0 else max(0.0, float(centre - half))
    high = 1.0 if share == 1 else min(1.0, float(centre + half))
    return low, high


def wilson_by_patient(
    successes: npt.NDArray[np.bool_], codes: Codes, weights: Draws | None = None
) -> Estimate:
    """The share of films with success, with Wilson's interval for as many films as their patients are worth.

    Films of one patient tend to be alike, so that n films tell as much as n / (design effect) of as many
    patients (Rao and Scott 1992, Biometrics 48:577); where all films are alike, they count as their patients.

    Args:
        codes: (N,) the patient of each film.
        weights: (N,) above 0, how many people each film stands for; None where all stand for as many.
    """
    n, hits = successes.size, int(successes.sum())
    plain = wilson(hits, n)
    n_patients = count_patients(codes)
    if n == 0 or (n_patients == n and weights is None):
        return plain
    places = renumbered(codes)
    heavy = np.ones(n) if weights is None else weights / weights.mean()
    share = 1.0 if hits == n else float(heavy @ successes) / n
    sums = np.bincount(places, weights=heavy * (successes - share))
    variance = n_patients / max(n_patients - 1, 1) * float(sums @ sums) / n**2
    of_patients = np.bincount(places, weights=heavy)
    alike = n**2 / float(of_patients @ of_patients) if weights is not None else float(n_patients)
    worth = share * (1 - share) / variance if variance > ROUNDING**2 else alike
    low, high = _wilson_ends(share, min(worth, float(n)))
    method = "Wilson, by patient" if weights is None else "Wilson, weighted, by patient"
    return replace(plain, value=share, low=low, high=high, method=method)


def draw_patients(codes: Codes, *, rng: np.random.Generator) -> Draws:
    """How often each film comes in one bootstrap sample of patients, drawn with replacement: (N,).

    Args:
        codes: (N,) the patient of each film as `vectors.cluster_codes` numbers them.
    """
    n_patients = int(codes.max()) + 1
    drawn = rng.integers(n_patients, size=n_patients)
    times: Draws = np.bincount(drawn, minlength=n_patients).astype(np.float64)[codes]
    return times


def bootstrap_counts(counts: Codes, resampling: Resampling) -> Codes:
    """Column sums of `counts` (N, C) in samples of patients: (draws, C).

    Exact but quick: patients with equal sums are interchangeable, so a draw is one multinomial over the few
    different sums.
    """
    columns = [np.bincount(resampling.codes, weights=column).astype(np.int64) for column in counts.T]
    patterns, n_alike = _patterns(columns)
    n_patients = columns[0].size
    drawn = resampling.rng.multinomial(n_patients, n_alike / n_patients, size=resampling.n_draws)
    sums: Codes = np.rint(drawn @ patterns).astype(np.int64)
    return sums


def _patterns(columns: list[Codes]) -> tuple[Codes, Codes]:
    """The different rows of columns (P,) of whole numbers, in order: (U, C), and how often each comes."""
    sizes = [int(column.max()) + 1 for column in columns]
    if math.prod(sizes) > MOST_PATTERNS or min(int(column.min()) for column in columns) < 0:
        rows, times = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
        return rows, times
    counted = np.bincount(np.ravel_multi_index(columns, sizes))
    present = np.flatnonzero(counted)
    return np.stack(np.unravel_index(present, sizes), axis=1), counted[present]


def from_draws(
    estimate: Estimate, draws: Draws, *, unit: str = "patient", confidence: float = CONFIDENCE
) -> Estimate:
    """The estimate with the percentile interval of bootstrap draws.

    A draw in which the figure does not exist is NaN and left out; where more than a tenth are, no interval.
    """
    proper = draws[~np.isnan(draws)]
    if draws.size == 0 or proper.size < MIN_PROPER_DRAWS * draws.size:
        why = f"no interval: too few {unit}s for the bootstrap"
        return replace(estimate, low=None, high=None, method="", why=why)
    low, high = np.quantile(proper, [0.5 - confidence / 2, 0.5 + confidence / 2], method="nearest")
    return replace(
        estimate,
        low=float(low),
        high=float(high) if np.isfinite(high) else None,
        method=f"bootstrap by {unit}, {draws.size} draws",
    )


def or_wilson(clustered: Estimate, n_patients: int, *, confidence: float = CONFIDENCE) -> Estimate:
    """The clustered estimate, or Wilson's interval over patients where all draws were alike."""
    if clustered.value not in (0.0, 1.0) or n_patients == 0:
        return clustered
    wide = wilson(round(clustered.value) * n_patients, n_patients, confidence)
    return replace(
        clustered, low=wide.low, high=wide.high, method="Wilson over patients (all films alike)", why=""
    )


def unless_alike(estimate: Estimate) -> Estimate:
    """The estimate, or without its interval where that is a point: no spread in a sample is not certainty."""
    if estimate.low is None or estimate.high is None:
        return estimate
    if estimate.high - estimate.low > ROUNDING * max(abs(estimate.low), abs(estimate.high)):
        return estimate
    return replace(estimate, low=None, high=None, method="", why="no interval: all samples are alike")


def ratio_ends(first: Estimate, second: Estimate) -> tuple[float, float]:
    """The ends of the interval of `first / second` from those of its two parts, independent and not below 0.

    They exist where a part is 0 too; the upper one may be infinite. Donner and Zou 2012 (Stat Methods Med Res
    21:347).

    Raises:
        ValueError: one of the two has no interval.
    """
    top, top_low, top_high = _ends(first)
    under, under_low, under_high = _ends(second)
    low = _ratio_end(top, top_low, under, under_high, sign=-1)
    high = _ratio_end(top, top_high, under, under_low, sign=1)
    value = top / under if under else math.inf
    return min(low, value), max(high, value)


def _ratio_end(top: float, top_end: float, under: float, under_end: float, *, sign: int) -> float:
    mixed, below = top * under, under_end * (2 * under - under_end)
    root = math.sqrt(max(mixed**2 - top_end * (2 * top - top_end) * below, 0.0))
    return (mixed + sign * root) / below if below else math.inf


def logit_ends(value: float, spread: float) -> tuple[float, float]:
    """The normal interval of a value between 0 and 1 with a standard error, set on its log odds.

    It leans as such a value's chance does, and stays between 0 and 1.
    """
    log_odds, half = math.log(value) - math.log1p(-value), normal_quantile() * spread / (value * (1 - value))
    low, high = (0.5 + 0.5 * math.tanh((log_odds + step) / 2) for step in (-half, half))
    return low, high


def newcombe_auc(value: float, n_positive: int, n_negative: int, confidence: float = CONFIDENCE) -> Estimate:
    """An AUC with Newcombe's score interval (2006, method 5), which has width even where the AUC is 1."""
    z = normal_quantile(confidence)
    low = _newcombe_end(value, n_positive, n_negative, z=z, towards=0.0)
    high = _newcombe_end(value, n_positive, n_negative, z=z, towards=1.0)
    n = n_positive + n_negative
    return Estimate(value, low, high, n=n, n_positive=n_positive, method="Newcombe")


def squared_and_added(first: Estimate, second: Estimate) -> tuple[float, float]:
    """The ends of the interval of `first - second` from those of its two parts, taken as independent.

    Each end is as far off as the two parts' ends on that side, squared, added, and rooted: Newcombe 1998
    (Stat Med 17:873, method 10) for proportions, Zou and Donner 2008 (Stat Med 27:1693) for any figure.

    Raises:
        ValueError: one of the two has no interval.
    """
    ours, our_low, our_high = _ends(first)
    theirs, their_low, their_high = _ends(second)
    down, up = np.hypot(ours - our_low, their_high - theirs), np.hypot(our_high - ours, theirs - their_low)
    return float(ours - theirs - down), float(ours - theirs + up)


def _ends(estimate: Estimate) -> tuple[float, float, float]:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        raise ValueError("a difference's interval needs those of both parts")
    return estimate.value, estimate.low, estimate.high


def _newcombe_end(value: float, n_positive: int, n_negative: int, *, z: float, towards: float) -> float:
    """Where |value - end| = z sd(end), by bisection between the value and its bound."""
    size = (n_positive + n_negative) / 2 - 1
    near, far = value, towards
    for _ in range(60):
        end = (near + far) / 2
        spread = end * (1 - end) / (n_positive * n_negative)
        spread *= 1 + size * ((1 - end) / (2 - end) + end / (1 + end))
        if abs(value - end) < z * np.sqrt(spread):
            near = end
        else:
            far = end
    return (near + far) / 2
