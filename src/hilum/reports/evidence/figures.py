"""The pictures of an evidence file: ROC, precision and recall, scores, reliability, confusion tables.

Trap: a curve of a million films has as many points; `thin` keeps what a picture can show, ends included.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hilum.evaluation.decision_curve import NetBenefit
from hilum.evaluation.discrimination import Floats, precision_recall_curve, roc_curve
from hilum.evaluation.summary import Evaluation, OperatingPoint
from hilum.records import Estimate
from hilum.reports import figures
from hilum.reports.evidence.wording import point_words
from hilum.reports.page import estimate_text

MOST_POINTS = 2000
N_BARS = 40
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
PANELS_PER_ROW = 3
MOST_NAMED = 6  # operating points in a legend; more would cover the plot


def draw_roc(evaluation: Evaluation) -> Figure:
    """The ROC curve with its pointwise band and the operating points on it; needs films of both labels."""
    curve = roc_curve(evaluation.films.truth, evaluation.films.score)
    band = evaluation.discrimination.roc_band
    figure = figures.build_figure(5.2, 4.9)
    title = f"AUC {estimate_text(evaluation.discrimination.auroc)}\n{films_text(evaluation)}"
    axes = figures.build_axes(figure, title=title, x="False-positive rate (1 - specificity)", y="Sensitivity")
    axes.plot([0, 1], [0, 1], color=figures.GREY, linestyle=":", linewidth=1, label="chance")
    if band is not None:
        axes.fill_between(
            band.false_positive_rate, band.low, band.high, color=figures.BLUE, alpha=0.18, linewidth=0,
            label="95 % band, pointwise",
        )  # fmt: skip
    kept = thin(curve.cuts.size)
    axes.plot(curve.false_positive_rate[kept], curve.sensitivity[kept], color=figures.BLUE, linewidth=1.6)
    _mark_points(axes, evaluation.operating_points)
    unit_square(axes)
    figures.style_legend(axes, "lower right")
    return figure


def draw_precision_recall(evaluation: Evaluation) -> Figure:
    """Precision over recall, with the share of positives as the line of no skill; needs both labels."""
    curve = precision_recall_curve(evaluation.films.truth, evaluation.films.score)
    share = evaluation.films.n_positive / evaluation.films.n
    figure = figures.build_figure(5.2, 4.9)
    precision_text = estimate_text(evaluation.discrimination.average_precision)
    title = f"Average precision {precision_text}\n{films_text(evaluation)}"
    axes = figures.build_axes(figure, title=title, x="Recall (sensitivity)", y="Precision")
    axes.axhline(share, color=figures.GREY, linestyle=":", linewidth=1, label=f"no skill: {share:.3g}")
    band = evaluation.discrimination.precision_band
    if band is not None:
        axes.fill_between(
            band.recall, band.low, band.high, color=figures.BLUE, alpha=0.18, linewidth=0,
            label="95 % band, pointwise",
        )  # fmt: skip
    kept = thin(curve.cuts.size)
    recall, precision = np.r_[0.0, curve.recall[kept]], np.r_[1.0, curve.precision[kept]]
    axes.step(recall, precision, where="pre", color=figures.BLUE, linewidth=1.6)
    unit_square(axes)
    figures.style_legend(axes, "lower left")
    return figure


def draw_scores(evaluation: Evaluation) -> Figure:
    """How the scores of films with and without the finding lie, and where the operating points are."""
    films = evaluation.films
    low, high = _score_range(films.score)
    edges = np.linspace(low, high, N_BARS + 1).tolist()
    figure = figures.build_figure(7.2, 3.8)
    axes = figures.build_axes(figure, title=f"Scores of {films_text(evaluation)}", x="Score", y="Films")
    for label, colour, dash in ((False, figures.NEGATIVE, "-"), (True, figures.POSITIVE, "--")):
        chosen = films.score[films.truth == label]
        name = f"{'with' if label else 'without'} the finding ({chosen.size:,})"
        axes.hist(chosen, edges, histtype="stepfilled", color=colour, alpha=0.25)
        axes.hist(chosen, edges, histtype="step", color=colour, linestyle=dash, linewidth=1.5, label=name)
    for at, point in enumerate(evaluation.operating_points):
        line = point_words(point, 4) if at < MOST_NAMED else None
        dash = figures.DASHES[at % len(figures.DASHES)]
        axes.axvline(point.threshold, color=figures.BLACK, linestyle=dash, linewidth=1, label=line)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(False, axis="x")
    axes.set_xlim(low, high)
    figures.style_legend(axes)
    return figure


def draw_reliability(evaluation: Evaluation) -> Figure:
    """Share of positives over the mean score of each bin, films counted below; needs scores in 0..1."""
    bins = evaluation.calibration.bins
    figure = figures.build_figure(5.2, 5.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    error = estimate_text(evaluation.calibration.expected_calibration_error)
    title = f"Calibration error {error}\n{films_text(evaluation)}"
    figures.style_axes(upper, title=title, y="Share of positive films")
    upper.plot([0, 1], [0, 1], color=figures.GREY, linestyle=":", linewidth=1, label="calibrated")
    means = [one.mean_probability for one in bins]
    upper.plot(means, [one.observed.value or 0.0 for one in bins], color=figures.BLUE, alpha=0.5)
    for at, one in enumerate(bins):
        _whisker(upper, one.mean_probability, one.observed, label=None if at else "bin, 95 % interval")
    upper.set_ylim(-0.02, 1.04)
    figures.style_legend(upper, "upper left")
    figures.style_axes(lower, x=_probability_label(evaluation), y="Films")
    counts = [one.observed.n for one in bins]
    middles = [(one.low + one.high) / 2 for one in bins]
    lower.bar(middles, counts, width=0.08, color=figures.SKY)
    for middle, count in zip(middles, counts, strict=True):
        lower.annotate(
            f"{count:,}", (middle, count), xytext=(0, 2), textcoords="offset points", ha="center", fontsize=7
        )
    lower.set_ylim(0, 1.3 * max(counts))
    lower.set_xlim(-0.02, 1.02)
    lower.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    return figure


def draw_decision_curve(evaluation: Evaluation) -> Figure:
    """Net benefit over threshold probabilities, with its pointwise band; needs scores in 0..1.

    At a stated prevalence the axis ends where no programme would look, ten times the prevalence; and at any,
    where the last of the curves and their band has left the frame.
    """
    curve = evaluation.decision_curve
    share = curve.prevalence or 0.0
    end = min(1.0, max(0.2, 10 * share)) if curve.is_stated else 1.0
    points = [point for point in curve.points if point.threshold <= end]
    cuts = [point.threshold for point in points]
    figure = figures.build_figure(6.2, 4.2)
    source = "stated prevalence" if curve.is_stated else "share of these films"
    title = f"Decision curve, {source} {share:.3g}\n{films_text(evaluation)}"
    axes = figures.build_axes(figure, title=title, x="Threshold probability", y="Net benefit per person")
    low = [_or(point.model.low, point.model.value) for point in points]
    high = [_or(point.model.high, point.model.value) for point in points]
    axes.fill_between(
        cuts, low, high, color=figures.BLUE, alpha=0.18, linewidth=0, label="95 % band, pointwise"
    )
    model, everyone = ([side.value or 0.0 for side in sides] for sides in _sides(points))
    axes.plot(cuts, model, color=figures.BLUE, linewidth=1.6, label="by the score")
    axes.plot(cuts, everyone, color=figures.VERMILION, linestyle="--", linewidth=1.3, label="test all")
    axes.axhline(0, color=figures.BLACK, linestyle=":", linewidth=1, label="test none")
    top = max(*high, *everyone, share / 2)
    bottom = min(-0.3 * top, *(1.2 * max(sides) for sides in zip(model[:1], everyone[:1], strict=True)))
    axes.set_ylim(bottom, 1.1 * top)  # the curves begin inside, also where they are below 0 from the start
    seen = [cut for cut, *sides in zip(cuts, high, everyone, strict=True) if max(sides) > bottom]
    axes.set_xlim(0, min(end, 1.05 * max(seen, default=end)))
    figures.style_legend(axes, "upper right")
    return figure


def draw_risk_coverage(evaluation: Evaluation) -> Figure:
    """Error among the surest films over the share of films kept; needs an operating point."""
    found = evaluation.risk_coverage
    assert found is not None
    figure = figures.build_figure(6.2, 4.2)
    title = f"Area {estimate_text(found.area)}\n{films_text(evaluation)}"
    axes = figures.build_axes(figure, title=title, x="Share of films kept", y="Error among the films kept")
    kept = thin(found.curve.share.size)
    axes.plot(
        found.curve.share[kept], found.curve.error[kept], color=figures.BLUE, linewidth=1.6,
        drawstyle="steps-post", label="by distance from the threshold",
    )  # fmt: skip
    for at, one in enumerate(found.kept):
        _whisker(axes, one.share, one.error, label=None if at else "of the table, 95 % interval")
    axes.axhline(
        found.error.value or 0.0, color=figures.GREY, linestyle=":", linewidth=1, label="left out at random"
    )
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.1 * max(0.05, *((one.error.high or 0.0) for one in found.kept)))
    figures.style_legend(axes, "upper left")
    return figure


def draw_confusion(evaluation: Evaluation) -> Figure:
    """A confusion table for each operating point, shaded by the share of its row; needs one."""
    points = evaluation.operating_points
    n_rows = -(-len(points) // PANELS_PER_ROW)
    figure = figures.build_figure(2.7 * PANELS_PER_ROW, 2.8 * n_rows)
    panels = figure.subplots(n_rows, PANELS_PER_ROW, squeeze=False).ravel()
    for axes, point in zip(panels, points, strict=False):
        _draw_table(axes, point)
    for axes in panels[len(points) :]:
        axes.set_axis_off()
    return figure


def films_text(evaluation: Evaluation) -> str:
    """The films under a figure: `550 films, 287 with the finding`."""
    films = evaluation.films
    return f"{films.n:,} films, {films.n_positive:,} with the finding"


def thin(n: int) -> slice | npt.NDArray[np.int64]:
    """Which of `n` points of a curve a picture needs."""
    if n <= MOST_POINTS:
        return slice(None)
    return np.unique(np.linspace(0, n - 1, MOST_POINTS).astype(np.int64))


def unit_square(axes: Axes) -> None:
    """Both axes from 0 to 1, equally long."""
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")


def _mark_points(axes: Axes, points: tuple[OperatingPoint, ...]) -> None:
    for at, point in enumerate(points):
        counts = point.performance.counts
        if counts.n_positive and counts.n_negative:
            axes.plot(
                counts.false_positive / counts.n_negative, counts.true_positive / counts.n_positive,
                MARKERS[at % len(MARKERS)], color=figures.VERMILION, markeredgecolor="white", markersize=7,
                label=point.name if at < MOST_NAMED else None,
            )  # fmt: skip


def _draw_table(axes: Axes, point: OperatingPoint) -> None:
    counts = point.performance.counts
    table = np.array(
        [[counts.true_positive, counts.false_negative], [counts.false_positive, counts.true_negative]]
    )
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    figures.style_axes(axes, title=f"{point_words(point, 4)}\n{counts.n:,} films".replace(", thr", "\nthr"))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), number in np.ndenumerate(table):
        text = f"{number:,}\n{100 * shares[row, column]:.0f} %"
        colour = "white" if shares[row, column] > 0.55 else figures.BLACK
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=10)
    axes.set_xticks([0, 1], ["flagged", "not flagged"])
    axes.set_yticks([0, 1], ["with\nfinding", "without"])
    axes.grid(False)
    axes.tick_params(length=0)


def _sides(points: Sequence[NetBenefit]) -> tuple[list[Estimate], list[Estimate]]:
    return [point.model for point in points], [point.treat_all for point in points]


def _probability_label(evaluation: Evaluation) -> str:
    scale = evaluation.films.score_scale
    return "Score" if scale == 1 else f"Score / {scale:g}"


def _or(end: float | None, value: float | None) -> float:
    return end if end is not None else value or 0.0


def _whisker(axes: Axes, at: float, share: Estimate, *, label: str | None) -> None:
    axes.plot([at, at], [share.low or 0.0, share.high or 0.0], color=figures.BLUE, linewidth=1.2)
    axes.plot([at], [share.value or 0.0], "o", color=figures.BLUE, markersize=6, label=label)


def _score_range(score: Floats) -> tuple[float, float]:
    low, high = float(score.min()), float(score.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    room = max(abs(high), 1.0) * 0.01 if low == high else 0.0
    return low - room, high + room
