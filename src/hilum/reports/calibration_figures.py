"""The figures of a local calibration: scores, rates by threshold, cases against tests, and costs.

Trap: a curve over thresholds is drawn from a handful of films where scores are extreme; the bands say so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hilum.evaluation.local_calibration import LocalCalibration
from hilum.evaluation.threshold_table import ThresholdRow
from hilum.evaluation.vectors import Scores
from hilum.records import Estimate
from hilum.reports import figures
from hilum.reports.calibration_words import percent
from hilum.reports.page import cut_text

N_BINS = 25
TALLEST = 5  # times the least cost: where next to nobody is found, a case costs without bound
WHO_SPECIFICITY = 0.70  # with a sensitivity of 0.90: WHO 2014, target product profile of a triage test
_NONE = Estimate(None, None, None, n=0)


def draw_scores(calibration: LocalCalibration) -> Figure:
    """How the scores of both labels lie, and where the threshold cuts them."""
    films = calibration.films
    figure = figures.build_figure(6.6, 3.4)
    axes = figures.build_axes(figure, title="Scores by label", x="score", y="films")
    edges = np.histogram_bin_edges(films.score, bins=N_BINS)
    for label, colour, name in ((0, figures.NEGATIVE, "negative"), (1, figures.POSITIVE, "positive")):
        scores = films.score[films.truth == bool(label)]
        axes.hist(
            scores, edges.tolist(), color=colour, alpha=0.45, edgecolor=colour, linewidth=1.2,
            hatch=("//" if label else None), histtype="stepfilled", label=f"{name}, n = {scores.size:,}",
        )  # fmt: skip
    _mark(axes, calibration)
    figures.style_legend(axes)
    return figure


def draw_rates(calibration: LocalCalibration) -> Figure:
    """Sensitivity and specificity at every threshold, with 95 % bands."""
    films, figure = calibration.films, figures.build_figure(6.6, 3.8)
    title = "Sensitivity and specificity by threshold"
    axes = figures.build_axes(figure, title=title, x="threshold", y="rate")
    found = _curve(calibration, lambda row: row.sensitivity)
    cleared = _curve(calibration, lambda row: row.specificity)
    _draw_band(axes, found, colour=figures.POSITIVE, dash="-", name=f"sensitivity, n = {films.n_positive:,}")
    name = f"specificity, n = {films.n - films.n_positive:,}"
    _draw_band(axes, cleared, colour=figures.NEGATIVE, dash="--", name=name)
    goal = calibration.request.goal.sensitivity
    axes.axhline(goal, color=figures.GREY, linestyle=":", linewidth=1, label=f"goal, {percent(goal)}")
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
    alarms = 1 - _curve(calibration, lambda row: row.specificity).value
    found = _curve(calibration, lambda row: row.sensitivity).value
    n = calibration.films.n_positive, calibration.films.n - calibration.films.n_positive
    label = f"every threshold, {n[0]:,} positive and {n[1]:,} negative films"
    axes.step(
        np.append(alarms, 0.0)[::-1],
        np.append(found, 0.0)[::-1],
        where="post",
        color=figures.BLUE,
        label=label,
    )
    axes.plot(
        [1 - WHO_SPECIFICITY],
        [0.9],
        "P",
        color=figures.GREY,
        markersize=8,
        label="WHO's least, 90 % and 70 %",
    )
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
    title = f"Of 1,000 people screened, at a prevalence of {percent(prevalence)}"
    axes = figures.build_axes(figure, title=title, x="confirmatory tests", y="people with the disease found")
    found = _curve(calibration, lambda row: row.outcome.found)
    tests = _curve(calibration, lambda row: row.outcome.tests)
    by_tests = _Curve(tests.value, found.value, found.low, found.high)
    _draw_band(
        axes,
        by_tests,
        colour=figures.BLUE,
        dash="-",
        name=f"every threshold, n = {calibration.films.n:,} films",
    )
    axes.axhline(1000 * prevalence, color=figures.GREY, linestyle=":", linewidth=1, label="all who have it")
    if calibration.row is not None:
        of = calibration.row.outcome
        at = [of.tests.value or 0.0], [of.found.value or 0.0]
        axes.plot(*at, "D", color=figures.VERMILION, label="chosen threshold")
    axes.set_xlim(0, 1000)
    axes.set_ylim(bottom=0)
    figures.style_legend(axes, "lower right")
    return figure


def draw_costs(calibration: LocalCalibration) -> Figure:
    """Total cost, and cost of a case found, at every threshold; only where there are costs."""
    programme = calibration.request.programme
    figure = figures.build_figure(6.6, 3.6)
    left, right = figure.subplots(1, 2)
    money = f"cost, {programme.currency}" if programme.currency else "cost"
    totals = _curve(calibration, lambda row: row.outcome.total_cost)
    each = _curve(calibration, lambda row: row.outcome.cost_per_case)
    for axes, curve, title in (
        (left, totals, f"All {programme.people:,} people"),
        (right, each, f"Per case found (n = {calibration.films.n:,} films)"),
    ):
        figures.style_axes(axes, title=title, x="threshold", y=money)
        _draw_band(axes, curve, colour=figures.PURPLE, dash="-", name="every threshold")
        _mark(axes, calibration)
        axes.set_ylim(0, TALLEST * float(np.nanmin(curve.value)) if np.isfinite(curve.value).any() else None)
    figures.style_legend(left)
    return figure


@dataclass(frozen=True, slots=True)
class _Curve:
    """A figure over the thresholds: (T,) each, NaN where there is none."""

    at: Scores
    value: Scores
    low: Scores
    high: Scores


def _curve(calibration: LocalCalibration, pick: Callable[[ThresholdRow], Estimate | None]) -> _Curve:
    rows = calibration.table.rows
    shown = [pick(row) or _NONE for row in rows]
    return _Curve(
        np.array([row.threshold for row in rows]),
        _numbers([figure.value for figure in shown]),
        _numbers([figure.low for figure in shown]),
        _numbers([figure.high for figure in shown]),
    )


def _numbers(values: list[float | None]) -> Scores:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _draw_band(axes: Axes, curve: _Curve, *, colour: str, dash: str, name: str) -> None:
    axes.plot(curve.at, curve.value, color=colour, linestyle=dash, label=name)
    axes.fill_between(curve.at, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)


def _mark(axes: Axes, calibration: LocalCalibration) -> None:
    if calibration.row is not None:
        cut = calibration.row.threshold
        axes.axvline(
            cut, color=figures.BLACK, linestyle="-.", linewidth=1.2, label=f"chosen, {cut_text(cut, 4)}"
        )


def _cross(axes: Axes, row: ThresholdRow) -> None:
    """The chosen point with both intervals."""
    found, cleared = row.sensitivity, row.specificity
    at = 1 - (cleared.value or 0.0), found.value or 0.0
    if cleared.low is not None and cleared.high is not None:
        axes.plot([1 - cleared.high, 1 - cleared.low], [at[1]] * 2, color=figures.VERMILION, linewidth=1.5)
    if found.low is not None and found.high is not None:
        axes.plot([at[0]] * 2, [found.low, found.high], color=figures.VERMILION, linewidth=1.5)
    axes.plot(*at, "o", color=figures.VERMILION, markersize=7, label="chosen, with 95 % intervals")
