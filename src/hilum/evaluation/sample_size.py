"""How many films of a label it takes to measure a share: a sensitivity among those with the finding, a
specificity among those without.

Trap: the normal formula promises too much near 0 and 1, and every exact size goes up and down by a film or
two as counts are whole; `films_for_bound` gives the size from which on the promise always holds. Sources:
Buderer 1996 (Acad Emerg Med 3:895); Wilson 1927; Clopper and Pearson 1934; Flahault, Cadilhac, and Thomas
2005 (J Clin Epidemiol 58:859); Bailly 2014 (J Investig Med 62:687) on the ups and downs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from hilum.errors import SettingsInvalid
from hilum.evaluation.binomial import binomial_at_most, exact_lower_bound
from hilum.evaluation.fewest import fewest
from hilum.evaluation.guarantee import positives_needed
from hilum.evaluation.intervals import CONFIDENCE, normal_quantile, wilson

MOST_FILMS = 10_000_000  # of a label, that a plan may name
MOST_MISSES = 1_000  # that a size by the exact bound is looked for with


@dataclass(frozen=True, slots=True)
class BoundSize:
    """Films so that a bound is reached with the assurance."""

    n: int  # from here on, whatever number comes
    n_smallest: int  # the first for which it holds; one film more may lose it
    misses: int  # that n_smallest may have
    assurance: float  # of n_smallest


def films_by_normal(share: float, half_width: float, confidence: float = CONFIDENCE) -> int:
    """Buderer's: z^2 p (1 - p) / w^2, rounded up."""
    z = normal_quantile(confidence)
    return math.ceil(z * z * share * (1 - share) / half_width**2 - 1e-9)


@lru_cache(maxsize=256)
def films_by_wilson(share: float, half_width: float, confidence: float = CONFIDENCE) -> int:
    """The fewest films for which Wilson's interval is no wider, however the share is rounded to films."""

    def width(successes: int, n: int) -> float:
        found = wilson(successes, n, confidence)
        assert found.low is not None
        assert found.high is not None
        return found.high - found.low

    return _fewest(share, half_width, width)


@lru_cache(maxsize=256)
def films_by_exact(share: float, half_width: float, confidence: float = CONFIDENCE) -> int:
    """The same by Clopper and Pearson's interval, which never covers less than it says and so is wider."""
    one_sided = 0.5 + confidence / 2

    def width(successes: int, n: int) -> float:
        high = 1 - exact_lower_bound(n - successes, n, one_sided)
        return high - exact_lower_bound(successes, n, one_sided)

    return _fewest(share, half_width, width)


@lru_cache(maxsize=256)
def films_for_bound(
    expected: float, least: float, *, confidence: float = CONFIDENCE, assurance: float = 0.8
) -> BoundSize:
    """Films so that the one-sided exact lower bound of a share is at least `least` with the assurance.

    Args:
        expected: the true share, above `least`.
        confidence: of the bound.
        assurance: the chance, before the study, that its bound gets there.

    Raises:
        SettingsInvalid: the expected share is not above the least, or too near to it.
    """
    if not 0 < least < expected < 1:
        raise SettingsInvalid(
            f"an expected share must lie above the least, {least:g}, and below 1, not {expected:g}"
        )
    about = _misses_by_normal(expected, least, confidence=confidence, assurance=assurance)
    if about > MOST_MISSES:
        n = about / (1 - least)
        raise SettingsInvalid(
            f"a share of {expected:g} is too near to the least, {least:g}: it would take some {n:,.0f} films"
        )
    smallest: tuple[int, int, float] | None = None
    misses = (
        int(0.6 * about) - 12 if about > 20 else 0
    )  # below it no size is enough; the ups and downs are small
    n = positives_needed(sensitivity=least, confidence=confidence, misses=misses)
    while True:
        chance = float(binomial_at_most(n, 1 - expected, most=misses)[-1])
        if smallest is None and chance >= assurance:
            smallest = (n, misses, chance)
        after = positives_needed(sensitivity=least, confidence=confidence, misses=misses + 1)
        at_worst = float(binomial_at_most(after - 1, 1 - expected, most=misses)[-1])
        if smallest is not None and at_worst >= assurance:
            return BoundSize(n, *smallest)
        n, misses = after, misses + 1


def _misses_by_normal(expected: float, least: float, *, confidence: float, assurance: float) -> float:
    """About how many films the share will miss in a study of the size looked for."""
    spread = NormalDist().inv_cdf(confidence) * math.sqrt(least * (1 - least))
    spread += max(NormalDist().inv_cdf(assurance), 0) * math.sqrt(expected * (1 - expected))
    return (spread / (expected - least)) ** 2 * (1 - least)


def _fewest(share: float, half_width: float, width: Callable[[int, int], float]) -> int:
    """By halving, and then down past what the roundings hid."""

    def is_enough(n: int) -> bool:
        counts = {math.floor(share * n), math.ceil(share * n)}
        return max(width(count, n) for count in counts) <= 2 * half_width + 1e-12

    too_many = f"a half-width of {half_width:g} would take more than {MOST_FILMS:,} films"
    n = fewest(is_enough, most=MOST_FILMS, too_many=too_many)
    while n > 1 and is_enough(n - 1):
        n -= 1
    return n
