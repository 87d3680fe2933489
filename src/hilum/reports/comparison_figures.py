"""The pictures of a comparison: the ROC curves over one another, and the differences as a forest plot.

Trap: a curve says nothing of the threshold, so each table's operating point is marked on its own curve.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hilum.evaluation.contrasts import AUROC, SENSITIVITY, SPECIFICITY
from hilum.evaluation.discrimination import roc_curve
from hilum.evaluation.table_comparison import Pair, TableComparison
from hilum.records import Estimate
from hilum.reports import figures
from hilum.reports.comparison_words import FIGURE_NAMES, films_text, short
from hilum.reports.document import Picture
from hilum.reports.evidence.figures import MARKERS, thin, unit_square

PICTURES = ("roc", "differences")
MOST_ROWS = 32  # of a forest plot
TESTED = (AUROC, SENSITIVITY, SPECIFICITY)
MOST_CURVES = 7  # in one picture; the palette has no more


def comparison_pictures(comparison: TableComparison) -> dict[str, Picture]:
    """The pictures that these films allow, by name."""
    drawn: dict[str, Picture] = {}
    if 0 < comparison.films.n_positive < comparison.films.n:
        drawn["roc"] = _picture("roc", draw_curves(comparison), _roc_caption(comparison), width_share=0.66)
    if any(one.estimate.low is not None for pair in comparison.pairs for one in pair.contrasts):
        drawn["differences"] = _picture(
            "differences", draw_differences(comparison), _forest_caption(comparison)
        )
    return drawn


def draw_curves(comparison: TableComparison) -> Figure:
    """The ROC curves of up to seven tables, each with its operating point; needs films of both labels."""
    films = comparison.films
    figure = figures.build_figure(5.6, 5.4)
    title = f"ROC curves\n{films_text(comparison)}"
    axes = figures.build_axes(figure, title=title, x="False-positive rate (1 - specificity)", y="Sensitivity")
    axes.plot([0, 1], [0, 1], color=figures.GREY, linestyle=":", linewidth=1)
    for at, table in enumerate(comparison.tables[:MOST_CURVES]):
        curve = roc_curve(films.truth, films.scores[at])
        colour, dash = figures.PALETTE[at], figures.DASHES[at % len(figures.DASHES)]
        kept = thin(curve.cuts.size)
        axes.plot(
            curve.false_positive_rate[kept], curve.sensitivity[kept], color=colour, linestyle=dash,
            linewidth=1.7, label=f"{short(table.name)}: AUC {_auc(table.auroc)}",
        )  # fmt: skip
        if table.performance is not None:
            counts = table.performance.counts
            axes.plot(
                counts.false_positive / counts.n_negative, counts.true_positive / counts.n_positive,
                MARKERS[at], color=colour, markeredgecolor="white", markersize=8,
            )  # fmt: skip
    unit_square(axes)
    figures.style_legend(axes, "lower right")
    return figure


def draw_differences(comparison: TableComparison) -> Figure:
    """Every difference that has an interval, by figure and then by pair; the margin is the dashed line."""
    rows = [
        (f"{name}: {_pair_text(comparison, pair)}", pair.contrast(figure).estimate, at)
        for figure, name in _drawn_figures(comparison).items()
        for at, pair in enumerate(comparison.pairs)
        if pair.contrast(figure).estimate.low is not None
    ]  # fmt: skip
    figure = figures.build_figure(7.4, 1.5 + 0.29 * len(rows))
    title = f"Differences, candidate less reference\n{films_text(comparison)}"
    axes = figures.build_axes(figure, title=title, x="Difference, 95 % interval")
    axes.axvline(0, color=figures.GREY, linewidth=1)
    if comparison.settings.margin is not None:
        axes.axvline(-comparison.settings.margin, color=figures.BLACK, linestyle="--", linewidth=1,
                     label=f"margin -{comparison.settings.margin:g}")  # fmt: skip
        figures.style_legend(axes, "best")
    for place, (_, estimate, at) in enumerate(rows):
        _whisker(axes, place, estimate, at)
    axes.set_yticks(range(len(rows)), [f"{name}  ({one.n:,})" for name, one, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(False, axis="y")
    return figure


def _drawn_figures(comparison: TableComparison) -> dict[str, str]:
    """All figures, or with many pairs the tested ones, or the AUC alone: as many as a page has rows for."""
    for chosen in (tuple(FIGURE_NAMES), TESTED, TESTED[:1]):
        if len(chosen) * len(comparison.pairs) <= MOST_ROWS:
            break
    return {figure: FIGURE_NAMES[figure] for figure in chosen}


def _whisker(axes: Axes, place: int, estimate: Estimate, pair: int) -> None:
    colour = figures.PALETTE[pair % len(figures.PALETTE)]
    low = np.nan if estimate.low is None else estimate.low
    high = np.nan if estimate.high is None else estimate.high
    axes.plot([low, high], [place, place], color=colour, linewidth=1.6)
    axes.plot([estimate.value or 0.0], [place], MARKERS[pair % len(MARKERS)], color=colour, markersize=5.5)


def _pair_text(comparison: TableComparison, pair: Pair) -> str:
    """The candidate's name; with the reference's where that is not always the same."""
    if comparison.settings.is_all_pairs and len(comparison.tables) > 2:
        return f"{short(pair.candidate)} less {short(pair.reference)}"
    return short(pair.candidate)


def _auc(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _roc_caption(comparison: TableComparison) -> str:
    more = len(comparison.tables) - MOST_CURVES
    left = f" {more} more tables are not drawn." if more > 0 else ""
    return (
        f"ROC curves on the same films, with AUC and 95 % interval; the marks are the operating points.{left}"
    )


def _forest_caption(comparison: TableComparison) -> str:
    margin = " The dashed line is the margin of non-inferiority." if comparison.settings.margin else ""
    if len(_drawn_figures(comparison)) < len(FIGURE_NAMES):
        margin += " Figures that are not drawn stand in the tables."
    return (
        "Differences with their 95 % intervals, and the films that each rests on. Right of 0 the "
        "candidate is "
        f"better, but for the Brier score, of which less is better.{margin}"
    )


def _picture(name: str, figure: Figure, caption: str, *, width_share: float = 1.0) -> Picture:
    return Picture(
        name=name,
        png=figures.png_bytes(figure),
        svg=figures.svg_bytes(figure),
        caption=caption,
        alternative=caption,
        width_share=width_share,
    )
