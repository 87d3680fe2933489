"""The pictures of an evaluation: ROC, precision and recall, scores, reliability, confusion tables, subgroups.

Trap: a curve of a million films has as many points; `_thin` keeps what a picture can show, ends included.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hilum.evaluation.discrimination import Floats, precision_recall_curve, roc_curve
from hilum.evaluation.summary import Evaluation, OperatingPoint
from hilum.records import Estimate
from hilum.reports import figures
from hilum.reports.page import estimate_text

MOST_POINTS = 2000
N_BARS = 40
WIDEST_SCORE = 1e100  # beyond any real score, and near where an axis overflows
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
PANELS_PER_ROW = 3


def draw_roc(evaluation: Evaluation) -> Figure:
    """The ROC curve with its pointwise band and the cuts on it; needs films of both labels."""
    curve = roc_curve(evaluation.films.truth, evaluation.films.score)
    band = evaluation.discrimination.roc_band
    figure = figures.build_figure(5.2, 4.8)
    title = f"ROC: AUC {estimate_text(evaluation.discrimination.auroc)}"
    axes = figures.build_axes(figure, title=title, x="False-positive rate", y="Sensitivity")
    axes.plot([0, 1], [0, 1], color=figures.GREY, linestyle=":", linewidth=1, label="chance")
    if band is not None:
        axes.fill_between(
            band.false_positive_rate, band.low, band.high, color=figures.BLUE, alpha=0.18, linewidth=0,
            label="95 % band, pointwise",
        )  # fmt: skip
    kept = _thin(curve.cuts.size)
    axes.plot(curve.false_positive_rate[kept], curve.sensitivity[kept], color=figures.BLUE, linewidth=1.6)
    for point, marker in zip(evaluation.operating_points, _cycle(MARKERS), strict=False):
        counts = point.performance.counts
        axes.plot(
            counts.false_positive / counts.n_negative, counts.true_positive / counts.n_positive, marker,
            color=figures.VERMILION, markeredgecolor="white", markersize=7, label=point.name,
        )  # fmt: skip
    _unit_square(axes)
    figures.style_legend(axes, "lower right")
    return figure


def draw_precision_recall(evaluation: Evaluation) -> Figure:
    """Precision over recall, with the share of positives as the line of no skill; needs both labels."""
    curve = precision_recall_curve(evaluation.films.truth, evaluation.films.score)
    share = evaluation.films.n_positive / evaluation.films.n
    figure = figures.build_figure(5.2, 4.8)
    title = f"Average precision {estimate_text(evaluation.discrimination.average_precision)}"
    axes = figures.build_axes(figure, title=title, x="Recall (sensitivity)", y="Precision")
    axes.axhline(share, color=figures.GREY, linestyle=":", linewidth=1, label=f"no skill: {share:.2f}")
    kept = _thin(curve.cuts.size)
    recall, precision = np.r_[0.0, curve.recall[kept]], np.r_[1.0, curve.precision[kept]]
    axes.step(recall, precision, where="pre", color=figures.BLUE, linewidth=1.6)
    _unit_square(axes)
    figures.style_legend(axes, "lower left")
    return figure


def draw_scores(evaluation: Evaluation) -> Figure:
    """How the scores of films with and without the finding lie, and where the cuts are."""
    films = evaluation.films
    low, high = _score_range(films.score)
    edges = np.linspace(low, high, N_BARS + 1).tolist()
    figure = figures.build_figure(7.2, 3.8)
    axes = figures.build_axes(figure, title="Scores by label", x="Score", y="Films")
    looks = ((False, figures.NEGATIVE, "-"), (True, figures.POSITIVE, "--"))
    for label, colour, dash in looks:
        chosen = films.score[films.truth == label]
        name = f"{'with' if label else 'without'} the finding ({chosen.size})"
        axes.hist(chosen, edges, histtype="stepfilled", color=colour, alpha=0.25)
        axes.hist(chosen, edges, histtype="step", color=colour, linestyle=dash, linewidth=1.5, label=name)
    for point, dash in zip(evaluation.operating_points, _cycle(figures.DASHES), strict=False):
        name = f"{point.name}: {point.threshold:.4g}"
        axes.axvline(point.threshold, color=figures.BLACK, linestyle=dash, linewidth=1, label=name)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(False, axis="x")
    axes.set_xlim(low, high)
    figures.style_legend(axes)
    return figure


def draw_reliability(evaluation: Evaluation) -> Figure:
    """The share of positives over the mean probability of each bin; needs scores in 0..1."""
    bins = [(one.mean_probability, one.observed) for one in evaluation.calibration.bins]
    figure = figures.build_figure(5.2, 4.8)
    error = estimate_text(evaluation.calibration.expected_calibration_error)
    title = f"Calibration error {error}"
    axes = figures.build_axes(figure, title=title, x="Mean score of the bin", y="Share of positive films")
    axes.plot([0, 1], [0, 1], color=figures.GREY, linestyle=":", linewidth=1, label="calibrated")
    axes.plot(
        [mean for mean, _ in bins], [share.value or 0.0 for _, share in bins], color=figures.BLUE, alpha=0.5
    )
    for at, (mean, share) in enumerate(bins):
        _whisker(axes, mean, share, label="bin, 95 % interval" if at == 0 else None)
        axes.annotate(
            f"{share.n}", (mean, share.high or 0.0), xytext=(0, 5), textcoords="offset points", ha="center",
            fontsize=7, color=figures.GREY,
        )  # fmt: skip
    _unit_square(axes)
    axes.set_ylim(-0.02, 1.08)  # room for the count over a bin at 1
    figures.style_legend(axes, "lower right")
    return figure


def draw_confusion(evaluation: Evaluation) -> Figure:
    """A confusion table for each cut, shaded by the share of its row; needs a cut."""
    points = evaluation.operating_points
    n_rows = -(-len(points) // PANELS_PER_ROW)
    n_columns = min(len(points), PANELS_PER_ROW)
    figure = figures.build_figure(3.0 * n_columns, 2.9 * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes, point in zip(panels, points, strict=False):
        _draw_table(axes, point)
    for axes in panels[len(points) :]:
        axes.set_axis_off()
    return figure


def draw_subgroups(evaluation: Evaluation) -> Figure:
    """AUC and interval of each fold, site, sex, and age band, with the whole table on top."""
    rows = [("all films", evaluation.discrimination.auroc)]
    rows += [(f"fold {fold}", area) for fold, area in _folds(evaluation).items()]
    rows += [(f"{group.column}: {_short(group.group)}", group.auroc) for group in evaluation.subgroups]
    shown = [(name, area) for name, area in rows if area.value is not None]
    figure = figures.build_figure(6.4, 1.1 + 0.27 * len(shown))
    axes = figures.build_axes(figure, title="AUC by fold and subgroup", x="AUC, 95 % interval")
    for at, (_, area) in enumerate(shown):
        value = area.value or 0.0
        low, high = (value, value) if area.low is None or area.high is None else (area.low, area.high)
        axes.plot([low, high], [at, at], color=figures.BLUE, linewidth=1.4)
        axes.plot([value], [at], "o", color=figures.BLUE, markersize=5)
    axes.axvline(shown[0][1].value or 0.0, color=figures.GREY, linestyle=":", linewidth=1)
    axes.set_yticks(range(len(shown)), [f"{name}  ({area.n_positive}/{area.n})" for name, area in shown])
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    return figure


def drawable(evaluation: Evaluation) -> dict[str, Callable[[Evaluation], Figure]]:
    """The figures that this table allows, by file name."""
    films = evaluation.films
    has_both = 0 < films.n_positive < films.n
    has_groups = (
        bool(evaluation.subgroups or evaluation.folds) and evaluation.discrimination.auroc.value is not None
    )
    allowed = {
        "roc": has_both,
        "precision_recall": has_both,
        "scores": np.abs(films.score).max() < WIDEST_SCORE,
        "reliability": bool(evaluation.calibration.bins),
        "confusion": bool(evaluation.operating_points),
        "subgroups": has_groups,
    }
    return {name: draw for name, draw in FIGURES.items() if allowed[name]}


FIGURES: dict[str, Callable[[Evaluation], Figure]] = {
    "roc": draw_roc,
    "precision_recall": draw_precision_recall,
    "scores": draw_scores,
    "reliability": draw_reliability,
    "confusion": draw_confusion,
    "subgroups": draw_subgroups,
}


def _draw_table(axes: Axes, point: OperatingPoint) -> None:
    counts = point.performance.counts
    table = np.array(
        [[counts.true_positive, counts.false_negative], [counts.false_positive, counts.true_negative]]
    )
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    figures.style_axes(axes, title=f"{point.name}\ncut {point.threshold:.4g}")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), number in np.ndenumerate(table):
        text = f"{number}\n{100 * shares[row, column]:.0f} %"
        colour = "white" if shares[row, column] > 0.55 else figures.BLACK
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=11)
    axes.set_xticks([0, 1], ["flagged", "not flagged"])
    axes.set_yticks([0, 1], ["with\nfinding", "without"])
    axes.grid(False)
    axes.tick_params(length=0)


def _whisker(axes: Axes, at: float, share: Estimate, *, label: str | None) -> None:
    axes.plot([at, at], [share.low or 0.0, share.high or 0.0], color=figures.BLUE, linewidth=1.2)
    axes.plot([at], [share.value or 0.0], "o", color=figures.BLUE, markersize=6, label=label)


def _unit_square(axes: Axes) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")


def _score_range(score: Floats) -> tuple[float, float]:
    low, high = float(score.min()), float(score.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    room = max(abs(high), 1.0) * 0.01 if low == high else 0.0
    return low - room, high + room


def _thin(n: int) -> slice | np.ndarray[tuple[int], np.dtype[np.int64]]:
    if n <= MOST_POINTS:
        return slice(None)
    return np.unique(np.linspace(0, n - 1, MOST_POINTS).astype(np.int64))


def _cycle(looks: tuple[str, ...]) -> tuple[str, ...]:
    return looks * 100  # more than anyone gives cuts


def _folds(evaluation: Evaluation) -> dict[int, Estimate]:
    return evaluation.folds.by_fold if evaluation.folds else {}


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"
