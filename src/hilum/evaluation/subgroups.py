"""The same figure by site, sex, and age band, and by fold of a cross-validation.

Trap: a small group's AUC swings by chance; read it with its counts and interval, never as a ranking of sites.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hilum.evaluation.discrimination import auroc, auroc_clustered
from hilum.records import Estimate, Prediction

# The lower ends of WHO's age bands for tuberculosis (Global Tuberculosis Report), in years.
AGE_BANDS = (0, 5, 15, 25, 35, 45, 55, 65)
MOST_GROUPS = 20  # a column with more groups, as many sites may be, shows its largest
NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Subgroup:
    """The AUC of the films that share one value of a column."""

    column: str  # "site", "sex", "age"
    group: str
    auroc: Estimate

    def as_json(self) -> dict[str, Any]:
        return {"column": self.column, "group": self.group, "auroc": self.auroc.as_json()}


@dataclass(frozen=True, slots=True)
class FoldAurocs:
    """The AUC of each fold; the standard deviation is between folds and is no interval."""

    by_fold: dict[int, Estimate]
    mean: float | None
    standard_deviation: float | None

    def as_json(self) -> dict[str, Any]:
        return {
            "by_fold": {str(fold): area.as_json() for fold, area in self.by_fold.items()},
            "mean": self.mean,
            "standard_deviation": self.standard_deviation,
        }


def age_band(age_years: float | None) -> str | None:
    """`15-24` for 15.0 up to, but not, 25; `65+` for the last."""
    if age_years is None:
        return None
    at = max(i for i, low in enumerate(AGE_BANDS) if age_years >= low)
    return f"{AGE_BANDS[at]}-{AGE_BANDS[at + 1] - 1}" if at + 1 < len(AGE_BANDS) else f"{AGE_BANDS[at]}+"


GROUPINGS: dict[str, Callable[[Prediction], str | None]] = {
    "site": lambda row: row.site,
    "sex": lambda row: row.sex,
    "age": lambda row: age_band(row.age_years),
}


def subgroup_aurocs(rows: Sequence[Prediction], *, n_draws: int, seed: int) -> list[Subgroup]:
    """AUC by site, sex, and age band, for each of the three that has at least two groups.

    Args:
        rows: films with a label.
    """
    found = []
    for column, group_of in GROUPINGS.items():
        named = [group_of(row) for row in rows]
        sizes = Counter(name for name in named if name is not None)
        if len(sizes) + (None in named) < 2 or not sizes:
            continue
        shown: list[str | None] = [name for name, _ in sizes.most_common(MOST_GROUPS)]
        for name in [*sorted(shown, key=_order), *([None] if None in named else [])]:
            members = [row for row, own in zip(rows, named, strict=True) if own == name]
            area = rows_auroc(members, n_draws=n_draws, seed=seed)
            found.append(Subgroup(column, NOT_STATED if name is None else name, area))
    return found


def fold_aurocs(rows: Sequence[Prediction]) -> FoldAurocs | None:
    """AUC by fold, over the rows that state one; None where fewer than two folds are stated."""
    folds = sorted({row.fold for row in rows if row.fold is not None})
    if len(folds) < 2:
        return None
    by_fold = {}
    for fold in folds:
        inside = [row for row in rows if row.fold == fold]
        by_fold[fold] = auroc(*_columns(inside))
    values = [area.value for area in by_fold.values() if area.value is not None]
    return FoldAurocs(
        by_fold=by_fold,
        mean=float(np.mean(values)) if values else None,
        standard_deviation=float(np.std(values, ddof=1)) if len(values) > 1 else None,
    )


def rows_auroc(rows: Sequence[Prediction], *, n_draws: int, seed: int) -> Estimate:
    """The AUC of labelled rows: DeLong's interval, or by patient where a patient has several films."""
    truth, score = _columns(rows)
    patients = [row.patient for row in rows if row.patient is not None]
    if len(set(patients)) == len(patients):
        return auroc(truth, score)
    return auroc_clustered(truth, score, [row.patient for row in rows], n_draws=n_draws, seed=seed)


def _columns(rows: Sequence[Prediction]) -> tuple[list[int], list[float]]:
    """Labels and scores of the labelled rows."""
    labelled = [(row.label, row.score) for row in rows if row.label is not None]
    return [label for label, _ in labelled], [score for _, score in labelled]


def _order(name: str | None) -> tuple[int, str]:
    text = name or ""
    digits = text.rstrip("+").partition("-")[0]
    return (int(digits) if digits.isdecimal() else 0, text)  # age bands by age, all else by name
