"""How a comparison is worded: names of figures, p values, films.

Trap: a p value is never written as 0, nor a large one as proof that two are equal.
"""

from __future__ import annotations

from hilum.evaluation.table_comparison import TableComparison

# In the order of a report: by name of evaluation.paired_draws.FIGURES.
FIGURE_NAMES = {
    "auroc": "AUC",
    "partial_auroc": "Partial AUC",
    "specificity_held": "Specificity at held sensitivity",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "brier": "Brier score",
}
LONGEST_NAME = 26  # characters of a table's name in a figure or a cell


def p_text(p: float | None) -> str:
    """`0.0312`, `<0.0001`, or a dash where nothing was tested."""
    if p is None:
        return "–"
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"


def films_text(comparison: TableComparison) -> str:
    """`550 films, 287 with the finding`."""
    return f"{comparison.films.n:,} films, {comparison.films.n_positive:,} with the finding"


def short(name: str) -> str:
    """The name, cut where it is too long for its place."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
