"""The figures of a local calibration: scores, rates by threshold, the trade of cases against tests, and costs.

Trap: a curve over thresholds is drawn from a handful of films where scores are extreme; the bands say so.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hilum.evaluation.local_calibration import LocalCalibration
from hilum.evaluation.threshold_table import ThresholdRow
from hilum.evaluation.vectors import Scores
from hilum.records import Estimate
from hilum.reports import figures

N_BINS = 25
WHO_SPECIFICITY = 0.70  # with a sensitivity of 0.90: WHO 2014, target product profile of a triage test
Pick = Callable[[ThresholdRow], Estimate | None]


def draw_scores(calibration: LocalCalibration) -> Figure:
    """How the scores of both labels lie, and where the threshold cuts them."""
    films = calibration.films
    figure = figures.build_figure(6.6, 3.4)
    axes = figures.build_axes(figure, title="Scores by label", x="score", y="films")
    edges = np.histogram_bin_edges(films.score, bins=N_BINS)
    for label, colour, name in ((0, figures.NEGATIVE, "negative"), (1, figures.POSITIVE, "positive")):
        scores = films.score[films.truth == bool(label)]
        axes.hist(
            scores, edges, color=colour, alpha=0.45, edgecolor=colour, linewidth=1.2,
            hatch=("//" if label else None), histtype="stepfilled", label=f"{name}, n = {scores.size:,}",
        )  # fmt: skip
    _mark(axes, calibration)
    figures.style_legend(axes)
    return figure


def draw_rates(calibration: LocalCalibration) -> Figure:
    """Sensitivity and specificity at every threshold, with 95 % bands."""
    films, figure = calibration.films, figures.build_figure(6.6, 3.8)
    axes = figures.build_axes(figure, title="Sensitivity and specificity by threshold", x="threshold", y="rate")
    rows = calibration.table.rows
    for pick, colour, dash, name in (
        (lambda row: row.sensitivity, figures.POSITIVE, "-", f"sensitivity, n = {films.n_positive:,}"),
        (lambda row: row.specificity, figures.NEGATIVE, "--", f"specificity, n = {films.n - films.n_positive:,}"),
    ):
        _band(axes, rows, pick, colour=colour, dash=dash, name=name)
    goal = calibration.request.goal.sensitivity
    axes.axhline(goal, color=figures.GREY, linestyle=":", linewidth=1, label=f"goal, {goal:.0%}")
    _mark(axes, calibration)
    axes.set_ylim(-0.02, 1.02)
    figures.style_legend(axes, "lower left")
    return figure


def draw_roc(calibration: LocalCalibration) -> Figure:
    """The ROC curve with the chosen threshold's intervals, and WHO's least for a triage test."""
    figure = figures.build_figure(4.8, 4.6)
    axes = figures.build_axes(
        figure, title="Cases found against false alarms", x="1 - specificity", y="sensitivity"
    )
    alarms = 1 - _values(calibration.table.rows, lambda row: row.specificity)
    found = _values(calibration.table.rows, lambda row: row.sensitivity)
    n = calibration.films.n_positive, calibration.films.n - calibration.films.n_positive
    label = f"every threshold, {n[0]:,} positive and {n[1]:,} negative films"
    axes.step(
        np.append(alarms, 0.0)[::-1], np.append(found, 0.0)[::-1], where="post", color=figures.BLUE, label=label
    )
    axes.plot([1 - WHO_SPECIFICITY], [0.9], "P", color=figures.GREY, markersize=8, label="WHO's least, 90 % and 70 %")
    markers = "sD^vXo"
    for at, other in enumerate(calibration.others):
        point = 1 - (other.row.specificity.value or 0.0), other.row.sensitivity.value or 0.0
        axes.plot(*point, markers[at % len(markers)], color=figures.PALETTE[(at + 2) % 7], label=other.name)
    if calibration.row is not None:
        _cross(axes, calibration.row)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    figures.style_legend(axes, "lower right")
    return figure


def draw_yield(calibration: LocalCalibration) -> Figure:
    """Cases found against tests made, of 1,000 screened."""
    prevalence = calibration.request.programme.prevalence
    figure = figures.build_figure(6.6, 3.8)
    title = f"Of 1,000 people screened, at a prevalence of {prevalence:.2%}"
    axes = figures.build_axes(figure, title=title, x="confirmatory tests", y="people with the disease found")
    rows = calibration.table.rows
    tests = _values(rows, lambda row: row.outcome.tests)
    order = np.argsort(tests, kind="stable")
    for pick_low, pick_high in ((_low(lambda row: row.outcome.found), _high(lambda row: row.outcome.found)),):
        axes.fill_between(tests[order], pick_low(rows)[order], pick_high(rows)[order], color=figures.SKY, alpha=0.25,
                          linewidth=0, label="95 % interval of cases found")  # fmt: skip
    axes.plot(tests, _values(rows, lambda row: row.outcome.found), color=figures.BLUE, label="every threshold")
    axes.axhline(1000 * prevalence, color=figures.GREY, linestyle=":", linewidth=1, label="all who have it")
    if calibration.row is not None:
        chosen = calibration.row.outcome
        axes.plot([chosen.tests.value or 0.0], [chosen.found.value or 0.0], "D", color=figures.VERMILION,
                  label="chosen threshold")  # fmt: skip
    axes.set_xlim(0, 1000)
    axes.set_ylim(bottom=0)
    figures.style_legend(axes, "lower right")
    return figure


def draw_costs(calibration: LocalCalibration) -> Figure:
    """Total cost, and cost of a case found, at every threshold; only where there are costs."""
    programme = calibration.request.programme
    figure = figures.build_figure(6.6, 3.6)
    left, right = figure.subplots(1, 2)
    unit = f", {programme.currency}" if programme.currency else ""
    rows = calibration.table.rows
    cuts = np.array([row.threshold for row in rows])
    for axes, pick, title in (
        (left, lambda row: row.outcome.total_cost, f"All {programme.people:,} people"),
        (right, lambda row: row.outcome.cost_per_case, "Per case found"),
    ):
        figures.style_axes(axes, title=title, x="threshold", y=f"cost{unit}")
        axes.plot(cuts, _values(rows, pick), color=figures.PURPLE)
        low, high = _low(pick)(rows), _high(pick)(rows)
        axes.fill_between(cuts, low, high, color=figures.PURPLE, alpha=0.2, linewidth=0)
        axes.set_ylim(bottom=0)
        _mark(axes, calibration)
    figures.style_legend(left)
    return figure


def _band(
    axes: Axes, rows: tuple[ThresholdRow, ...], pick: Pick, *, colour: str, dash: str, name: str
) -> None:
    cuts = np.array([row.threshold for row in rows])
    axes.plot(cuts, _values(rows, pick), color=colour, linestyle=dash, label=name)
    axes.fill_between(cuts, _low(pick)(rows), _high(pick)(rows), color=colour, alpha=0.15, linewidth=0)


def _mark(axes: Axes, calibration: LocalCalibration) -> None:
    if calibration.row is not None:
        cut = calibration.row.threshold
        axes.axvline(cut, color=figures.BLACK, linestyle="-.", linewidth=1.2, label=f"chosen, {cut:.4g}")


def _cross(axes: Axes, row: ThresholdRow) -> None:
    """The chosen point with both intervals."""
    found, cleared = row.sensitivity, row.specificity
    at = 1 - (cleared.value or 0.0), found.value or 0.0
    if cleared.low is not None and cleared.high is not None:
        axes.plot([1 - cleared.high, 1 - cleared.low], [at[1]] * 2, color=figures.VERMILION, linewidth=1.5)
    if found.low is not None and found.high is not None:
        axes.plot([at[0]] * 2, [found.low, found.high], color=figures.VERMILION, linewidth=1.5)
    axes.plot(*at, "o", color=figures.VERMILION, markersize=7, label="chosen, with 95 % intervals")


def _values(rows: tuple[ThresholdRow, ...], pick: Pick) -> Scores:
    return _numbers([figure and figure.value for figure in map(pick, rows)])


def _low(pick: Pick) -> Callable[[tuple[ThresholdRow, ...]], Scores]:
    return lambda rows: _numbers([figure and figure.low for figure in map(pick, rows)])


def _high(pick: Pick) -> Callable[[tuple[ThresholdRow, ...]], Scores]:
    return lambda rows: _numbers([figure and figure.high for figure in map(pick, rows)])


def _numbers(values: list[float | None]) -> Scores:
    return np.array([np.nan if value is None else value for value in values], np.float64)
