"""Which figures a table allows, drawn as the pictures of a document.

Trap: `NAMES` lists every picture that any run may write, so that a second run can take away the first's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from hilum.evaluation.summary import Evaluation
from hilum.reports import figures
from hilum.reports.document import Picture
from hilum.reports.evidence import figures as drawing
from hilum.reports.evidence.forest import draw_forest, draw_forests
from hilum.reports.evidence.groups import forest_rows
from hilum.reports.evidence.wording import point_words

WIDEST_SCORE = 1e100  # beyond any real score, and near where an axis overflows


@dataclass(frozen=True, slots=True)
class Drawing:
    """How one picture is drawn, when it can be, and what stands under it."""

    draw: Callable[[Evaluation], Figure]
    is_possible: Callable[[Evaluation], bool]
    caption: str
    width_share: float = 0.62


def build_pictures(evaluation: Evaluation) -> dict[str, Picture]:
    """The pictures that this table allows, by name."""
    return {name: _picture(name, one, evaluation) for name, one in drawable(evaluation).items()}


def drawable(evaluation: Evaluation) -> dict[str, Drawing]:
    """The drawings that this table allows, by name."""
    return {name: one for name, one in DRAWINGS.items() if one.is_possible(evaluation)}


def _picture(name: str, one: Drawing, evaluation: Evaluation) -> Picture:
    figure = one.draw(evaluation)
    return Picture(
        name=name,
        png=figures.png_bytes(figure),
        svg=figures.svg_bytes(figure),
        caption=one.caption,
        alternative=f"{one.caption} {drawing.films_text(evaluation)}.",
        width_share=one.width_share,
    )


def _draw_subgroups(evaluation: Evaluation) -> Figure:
    return draw_forest(
        forest_rows(evaluation),
        title=f"AUC by {'fold and ' if evaluation.folds else ''}subgroup",
        measure="AUC",
    )


def _draw_rates(evaluation: Evaluation) -> Figure:
    point = evaluation.groups.point
    name = "" if point is None else f" at {point_words(point, 4)}"
    return draw_forests(
        {
            "Sensitivity": forest_rows(evaluation, "sensitivity"),
            "Specificity": forest_rows(evaluation, "specificity"),
        },
        title=f"By subgroup{name}",
    )


def _has_both(evaluation: Evaluation) -> bool:
    return 0 < evaluation.films.n_positive < evaluation.films.n


DRAWINGS = {
    "roc": Drawing(drawing.draw_roc, _has_both, "ROC curve; the marks are the operating points.", 0.5),
    "precision_recall": Drawing(
        drawing.draw_precision_recall,
        _has_both,
        "Precision against recall; it depends on the share of films with the finding in this table.",
        width_share=0.5,
    ),
    "scores": Drawing(
        drawing.draw_scores,
        lambda evaluation: bool(np.abs(evaluation.films.score).max() < WIDEST_SCORE),
        "Scores of films with and without the finding.",
        width_share=0.8,
    ),
    "reliability": Drawing(
        drawing.draw_reliability,
        lambda evaluation: bool(evaluation.calibration.bins),
        "Share of films with the finding against the score, by bin, and the films of each bin.",
        width_share=0.5,
    ),
    "confusion": Drawing(
        drawing.draw_confusion,
        lambda evaluation: bool(evaluation.operating_points),
        "Confusion tables; per cent of the row.",
        width_share=1.0,
    ),
    "subgroups": Drawing(
        _draw_subgroups,
        lambda evaluation: bool(evaluation.subgroups or evaluation.folds) and _has_both(evaluation),
        "AUC by group, films with the finding of all films beside each; the dotted line is the whole table.",
        width_share=0.85,
    ),
    "subgroups_rates": Drawing(
        _draw_rates,
        lambda evaluation: bool(evaluation.subgroups) and evaluation.groups.point is not None,
        "Sensitivity and specificity by subgroup; the dotted line is all films.",
        width_share=1.0,
    ),
    "risk_coverage": Drawing(
        drawing.draw_risk_coverage,
        lambda evaluation: evaluation.risk_coverage is not None,
        "Error among the films kept against the share kept, those nearest to the threshold left out first.",
        width_share=0.72,
    ),
    "decision_curve": Drawing(
        drawing.draw_decision_curve,
        lambda evaluation: bool(evaluation.decision_curve.points),
        "Decision curve: net benefit per person of acting on the score, on all, and on none.",
        width_share=0.72,
    ),
}
NAMES = tuple(DRAWINGS)
