"""A change taken apart: what the mix of sites and devices explains, and what changed within them.

The reference is reweighted to the mix of the current films (direct standardisation; Kitagawa 1955, JASA
50:1168): change = (reference in the new mix - reference) + (current - reference in the new mix).
Trap: a site that the reference does not know cannot be compared; its films are left out and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.evaluation.intervals import N_DRAWS, Draws, from_draws, unless_alike
from hilum.evaluation.vectors import Codes, Scores
from hilum.records import Estimate

Sums = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SplitChange:
    """A change of a mean or share, in its two parts."""

    reference: float
    expected: float  # the reference in the mix of the current films
    current: float
    n_reference: int
    n_current: int  # films of groups that the reference knows
    n_new: int  # films of groups that it does not, left out
    by_mix: Estimate
    within: Estimate

    def as_json(self) -> dict[str, Any]:
        return {"reference": self.reference, "expected": self.expected, "current": self.current,
                "n_reference": self.n_reference, "n_current": self.n_current, "n_new": self.n_new,
                "by_mix": self.by_mix.as_json(), "within": self.within.as_json()}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grouped:
    """A figure's value for each film, and the film's group: two (N,)."""

    value: Scores
    group: Codes


def split_change(
    reference: Grouped, current: Grouped, *, rng: np.random.Generator, n_draws: int = N_DRAWS
) -> SplitChange | None:
    """Take a change apart by group, with bootstrap intervals over films; None where no group is in both."""
    is_known = np.isin(current.group, reference.group)
    if not is_known.any():
        return None
    known = Grouped(current.value[is_known], current.group[is_known])
    n_groups = int(max(reference.group.max(), known.group.max())) + 1
    old, expected, new = _three(_sums(reference, n_groups), _sums(known, n_groups))
    draws = np.array([
        _three(_sums(_again(reference, rng), n_groups), _sums(_again(known, rng), n_groups))
        for _ in range(n_draws)
    ])  # fmt: skip
    n = known.value.size
    return SplitChange(
        reference=old,
        expected=expected,
        current=new,
        n_reference=int(reference.value.size),
        n_current=int(n),
        n_new=int((~is_known).sum()),
        by_mix=_estimate(expected - old, draws[:, 1] - draws[:, 0], n),
        within=_estimate(new - expected, draws[:, 2] - draws[:, 1], n),
    )


def joint_groups(columns: Sequence[Sequence[str | None]]) -> list[tuple[str | None, ...]]:
    """One group for each way the columns come together: site A on device 1, site A on device 2, and so on."""
    return list(zip(*columns, strict=True))


def _three(reference: tuple[Sums, Sums], current: tuple[Sums, Sums]) -> tuple[float, float, float]:
    """The reference's mean, its mean in the current mix, and the current mean.

    The middle one is NaN where a sample of the reference lacks a group.
    """
    (n_old, sum_old), (n_new, sum_new) = reference, current
    means = np.divide(sum_old, n_old, out=np.full(n_old.size, np.nan), where=n_old > 0)
    expected = (n_new * np.where(n_new > 0, means, 0.0)).sum() / n_new.sum()
    return float(sum_old.sum() / n_old.sum()), float(expected), float(sum_new.sum() / n_new.sum())


def _sums(films: Grouped, n_groups: int) -> tuple[Sums, Sums]:
    counts: Sums = np.bincount(films.group, minlength=n_groups).astype(np.float64)
    sums: Sums = np.bincount(films.group, weights=films.value, minlength=n_groups).astype(np.float64)
    return counts, sums


def _again(films: Grouped, rng: np.random.Generator) -> Grouped:
    drawn = rng.integers(films.value.size, size=films.value.size)
    return Grouped(films.value[drawn], films.group[drawn])


def _estimate(value: float, draws: Draws, n: int) -> Estimate:
    return unless_alike(from_draws(Estimate(value, None, None, n=n), draws, unit="film"))
