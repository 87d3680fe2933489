"""Whether a candidate is worse than a reference by less than a margin that was stated beforehand.

Trap: "no significant difference" shows nothing of the kind; a small study finds none between a good reader
and a bad one. Only the lower end of the difference's interval, held against the margin, can say it. Sources:
CPMP 2000 (Points to consider on switching between superiority and non-inferiority); Piaggio 2012 (CONSORT
extension, JAMA 308:2594).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hilum.records import Estimate

SUPERIOR = "superior"  # and so non-inferior
NON_INFERIOR = "non-inferior"
NOT_SHOWN = "non-inferiority not shown"
INFERIOR = "inferior by more than the margin"
NOT_ESTIMABLE = "not estimable"


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """A verdict on one figure of one pair, at a margin in the figure's own unit."""

    margin: float
    verdict: str
    lower: float | None  # end of the one-sided 97.5 % interval of candidate less reference
    lower_for_all: float | None  # the same at the level that holds for all pairs at once (Bonferroni)
    verdict_for_all: str  # at that level
    sentence: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def non_inferiority(difference: Estimate, for_all: Estimate, *, margin: float, figure: str) -> NonInferiority:
    """Hold a difference, candidate less reference, against a margin; higher figures must be better ones.

    Args:
        difference: with its two-sided 95 % interval, whose lower end is that of the one-sided 97.5 %.
        for_all: the same difference with the interval that holds for all pairs at once.
        figure: as in "AUC".

    Raises:
        ValueError: the margin is not above 0.
    """
    if not margin > 0:
        raise ValueError(f"a margin must be above 0, not {margin}")
    verdict = _verdict(difference, margin)
    return NonInferiority(
        margin=margin,
        verdict=verdict,
        lower=difference.low,
        lower_for_all=for_all.low,
        verdict_for_all=_verdict(for_all, margin),
        sentence=_sentence(difference, verdict, margin=margin, figure=figure),
    )


def _verdict(difference: Estimate, margin: float) -> str:
    if difference.low is None or difference.high is None:
        return NOT_ESTIMABLE
    if difference.low > 0:
        return SUPERIOR
    if difference.low > -margin:
        return NON_INFERIOR
    return INFERIOR if difference.high < -margin else NOT_SHOWN


def _sentence(difference: Estimate, verdict: str, *, margin: float, figure: str) -> str:
    if difference.low is None or difference.high is None:
        return f"{figure}: not estimable: {difference.why}."
    end = f"the lower end of the one-sided 97.5 % interval, {difference.low:+.3f},"
    against = f"the margin of -{margin:g}"
    if verdict == SUPERIOR:
        return f"{figure}: {end} is above 0, so the candidate is better, and so non-inferior too."
    if verdict == NON_INFERIOR:
        worse = "; it is worse, but by less than the margin" if difference.high < 0 else ""
        return f"{figure}: {end} is above {against}, so the candidate is non-inferior{worse}."
    if verdict == INFERIOR:
        return (
            f"{figure}: the whole interval, {difference.low:+.3f} to {difference.high:+.3f}, "
            f"is below {against}, so the candidate is worse by more than the margin."
        )
    return (
        f"{figure}: {end} is not above {against}, so non-inferiority is not shown; "
        "that does not show the candidate to be worse by as much, nor the two to be equal."
    )
