"""The figures of a monitoring report: run chart, score distributions, mixes, and the parts of a change.

Trap: a run chart invites the eye to see trends in noise; the band is the reference's own interval, and only a
marked window is an alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hilum.evaluation.mix import SplitChange
from hilum.evaluation.mix_changes import Mix
from hilum.evaluation.vectors import Scores
from hilum.evaluation.window_summary import Rates, WindowSummary
from hilum.records import Estimate
from hilum.reports.figures import (
    BLACK,
    BLUE,
    GREY,
    VERMILION,
    build_axes,
    build_figure,
    style_axes,
    style_legend,
)

CHARTED: tuple[tuple[str, Callable[[Rates], Estimate]], ...] = (
    ("median score", lambda rates: rates.median),
    ("share flagged", lambda rates: rates.flag_rate),
    ("share refused", lambda rates: rates.refusal_rate),
    ("sensitivity", lambda rates: rates.sensitivity),
    ("specificity", lambda rates: rates.specificity),
)
MOST_TICKS = 14  # windows named under a run chart
MOST_GROUPS = 12  # bars of a mix; the largest


def draw_run_chart(reference: Rates, windows: Sequence[WindowSummary]) -> Figure:
    """One row of points a figure, the reference as line and band; an alarm is a filled square."""
    rows = [(name, of) for name, of in CHARTED if any(of(each.rates).value is not None for each in windows)]
    figure = build_figure(7.2, 0.9 + 1.55 * len(rows))
    panels = figure.subplots(len(rows), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, of) in zip(panels, rows, strict=True):
        style_axes(axes, y=name)
        _draw_reference(axes, of(reference))
        _draw_points(axes, [of(each.rates) for each in windows], [each.verdict.is_alarm for each in windows])
    step = max(1, -(-len(windows) // MOST_TICKS))
    named = range(0, len(windows), step)
    labels = [f"{windows[at].name}\nn {windows[at].rates.n}" for at in named]
    panels[-1].set_xticks(list(named), labels, fontsize=7)
    told = f"square: alarm; bars: 95 % interval; line, band: reference (n {reference.n}) and its interval"
    panels[0].set_title(told, loc="left", fontsize=8, color=BLACK)
    return figure


def draw_distributions(reference: Scores, current: Scores, *, cut: float | None, told: str) -> Figure:
    """The share of films at or below each score, before and now.

    Args:
        reference: scores of the scored films.
        current: the same.
        cut: the threshold, drawn as a line.
        told: the distance, in words.
    """
    figure = build_figure(6.4, 3.8)
    axes = build_axes(figure, title=told, x="score", y="share of films at or below")
    for scores, colour, dash, name in (
        (reference, BLUE, "-", "reference"),
        (current, VERMILION, "--", "current"),
    ):
        ordered = np.sort(scores)
        axes.step(ordered, np.arange(1, ordered.size + 1) / ordered.size, where="post", color=colour,
                  linestyle=dash, linewidth=1.6, label=f"{name} (n {ordered.size})")  # fmt: skip
    if cut is not None:
        axes.axvline(cut, color=GREY, linestyle=":", linewidth=1.4, label=f"threshold {cut:.4g}")
    style_legend(axes)
    return figure


def draw_mix(mix: Mix) -> Figure:
    """Shares of the films by group, before and now, the largest groups."""
    totals = max(sum(mix.reference), 1), max(sum(mix.current), 1)
    order = sorted(range(len(mix.groups)), key=lambda at: -(mix.reference[at] + mix.current[at]))[
        :MOST_GROUPS
    ]
    order = sorted(order, reverse=True)
    figure = build_figure(6.4, 1.2 + 0.42 * len(order))
    axes = build_axes(figure, x="share of films")
    for counts, total, colour, offset, name, hatch in (
        (mix.reference, totals[0], BLUE, 0.2, "reference", ""),
        (mix.current, totals[1], VERMILION, -0.2, "current", "////"),
    ):
        shares = [counts[at] / total for at in order]
        axes.barh(np.arange(len(order)) + offset, shares, height=0.36, color=colour, hatch=hatch,
                  edgecolor="white", label=f"{name} (n {sum(counts)})")  # fmt: skip
    axes.set_yticks(range(len(order)), [mix.groups[at] or "not stated" for at in order])
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=8, frameon=False, labelcolor=BLACK)
    return figure


def draw_splits(splits: Mapping[str, SplitChange]) -> Figure:
    """Each change as two points with intervals: what the mix explains, and what changed within it."""
    figure = build_figure(6.4, 1.1 + 0.75 * len(splits))
    axes = build_axes(figure, x="change since the reference (95 % interval, bootstrap by film)")
    axes.axvline(0, color=GREY, linewidth=1)
    for at, split in enumerate(splits.values()):
        for part, colour, mark, offset, name in (
            (split.by_mix, BLUE, "o", 0.15, "explained by the mix"),
            (split.within, VERMILION, "s", -0.15, "within sites and devices"),
        ):
            _draw_interval(axes, part, at + offset, colour=colour, mark=mark, name=name if at == 0 else "")
    axes.set_yticks(range(len(splits)), [f"{name}\nn {split.n_current}" for name, split in splits.items()])
    axes.set_ylim(-0.6, len(splits) - 0.4)
    style_legend(axes)
    return figure


def _draw_reference(axes: Axes, estimate: Estimate) -> None:
    if estimate.value is None:
        return
    axes.axhline(estimate.value, color=BLUE, linewidth=1.2)
    if estimate.low is not None and estimate.high is not None:
        axes.axhspan(estimate.low, estimate.high, color=BLUE, alpha=0.15, linewidth=0)


def _draw_points(axes: Axes, estimates: Sequence[Estimate], alarms: Sequence[bool]) -> None:
    for at, (estimate, is_alarm) in enumerate(zip(estimates, alarms, strict=True)):
        if estimate.value is None:
            continue
        colour = VERMILION if is_alarm else BLACK
        if estimate.low is not None and estimate.high is not None:
            axes.vlines(at, estimate.low, estimate.high, color=colour, linewidth=1.2)
        axes.plot(at, estimate.value, "s" if is_alarm else "o", color=colour, markersize=6 if is_alarm else 4)
    axes.plot([at for at, each in enumerate(estimates) if each.value is not None],
              [each.value for each in estimates if each.value is not None], color=GREY, linewidth=0.8,
              zorder=1)  # fmt: skip


def _draw_interval(axes: Axes, part: Estimate, at: float, *, colour: str, mark: str, name: str) -> None:
    if part.value is None:
        return
    if part.low is not None and part.high is not None:
        axes.hlines(at, part.low, part.high, color=colour, linewidth=1.6)
    axes.plot(part.value, at, mark, color=colour, markersize=6, label=name or None)
