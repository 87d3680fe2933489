"""Charts as numbers for a template that draws SVG: films a day, and a rate with its interval.

A browser draws them in the page's own colours, light or dark, and no plotting library is loaded.
Trap: a chart is for the eye alone, so each stands beside a table of the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from hilum.records import Estimate
from hilum.worklist.programme import Counts

WIDTH, HEIGHT = 720, 150  # of the drawing, in its own units
MOST_COLUMNS = 62  # then days are gathered into weeks, and those into months
WEEK = 7
GAP = 0.18  # of a column's width
STEPS = (1, 2, 5)  # times a power of ten: what an axis is counted in
MOST_STEPS = 4


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a column: y and height from the top, in the drawing's units."""

    kind: str  # "flagged", "clear", "refused", "waiting"
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """A day, week, or month of films."""

    first: date
    last: date
    n: int
    x: float
    width: float
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """A chart of counts by time."""

    columns: tuple[Column, ...]
    lines: tuple[tuple[float, int], ...]  # y and the count there
    marks: tuple[tuple[float, date], ...]  # x and the day there, along the bottom


@dataclass(frozen=True, slots=True)
class Interval:
    """A rate on a line from 0 to a common end, in hundredths of the line's width."""

    value: float
    low: float
    high: float


def films_by_time(days: Mapping[date, Counts]) -> Columns:
    """Columns of the days, gathered where there are many; none where there is no day."""
    groups = _gathered(sorted(days.items()))
    step = _step(max((sum(count.n for _, count in group) for group in groups), default=0))
    top = max(
        step, max((step * -(-sum(count.n for _, count in group) // step) for group in groups), default=0)
    )
    width = WIDTH / max(len(groups), 1)
    columns = tuple(
        _column(group, x=number * width, width=width, scale=HEIGHT / top)
        for number, group in enumerate(groups)
    )
    lines = tuple((HEIGHT - HEIGHT * count / top, count) for count in range(0, top + 1, step))
    every = max(1, -(-len(columns) // 6))
    marks = tuple((column.x + column.width / 2, column.first) for column in columns[::every])
    return Columns(columns, lines, marks)


def interval(estimate: Estimate, *, end: float) -> Interval | None:
    """Args: end: the rate at the line's end, above 0."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    value, low, high = (
        min(100.0, 100 * rate / end) for rate in (estimate.value, estimate.low, estimate.high)
    )
    return Interval(value, low, high)


def common_end(estimates: Sequence[Estimate]) -> float:
    """Where a line ends that holds all their intervals: a round rate of 0.1 to 1."""
    highest = max((estimate.high or 0 for estimate in estimates), default=0)
    return next((end for end in (0.1, 0.2, 0.5) if highest <= end), 1.0)


def _column(group: Sequence[tuple[date, Counts]], *, x: float, width: float, scale: float) -> Column:
    counts = [count for _, count in group]
    n, n_flagged = sum(count.n for count in counts), sum(count.n_flagged for count in counts)
    n_clear = sum(count.n_scored for count in counts) - n_flagged
    n_refused = sum(count.n_refused + count.n_failed for count in counts)
    parts = (("flagged", n_flagged), ("clear", n_clear), ("refused", n_refused),
             ("waiting", n - n_flagged - n_clear - n_refused))  # fmt: skip
    blocks, y = [], float(HEIGHT)
    for kind, part in parts:
        if part > 0:
            y -= part * scale
            blocks.append(Block(kind, y, part * scale))
    inner = width * (1 - GAP)
    return Column(group[0][0], group[-1][0], n, x + (width - inner) / 2, inner, tuple(blocks))


def _gathered(days: Sequence[tuple[date, Counts]]) -> list[list[tuple[date, Counts]]]:
    if len(days) <= MOST_COLUMNS:
        return [[day] for day in days]
    weeks = [list(group) for _, group in groupby(days, lambda day: day[0] - timedelta(days=day[0].weekday()))]
    if len(weeks) <= MOST_COLUMNS:
        return weeks
    return [list(group) for _, group in groupby(days, lambda day: (day[0].year, day[0].month))]


def _step(highest: int) -> int:
    power = 1
    while True:
        for step in STEPS:
            if step * power * MOST_STEPS >= highest:
                return step * power
        power *= 10
