"""Estimates as the cells of a table and as the words of a sentence.

Trap: an estimate without value has a reason, and the reason is what the cell shows; never 0, never a dash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hilum.evaluation.cuts import OperatingPoint
from hilum.records import Estimate
from hilum.reports.document import Picture, Table
from hilum.reports.page import cut_text

Pictures = Mapping[str, Picture]  # those that this table allows, by name


def interval_cell(estimate: Estimate, digits: int = 3, *, signed: bool = False) -> str:
    """`0.912 (0.887 to 0.936)`, or why there is none; `signed` writes the plus of a difference."""

    def shown(number: float) -> str:
        return f"{round(number, digits) + 0.0:{'+' if signed else ''}.{digits}f}"  # + 0.0: no minus nought

    if estimate.value is None:
        return estimate.why if estimate.why.startswith("not estimable") else f"not estimable: {estimate.why}"
    value = shown(estimate.value)
    if estimate.low is None and estimate.high is None:
        return f"{value} ({estimate.why or 'no interval'})"
    if estimate.high is None or estimate.low is None:
        return (
            f"{value} (from {shown(estimate.low)})" if estimate.low is not None else f"{value} (no lower end)"
        )
    return f"{value} ({shown(estimate.low)} to {shown(estimate.high)})"


def stacked_cell(estimate: Estimate, *, signed: bool = False) -> str:
    """The same over two lines, for tables of many columns."""
    return interval_cell(estimate, signed=signed).replace(" (", "\n(", 1)


def percent_words(estimate: Estimate) -> str:
    """`91.2 % (95 % interval 88.7 to 93.6 %)`; the estimate must have a value."""
    if estimate.value is None:
        raise ValueError(f"a share without value: {estimate.why}")
    if estimate.low is None or estimate.high is None:
        return f"{100 * estimate.value:.1f} %"
    low, high = 100 * estimate.low, 100 * estimate.high
    return f"{100 * estimate.value:.1f} % (95 % interval {low:.1f} to {high:.1f} %)"


def point_words(point: OperatingPoint, digits: int = 6) -> str:
    """`threshold 60`, or `Youden, threshold 0.373285` of a point that has a name of its own."""
    threshold = f"threshold {cut_text(point.threshold, digits)}"
    return threshold if point.name.startswith("threshold ") else f"{point.name}, {threshold}"


def counted(n: int, one: str, many: str = "") -> str:
    """`1 film`, `1,200 films`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def estimate_table(rows: Sequence[tuple[str, Estimate]], caption: str, *, digits: int = 3) -> Table:
    """Figures with interval, counts, and the interval's method or the reason that there is none."""
    return Table(
        columns=("Figure", "Value (95 % interval)", "Films", "With finding", "Interval"),
        rows=tuple(
            (name, interval_cell(one, digits), f"{one.n:,}", _positive(one), _method(one))
            for name, one in rows
        ),
        caption=caption,
    )


def some(pictures: Pictures, *names: str) -> tuple[Picture, ...]:
    """Those of the pictures that this table allows."""
    return tuple(pictures[name] for name in names if name in pictures)


def _positive(one: Estimate) -> str:
    return "" if one.n_positive is None else f"{one.n_positive:,}"


def _method(one: Estimate) -> str:
    return one.method or (one.why if one.value is not None else "none")
