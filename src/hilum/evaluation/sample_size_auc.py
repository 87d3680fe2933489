"""How many films it takes to measure an AUC, to show it above a floor, or to compare two on the same films.

The spread of an AUC is taken from the two usual models, and the larger of the two is used: Hanley and
McNeil's (scores fall off exponentially) and Obuchowski's (two normal curves). Trap: both take films as
independent; films of one patient or site are dealt with in `study_sampling`. Sources: Hanley and McNeil 1982
(Radiology 143:29) and 1983 (Radiology 148:839, two on the same films); Obuchowski 1998 (Stat Methods Med Res
7:371) and Obuchowski, Lieber, and Wians 2004 (Clin Chem 50:1118).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

from hilum.errors import SettingsInvalid
from hilum.evaluation.fewest import fewest
from hilum.evaluation.intervals import CONFIDENCE, normal_quantile

MOST_FILMS = 10_000_000
Spread = Callable[[float, int, float], float]  # AUC, positives, negatives for each positive -> variance


@dataclass(frozen=True, slots=True)
class AucSize:
    """Films with the finding, by each model; films without are `ratio` times as many."""

    by_hanley_mcneil: int
    by_binormal: int

    @property
    def n_positive(self) -> int:
        return max(self.by_hanley_mcneil, self.by_binormal)


def hanley_mcneil_variance(auc: float, n_positive: int, ratio: float) -> float:
    """The variance of an AUC where scores of both labels are exponential.

    Args:
        ratio: films without the finding for each with it.
    """
    both_below, both_above = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    n_negative = ratio * n_positive
    spread = auc * (1 - auc) + (n_positive - 1) * (both_below - auc**2)
    spread += max(n_negative - 1, 0) * (both_above - auc**2)
    return spread / (n_positive * n_negative)


def binormal_variance(auc: float, n_positive: int, ratio: float) -> float:
    """The variance of an AUC where scores of both labels are normal and equally wide, by Obuchowski's form.

    Args:
        ratio: films without the finding for each with it.
    """
    a = 1.414 * NormalDist().inv_cdf(auc)  # as published; sqrt(2) to three figures
    return 0.0099 * math.exp(-a * a / 2) * ((5 * a * a + 8) + (a * a + 8) / ratio) / n_positive


def films_for_auc_width(
    auc: float, half_width: float, *, ratio: float, confidence: float = CONFIDENCE
) -> AucSize:
    """Films for an interval of the AUC that is no wider."""
    _check_auc(auc)
    z = normal_quantile(confidence)
    return _by_both(lambda variance: lambda n: z * math.sqrt(variance(auc, n, ratio)) <= half_width)


def films_for_auc_above(
    auc: float, least: float, *, ratio: float, confidence: float = CONFIDENCE, power: float = 0.8
) -> AucSize:
    """Films to show an AUC above a floor, by a one-sided test at 1 - confidence.

    Raises:
        SettingsInvalid: the expected AUC is not above the floor.
    """
    _check_auc(auc)
    if not 0.5 <= least < auc:
        raise SettingsInvalid(
            f"the floor must lie from 0.5 to below the expected AUC, {auc:g}, not at {least:g}"
        )
    z_level, z_power = _quantile(confidence), _quantile(power)

    def enough(variance: Spread) -> Callable[[int], bool]:
        return lambda n: (
            z_level * math.sqrt(variance(least, n, ratio)) + z_power * math.sqrt(variance(auc, n, ratio))
            <= auc - least
        )

    return _by_both(enough)


def films_for_auc_difference(
    auc: float,
    other: float,
    *,
    ratio: float,
    correlation: float,
    confidence: float = CONFIDENCE,
    power: float = 0.8,
) -> AucSize:
    """Films on which two readers both read, to find their AUCs different by a two-sided test.

    Args:
        correlation: of the two AUCs, from both reading the same films; 0 to below 1.

    Raises:
        SettingsInvalid: the two AUCs are equal.
    """
    _check_auc(auc)
    _check_auc(other)
    if auc == other:
        raise SettingsInvalid(
            "two equal AUCs cannot be told apart; state a --margin to show that one is not worse"
        )
    z_level, z_power = normal_quantile(confidence), _quantile(power)

    def enough(variance: Spread) -> Callable[[int], bool]:
        return lambda n: (
            z_level * math.sqrt(2 * variance(other, n, ratio) * (1 - correlation))
            + z_power
            * math.sqrt(_difference_variance(variance, auc, other, n=n, ratio=ratio, correlation=correlation))
            <= abs(auc - other)
        )

    return _by_both(enough)


def films_for_auc_margin(
    auc: float, other: float, *, margin: float, ratio: float, correlation: float, power: float = 0.8
) -> AucSize:
    """Films to show the AUC not worse than the other's by the margin: one-sided 97.5 % interval, as
    `compare`.

    Raises:
        SettingsInvalid: the expected AUC is worse by the margin already.
    """
    _check_auc(auc)
    _check_auc(other)
    room = auc - other + margin
    if room <= 0:
        raise SettingsInvalid(
            f"an expected AUC of {auc:g} is worse than {other:g} by the margin of {margin:g} or more, "
            "so no number of films can show that it is not"
        )
    z = normal_quantile(CONFIDENCE) + _quantile(power)
    return _by_both(
        lambda variance: (
            lambda n: (
                z
                * math.sqrt(
                    _difference_variance(variance, auc, other, n=n, ratio=ratio, correlation=correlation)
                )
                <= room
            )
        )
    )


def _difference_variance(
    variance: Spread, auc: float, other: float, *, n: int, ratio: float, correlation: float
) -> float:
    ours, theirs = variance(auc, n, ratio), variance(other, n, ratio)
    return ours + theirs - 2 * correlation * math.sqrt(ours * theirs)


def _by_both(enough: Callable[[Spread], Callable[[int], bool]]) -> AucSize:
    return AucSize(_fewest(enough(hanley_mcneil_variance)), _fewest(enough(binormal_variance)))


def _fewest(is_enough: Callable[[int], bool]) -> int:
    """The fewest positives, by halving; more are always enough too."""
    too_many = f"this would take more than {MOST_FILMS:,} films with the finding"
    return fewest(is_enough, most=MOST_FILMS, too_many=too_many)


def _quantile(level: float) -> float:
    return NormalDist().inv_cdf(level)


def _check_auc(auc: float) -> None:
    if not 0.5 < auc < 1:
        raise SettingsInvalid(f"an expected AUC must lie above 0.5 and below 1, not {auc:g}")
