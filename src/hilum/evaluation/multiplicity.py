"""P values of several questions asked at once, made larger so that chance alone seldom answers one.

Trap: the family is what was asked, not what was shown; leaving out a dull question afterwards undoes it.
Source: Holm 1979 (Scand J Stat 6:65), which holds whatever the questions have in common.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Each p value as Holm's step-down has it; one that could not be had (None) stays so and is not counted.

    Raises:
        ValueError: a p value lies outside 0..1.
    """
    asked = [(p, at) for at, p in enumerate(p_values) if p is not None]
    if any(not 0 <= p <= 1 for p, _ in asked):
        raise ValueError("a p value must lie in 0..1")
    adjusted: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, (p, at) in enumerate(sorted(asked)):
        least = max(least, min(1.0, (len(asked) - rank) * p))
        adjusted[at] = least
    return adjusted
