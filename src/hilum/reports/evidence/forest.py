"""Forest plots: one figure for each of several groups, with interval and counts, beside that of all films.

Trap: a row without an estimate is named in the table beside the plot; the plot itself can only leave it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hilum.records import Estimate
from hilum.reports import figures

LONGEST_NAME = 34  # characters of a group beside its row

Row = tuple[str, Estimate]


def draw_forest(rows: Sequence[Row], *, title: str, measure: str) -> Figure:
    """Point and interval of each row that has a value; the first row, of all films, is the dotted line.

    Args:
        rows: at least one with a value.
        title: of the figure.
        measure: what the horizontal axis shows.
    """
    shown = [(name, one) for name, one in rows if one.value is not None]
    figure = figures.build_figure(7.0, 1.2 + 0.28 * len(shown))
    axes = figures.build_axes(figure, title=title, x=f"{measure}, 95 % interval")
    for at, (_, one) in enumerate(shown):
        _whisker(axes, at, one)
    axes.axvline(shown[0][1].value or 0.0, color=figures.GREY, linestyle=":", linewidth=1)
    axes.set_yticks(range(len(shown)), [f"{_short(name)}  ({_counts(one)})" for name, one in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.grid(False, axis="y")
    return figure


def draw_forests(panels: Mapping[str, Sequence[Row]], *, title: str) -> Figure:
    """Forest plots side by side, of the same groups in the same order; a group without a value leaves a gap.

    Args:
        panels: rows by what the horizontal axis of each panel shows, the first of all films.
        title: of the figure.
    """
    sides = list(panels.items())
    names = [name for name, _ in sides[0][1]]
    figure = figures.build_figure(7.6, 1.4 + 0.27 * len(names))
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=figures.BLACK)
    for axes, (measure, rows) in zip(figure.subplots(1, len(sides)), sides, strict=True):
        figures.style_axes(axes, x=f"{measure}, 95 % interval")
        for at, (_, one) in enumerate(rows):
            if one.value is None:
                axes.text(0.02, at, "not estimable", fontsize=7, color=figures.GREY, va="center",
                          transform=axes.get_yaxis_transform())  # fmt: skip
            else:
                _whisker(axes, at, one)
        axes.axvline(rows[0][1].value or 0.0, color=figures.GREY, linestyle=":", linewidth=1)
        axes.set_yticks(range(len(rows)), [f"{_short(name)}  ({one.n:,})" for name, one in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(False, axis="y")
    return figure


def _whisker(axes: Axes, at: int, one: Estimate) -> None:
    value = one.value or 0.0
    low = value if one.low is None else one.low
    high = value if one.high is None else one.high
    colour = figures.BLACK if at == 0 else figures.BLUE
    axes.plot([low, high], [at, at], color=colour, linewidth=1.5)
    axes.plot([value], [at], "D" if at == 0 else "o", color=colour, markersize=5)


def _counts(one: Estimate) -> str:
    return f"{one.n:,}" if one.n_positive is None else f"{one.n_positive:,}/{one.n:,}"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
