"""How many positives `hilum calibrate` needs for its promise, and what more of them buy.

With n positives the threshold is the score of one of them in order; its true sensitivity then varies from
sample to sample as a Beta distribution, whatever the scores look like (Wilks 1941, Ann Math Stat 12:91).
Trap: the fewest positives are enough for the promise and give a threshold that is far too careful: with 29,
it lets half of all samples keep a sensitivity above 0.976 where 0.90 was asked, and specificity pays for it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hilum.evaluation.binomial import binomial_at_most
from hilum.evaluation.guarantee import positives_needed
from hilum.evaluation.sample_size import BoundSize, films_for_bound

STEPS = 50  # of a bisection
SHOWN_MISSES = (0, 1, 2, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class GuaranteeStep:
    """What a number of positives gives.

    The true sensitivity in the middle of all samples, and in nine of ten.
    """

    n_positive: int
    misses: int  # positives that may score below the threshold
    median: float
    low: float  # 5 % of samples have less
    high: float  # 5 % have more

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def guarantee_steps(*, sensitivity: float, confidence: float) -> tuple[GuaranteeStep, ...]:
    """The fewest positives for some numbers of misses, and the sensitivity that the threshold then has."""
    return tuple(
        guarantee_step(
            positives_needed(sensitivity=sensitivity, confidence=confidence, misses=misses), misses
        )
        for misses in SHOWN_MISSES
    )


def guarantee_step(n_positive: int, misses: int) -> GuaranteeStep:
    """The true sensitivity of the threshold that lets so many of n positives lie below it.

    Beta(n - k, k + 1).
    """
    return GuaranteeStep(
        n_positive=n_positive,
        misses=misses,
        median=sensitivity_quantile(n_positive, misses, 0.5),
        low=sensitivity_quantile(n_positive, misses, 0.05),
        high=sensitivity_quantile(n_positive, misses, 0.95),
    )


def sensitivity_quantile(n_positive: int, misses: int, chance: float) -> float:
    """The true sensitivity that a share `chance` of samples stays below.

    By P(Beta <= s) = P(Bin(n, 1-s) <= k).
    """
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if float(binomial_at_most(n_positive, 1 - middle, most=misses)[-1]) < chance:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def positives_for_near(
    *, sensitivity: float, excess: float, confidence: float, assurance: float
) -> BoundSize | None:
    """Positives so that the threshold is no more careful than asked, by `excess`, with the assurance.

    None where the excess reaches past 1, as any threshold then does.
    """
    if sensitivity + excess >= 1:
        return None
    return films_for_bound(sensitivity + excess, sensitivity, confidence=confidence, assurance=assurance)
