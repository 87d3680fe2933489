"""From films that must be usable to films that must be taken: clusters, losses, prevalence, partial
verification.

Trap: at a prevalence of 2 % the positives set the size of the study, and chance alone leaves half of all
studies short of the number that is right on average; plan with `films_assured`. Sources: Kish 1965 (Survey
Sampling) and Donner 1992 (J Clin Epidemiol 45:1267) for the design effect; Begg and Greenes 1983 (Biometrics
39:207) for two-phase verification.
"""

from __future__ import annotations

import math

from hilum.errors import SettingsInvalid
from hilum.evaluation.binomial import AT_BOUND, binomial_at_most

MOST_FILMS = 50_000_000


def design_effect(icc: float, cluster_size: float) -> float:
    """How many times more films it takes where films of one patient or site resemble each other.

    Args:
        icc: the intraclass correlation of being read rightly, 0 to 1.
        cluster_size: films of a label in a cluster, on average, at least 1.
    """
    return 1 + (cluster_size - 1) * icc


def sensitivity_inflation(sensitivity: float, verified: float) -> float:
    """How many times more positives it takes where only a share of unflagged films is verified.

    The few verified misses stand for 1 / verified times as many, and their chance with them: the variance is
    S (1 - S) / n times 1 + S (1 - v) / v.
    """
    return 1 + sensitivity * (1 - verified) / verified


def specificity_inflation(
    sensitivity: float, specificity: float, *, prevalence: float, verified: float
) -> float:
    """The same for negatives.

    Small, for the unflagged are counted and only their few misses are estimated.
    """
    misses_for_each_negative = prevalence * (1 - sensitivity) / (1 - prevalence)
    return 1 + (1 - specificity) / specificity * misses_for_each_negative * (1 - verified) / verified


def films_expected(n: int, chance: float) -> int:
    """Films that hold n of a kind on average.

    Args:
        chance: that a film is of that kind and usable, above 0, up to 1.
    """
    return math.ceil(n / chance - 1e-9)


def films_assured(n: int, chance: float, *, assurance: float) -> int:
    """The fewest films that hold n of a kind with the assurance, by the exact binomial.

    Raises:
        SettingsInvalid: it would take more films than a plan may name.
    """
    if n == 0 or chance >= 1:
        return n
    if films_expected(n, chance) > MOST_FILMS:
        raise SettingsInvalid(f"this would take more than {MOST_FILMS:,} films; is the prevalence right?")

    def is_enough(films: int) -> bool:
        short = float(binomial_at_most(films, chance, most=n - 1)[-1])
        return short <= 1 - assurance + AT_BOUND

    low, high = n - 1, films_expected(n, chance)
    while not is_enough(high):
        low, high = high, high + high // 8 + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
