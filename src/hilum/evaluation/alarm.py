"""The alarm: one verdict over many figures of a window of films, false in one window of N.

All figures of the window are compared with those of windows drawn without replacement from the reference
and the window together. The smallest p of all figures is itself judged against the smallest p of each drawn
window (Westfall and Young 1993, single step), so that looking at ten figures costs what it must and no more.
The verdict is exact: where the window's films are exchangeable with the reference's, an alarm comes in at
most one window of N, whatever the distribution, ties, and sizes.
Trap: exchangeable means film by film. Several films of a patient, or days that differ among themselves in the
reference too, make alarms more frequent than stated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.evaluation.vectors import Codes

Window = npt.NDArray[np.int64]  # (B, n) places in the pool, a row a window
Statistic = Callable[[Window], npt.NDArray[np.float64]]  # (B, n) -> (B,), larger for stranger

DRAWS_PER_FALSE_ALARM = 20  # so that a stated rate of one in N rests on twenty draws
FEWEST_PER_FALSE_ALARM = 4  # where windows are large
MOST_DRAWN_FILMS = 50_000_000  # about ten seconds; larger windows are judged on fewer draws
CHUNK_FILMS = 2_000_000  # drawn films in memory at a time


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """The stated rate: where nothing has changed, one window in `windows_per_false_alarm` raises an alarm."""

    windows_per_false_alarm: int = 100
    seed: int = 0

    @property
    def level(self) -> float:
        return 1 / self.windows_per_false_alarm

    def n_draws(self, n_window: int) -> int:
        """Windows to draw; never so few that the rate could not be reached."""
        fewest, wanted = (
            times * self.windows_per_false_alarm - 1
            for times in (FEWEST_PER_FALSE_ALARM, DRAWS_PER_FALSE_ALARM)
        )
        return max(fewest, min(wanted, MOST_DRAWN_FILMS // max(n_window, 1)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rule says of one window."""

    p_values: Mapping[str, float]  # of each figure, alone
    adjusted: Mapping[str, float]  # for having looked at all of them
    level: float
    n_draws: int
    smallest_p: float = 0.0  # that so few films can give, whatever they show

    @property
    def can_alarm(self) -> bool:
        """Whether any films of these numbers could raise an alarm; without it, none says nothing."""
        return bool(self.adjusted) and self.smallest_p <= self.level * (1 + 1e-9)

    @property
    def p(self) -> float:
        """The chance of a window as strange as this in any figure, where nothing has changed."""
        return min(self.adjusted.values(), default=1.0)

    @property
    def is_alarm(self) -> bool:
        return self.p <= self.level

    @property
    def raised_by(self) -> tuple[str, ...]:
        """The figures that raise the alarm, the strangest first."""
        loud = [name for name, p in self.adjusted.items() if p <= self.level]
        return tuple(sorted(loud, key=lambda name: (self.adjusted[name], self.p_values[name])))

    def as_json(self) -> dict[str, Any]:
        return {"p": self.p, "is_alarm": self.is_alarm, "can_alarm": self.can_alarm,
                "raised_by": list(self.raised_by),
                "level": self.level, "n_draws": self.n_draws, "p_values": dict(self.p_values),
                "adjusted": dict(self.adjusted)}  # fmt: skip


def judge(
    statistics: Mapping[str, Statistic],
    in_window: npt.NDArray[np.bool_],
    rule: AlarmRule,
    *,
    strata: Codes | None = None,
) -> Verdict:
    """Compare a window's figures with those of windows drawn from the same pool.

    Args:
        statistics: the figures, by name.
        in_window: (N,) which films of the pool are the window's.
        rule: the rate and the seed.
        strata: (N,) the stratum of each film; windows are then drawn with as many films of each stratum as
            the window has, so that a changed mix of strata is no evidence.
    """
    codes = np.zeros(in_window.size, np.int64) if strata is None else strata
    n_draws = rule.n_draws(int(in_window.sum()))
    seen = _values(statistics, _observed(in_window, codes))
    rng = np.random.default_rng(rule.seed)
    drawn = [_values(statistics, window) for window in _windows(in_window, codes, n_draws, rng)]
    values = np.concatenate([seen, *drawn])  # (1 + B, figures)
    p_values = _shares_as_large(values)
    keys = p_values - _tie_breaks(values)
    smallest = keys.min(axis=1, initial=1.0)
    adjusted = [float((smallest <= key).mean()) for key in keys[0]]
    return Verdict(
        p_values=dict(zip(statistics, map(float, p_values[0]), strict=True)),
        adjusted=dict(zip(statistics, adjusted, strict=True)),
        level=rule.level,
        n_draws=n_draws,
        smallest_p=_smallest_p(in_window, codes),
    )


def films_for_alarm(rule: AlarmRule) -> int:
    """The fewest films, in the window and in the reference each, with which an alarm can come."""
    n = 1
    while rule.level * math.comb(2 * n, n) < 2:
        n += 1
    return n


def _smallest_p(in_window: npt.NDArray[np.bool_], codes: Codes) -> float:
    """One over the number of windows that can be drawn; of two halves either one is as strange."""
    log_ways = 0.0
    for code in np.unique(codes[in_window]):
        of_stratum = codes == code
        n, k = int(of_stratum.sum()), int((of_stratum & in_window).sum())
        log_ways += math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    is_half = 2 * int(in_window.sum()) == in_window.size
    return min(1.0, math.exp(-log_ways) * (2 if is_half else 1))


def _values(statistics: Mapping[str, Statistic], window: Window) -> npt.NDArray[np.float64]:
    """(B, figures), rounded so that sums in another order stay ties."""
    columns = [statistic(window) for statistic in statistics.values()]
    return np.asarray(np.stack(columns, axis=1) if columns else np.zeros((len(window), 0))).round(10)


def _shares_as_large(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """For each value the share of its column that is at least as large: permutation p values of every row."""
    shares = np.empty_like(values)
    for column, out in zip(values.T, shares.T, strict=True):
        ordered = np.sort(column)
        out[:] = (column.size - np.searchsorted(ordered, column, side="left")) / column.size
    return shares


def _tie_breaks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Less than a step of p, larger for values further out: of two windows that each lead in a figure, the
    one that leads by more standard deviations is the stranger.
    """
    spread = values.std(axis=0)
    out = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.asarray((0.5 + np.arctan(out) / np.pi) / (2 * len(values)))


def _observed(in_window: npt.NDArray[np.bool_], codes: Codes) -> Window:
    """The window itself, its films in the order of their strata as in the drawn ones."""
    places = np.flatnonzero(in_window)
    return places[np.argsort(codes[places], kind="stable")][None, :]


def _windows(
    in_window: npt.NDArray[np.bool_], codes: Codes, n_draws: int, rng: np.random.Generator
) -> Iterator[Window]:
    members = [np.flatnonzero(codes == code) for code in np.unique(codes[in_window])]
    sizes = [int(in_window[places].sum()) for places in members]
    chunk = max(1, CHUNK_FILMS // max(int(in_window.sum()), 1))
    for start in range(0, n_draws, chunk):
        yield _drawn(members, sizes, min(chunk, n_draws - start), rng)


def _drawn(members: list[Codes], sizes: list[int], count: int, rng: np.random.Generator) -> Window:
    columns = [
        np.stack([places[rng.choice(places.size, size, replace=False, shuffle=False)] for _ in range(count)])
        for places, size in zip(members, sizes, strict=True)
    ]
    return np.concatenate(columns, axis=1) if columns else np.zeros((count, 0), np.int64)
