"""Two readers right or wrong on the same films: the difference of their shares, and the chance of such a one.

Only films on which one is right and the other wrong tell them apart. Trap: with few such films the plain
normal interval is a point; Tango's and Newcombe's have width even where the two agree on every film. Sources:
Tango 1998 (Stat Med 17:891); Newcombe 1998 (Stat Med 17:2635, method 10); McNemar 1947 (Psychometrika
12:153), exact and mid-p as in Fagerland 2013 (BMC Med Res Methodol 13:91).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.evaluation.binomial import binomial_chances
from hilum.evaluation.confusion import Flags
from hilum.evaluation.intervals import CONFIDENCE, normal_quantile, wilson
from hilum.evaluation.vectors import Codes
from hilum.records import Estimate

STEPS = 60  # of a bisection: 2^-60 is below the spacing of numbers near 1
NOUGHT = 1e-200  # a chance that no p value shows
Chances = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Films by who is right: both, one, or neither."""

    both: int
    only_reference: int
    only_candidate: int
    neither: int

    @property
    def n(self) -> int:
        return self.both + self.only_reference + self.only_candidate + self.neither

    @property
    def difference(self) -> float:
        """The candidate's share of right answers less the reference's."""
        return (self.only_candidate - self.only_reference) / self.n

    def as_json(self) -> dict[str, int]:
        return {"both": self.both, "only_reference": self.only_reference,
                "only_candidate": self.only_candidate, "neither": self.neither}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExchangeTest:
    """Two-sided p values that the two readers are exchangeable.

    McNemar's, where every patient has one film.
    """

    exact: float
    mid_p: float  # not bound to hold its level, but nearer to it than the exact, which is far below


def agreement(reference: Flags, candidate: Flags) -> Agreement:
    """Count films by who is right.

    Args:
        reference: (N,) whether the reference is right.
        candidate: (N,) the same of the candidate.
    """
    return Agreement(
        both=int((reference & candidate).sum()),
        only_reference=int((reference & ~candidate).sum()),
        only_candidate=int((~reference & candidate).sum()),
        neither=int((~reference & ~candidate).sum()),
    )


def tango(found: Agreement, confidence: float = CONFIDENCE) -> Estimate:
    """The candidate's share less the reference's, with Tango's score interval."""
    if found.n == 0:
        return Estimate(None, None, None, n=0, why="there is no film")
    z, value = normal_quantile(confidence), found.difference
    low = -1.0 if value == -1 else _score_end(found, -1.0, value, wanted=z)
    high = 1.0 if value == 1 else _score_end(found, value, 1.0, wanted=-z)
    return Estimate(value, low, high, n=found.n, method="Tango")


def newcombe_paired(found: Agreement, confidence: float = CONFIDENCE) -> Estimate:
    """The candidate's share less the reference's, from Wilson's two intervals and their correlation."""
    if found.n == 0:
        return Estimate(None, None, None, n=0, why="there is no film")
    ours = wilson(found.both + found.only_candidate, found.n, confidence)
    theirs = wilson(found.both + found.only_reference, found.n, confidence)
    values = np.array([[one.value, one.low, one.high] for one in (ours, theirs)], dtype=np.float64)
    below, above = values[:, 0] - values[:, 1], values[:, 2] - values[:, 0]
    phi, value = _correlation(found), found.difference
    low = value - np.sqrt(max(below[0] ** 2 - 2 * phi * below[0] * above[1] + above[1] ** 2, 0.0))
    high = value + np.sqrt(max(above[0] ** 2 - 2 * phi * above[0] * below[1] + below[1] ** 2, 0.0))
    return Estimate(value, float(low), float(high), n=found.n, method="Newcombe, paired")


def exchange_test(gains: Codes) -> ExchangeTest:
    """How often chance alone, swapping the two readers in whole patients, makes a difference as large.

    Where a patient has one film the gains are -1, 0, and 1, and this is McNemar's exact test.

    Args:
        gains: (P,) for each patient, films on which only the candidate is right less those only the
            reference.
    """
    sizes, times = np.unique(np.abs(gains[gains != 0]), return_counts=True)
    chances: Chances = np.ones(1)  # of each sum of swapped gains, from the lowest up in steps of 1
    for size, n in zip(sizes.tolist(), times.tolist(), strict=True):
        steps = _without_tails(binomial_chances(n, 0.5))
        spread = np.zeros(2 * size * (steps.size - 1) + 1)
        spread[:: 2 * size] = steps
        chances = _without_tails(np.convolve(chances, spread))
    sums = np.arange(chances.size) - chances.size // 2
    seen = abs(int(gains.sum()))
    beyond = float(chances[np.abs(sums) > seen].sum())
    equal = float(chances[np.abs(sums) == seen].sum())
    return ExchangeTest(exact=min(1.0, beyond + equal), mid_p=min(1.0, beyond + equal / 2))


def _without_tails(chances: Chances) -> Chances:
    """Both ends cut where they are nought for all purposes, which keeps a million films quick."""
    first = int(np.argmax(chances > NOUGHT))
    return chances[first : chances.size - first]


def _score_end(found: Agreement, low: float, high: float, *, wanted: float) -> float:
    """Where Tango's statistic, which falls as the difference rises, is as wanted."""
    for _ in range(STEPS):
        middle = (low + high) / 2
        if _score(found, middle) > wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _score(found: Agreement, difference: float) -> float:
    """(b - c - n d) over its spread where d is the true difference; c's share is then at its likeliest."""
    n, gained, lost = found.n, found.only_candidate, found.only_reference
    linear = (2 * n - gained + lost) * difference - gained - lost
    constant = -lost * difference * (1 - difference)
    share = (np.sqrt(linear**2 - 8 * n * constant) - linear) / (4 * n)
    variance = n * (2 * share + difference * (1 - difference))
    distance = gained - lost - n * difference
    if variance <= 0:
        return float(np.sign(distance) * np.inf) if distance else 0.0
    return float(distance / np.sqrt(variance))


def _correlation(found: Agreement) -> float:
    """Newcombe's phi: 0 where a margin is empty; a positive one is drawn in by n / 2, not past 0."""
    a, b, c, d = found.both, found.only_candidate, found.only_reference, found.neither
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    product = float(a * d - b * c)
    drawn = max(product - found.n / 2, 0.0) if product > 0 else product
    return float(drawn / np.sqrt(float(margins)))
