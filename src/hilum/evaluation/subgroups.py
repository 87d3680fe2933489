"""The same figures by site, sex, age band, and any other column, and by fold of a cross-validation.

Trap: a small group's figure swings by chance; read it with its counts and interval, never as a ranking of
sites. Under `LEAST_FILMS` films of a label a group's figure is not estimated at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.evaluation.discrimination import FEWEST_FOR_DELONG, auroc
from hilum.evaluation.grouping import NOT_STATED, UNSTATED, Grouping
from hilum.evaluation.intervals import newcombe_auc, normal_quantile, unless_alike, wilson_by_patient
from hilum.evaluation.labelled import LabelledFilms
from hilum.evaluation.obuchowski import auroc_by_patient
from hilum.evaluation.vectors import Codes, Scores, Truth, count_patients, renumbered
from hilum.records import Estimate, Prediction

LEAST_FILMS = 10  # of a label; a Wilson interval of 10 films is up to 53 points wide
FIGURES = ("auroc", "sensitivity", "specificity", "calibration_gap")
Members = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Subgroup:
    """The figures of the films that share one value of a column."""

    column: str  # "site", "sex", "age", or as the table calls it
    group: str
    n_patients: int
    auroc: Estimate
    sensitivity: Estimate  # at the evaluation's subgroup point
    specificity: Estimate
    calibration_gap: Estimate  # mean probability less share of positives: above 0 is too high

    def figures(self) -> dict[str, Estimate]:
        """The four figures by name."""
        return {name: getattr(self, name) for name in FIGURES}

    def as_json(self) -> dict[str, Any]:
        head = {"column": self.column, "group": self.group, "n_patients": self.n_patients}
        return head | {name: figure.as_json() for name, figure in self.figures().items()}


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


@dataclass(frozen=True, slots=True)
class FilmVectors:
    """All labelled films by falling score, so that the ranking of any part of them needs no new sort."""

    order: npt.NDArray[np.intp]  # (N,) film numbers
    truth: Truth  # (N,) in that order, as the others
    score: Scores
    codes: Codes
    flags: npt.NDArray[np.bool_] | None  # None where there is no cut
    score_scale: float | None  # that makes the score a probability; None where none does

    @classmethod
    def of_films(cls, films: LabelledFilms, cut: float | None) -> FilmVectors:
        order = np.argsort(-films.score, kind="stable")
        score = films.score[order]
        return cls(
            order=order,
            truth=films.truth[order],
            score=score,
            codes=films.codes[order],
            flags=None if cut is None else score >= cut,
            score_scale=films.score_scale if films.are_probabilities else None,
        )

    def measured(self, members: Members, *, column: str, group: str) -> Subgroup:
        """The figures of some of the films.

        Args:
            members: (N,) in this order.
        """
        part = FilmVectors(
            self.order[members], self.truth[members], self.score[members], self.codes[members],
            None if self.flags is None else self.flags[members], self.score_scale,
        )  # fmt: skip
        return Subgroup(
            column=column,
            group=group,
            n_patients=count_patients(part.codes),
            auroc=_auroc(part),
            sensitivity=_share(part, label=True),
            specificity=_share(part, label=False),
            calibration_gap=_calibration_gap(part),
        )


def subgroups(vectors: FilmVectors, groups: Grouping) -> list[Subgroup]:
    """The figures of each group that is shown, then of the films that state none."""
    codes = groups.codes[vectors.order]
    found = [
        vectors.measured(codes == at, column=groups.column, group=groups.names[at]) for at in groups.shown
    ]
    if (codes == UNSTATED).any():
        found.append(vectors.measured(codes == UNSTATED, column=groups.column, group=NOT_STATED))
    return found


def _auroc(part: FilmVectors) -> Estimate:
    area = auroc_by_patient(part.truth, part.score, part.codes)
    n_positive = int(part.truth.sum())
    n_negative = part.truth.size - n_positive
    few = _few(n_positive, "positive") or _few(n_negative, "negative")
    if area.value is None or few:
        return _unestimated(area, few) if few and area.value is not None else area
    patients = [count_patients(part.codes[own]) for own in (part.truth, ~part.truth)]
    if min(patients) >= FEWEST_FOR_DELONG:
        return area
    wide = newcombe_auc(area.value, *patients)
    method = "Newcombe" if sum(patients) == part.truth.size else "Newcombe over patients"
    return replace(area, low=wide.low, high=wide.high, method=method, why="")


def _share(part: FilmVectors, *, label: bool) -> Estimate:
    """Sensitivity (of the films with the finding), or specificity (of those without)."""
    chosen = part.truth == label
    n, kind = int(chosen.sum()), "positive" if label else "negative"
    none = Estimate(None, None, None, n=n, n_positive=n if label else 0)
    if part.flags is None:
        return replace(none, why="there is no cut to judge at")
    if n < LEAST_FILMS:
        return replace(none, why=_few(n, kind))
    rate = wilson_by_patient(part.flags[chosen] == label, part.codes[chosen])
    return replace(rate, n_positive=none.n_positive)


def _calibration_gap(part: FilmVectors) -> Estimate:
    n, n_positive = part.truth.size, int(part.truth.sum())
    none = Estimate(None, None, None, n=n, n_positive=n_positive)
    if part.score_scale is None:
        return replace(none, why="scores are not all in 0..1")
    if n < LEAST_FILMS:
        return replace(none, why=_few(n, ""))
    gaps = part.score / part.score_scale - part.truth
    value = float(gaps.mean())
    sums = np.bincount(renumbered(part.codes), weights=gaps - value)
    if sums.size < LEAST_FILMS:
        return replace(none, why=f"not estimable: films of {sums.size} patients, and it takes {LEAST_FILMS}")
    half = normal_quantile() * float(np.sqrt(sums.size / (sums.size - 1) * (sums @ sums))) / n
    method = "normal" if sums.size == n else "normal, by patient"
    return unless_alike(Estimate(value, value - half, value + half, n, n_positive, method))


def _few(n: int, kind: str) -> str:
    if n >= LEAST_FILMS:
        return ""
    films = f"{kind} film{'' if n == 1 else 's'}".strip()
    return f"not estimable: {n or 'no'} {films}, and it takes {LEAST_FILMS}"


def _unestimated(estimate: Estimate, why: str) -> Estimate:
    return replace(estimate, value=None, low=None, high=None, method="", why=why)


def fold_aurocs(rows: Sequence[Prediction]) -> FoldAurocs | None:
    """AUC by fold, over the rows that state one; None where fewer than two folds are stated."""
    stated = [
        (row.fold, row.label, row.score) for row in rows if row.fold is not None and row.label is not None
    ]
    if len({fold for fold, *_ in stated}) < 2:
        return None
    fold, label, score = (np.array(column) for column in zip(*stated, strict=True))
    by_fold = {int(one): auroc(label[fold == one], score[fold == one]) for one in np.unique(fold)}
    values = [area.value for area in by_fold.values() if area.value is not None]
    return FoldAurocs(
        by_fold=by_fold,
        mean=float(np.mean(values)) if values else None,
        standard_deviation=float(np.std(values, ddof=1)) if len(values) > 1 else None,
    )
