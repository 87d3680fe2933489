"""Every threshold of a sample with its counts, rates, and what it means to the programme.

A film is flagged where its score is at or above the threshold, so the lowest score as threshold flags all.
Trap: intervals of neighbouring thresholds rest on the same films; they say nothing of the best of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hilum.evaluation.calibration_films import CalibrationFilms
from hilum.evaluation.confusion import Confusion, Performance
from hilum.evaluation.intervals import wilson
from hilum.evaluation.predictive_values import PredictiveValues, predictive_values
from hilum.evaluation.programme import Outcome, Programme, outcome
from hilum.evaluation.vectors import Scores
from hilum.records import Estimate

MOST_THRESHOLDS = 2000
MOST_COMPARISONS = (
    100_000_000  # films times thresholds, where each threshold looks at each film: some seconds
)
FEWEST_THRESHOLDS = 100  # as WHO and TDR's tool has
_NONE = Estimate(None, None, None, n=0)


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """One threshold."""

    threshold: float
    counts: Confusion  # films of the sample
    sensitivity: Estimate
    specificity: Estimate
    values: PredictiveValues  # at the programme's prevalence
    outcome: Outcome

    def figures(self) -> dict[str, Estimate]:
        """Every figure by name, in the order of a table."""
        return {
            "sensitivity": self.sensitivity,
            "specificity": self.specificity,
            "positive_predictive_value": self.values.positive,
            "negative_predictive_value": self.values.negative,
            **self.outcome.figures(),
        }

    def as_json(self) -> dict[str, Any]:
        counts = {field.name: getattr(self.counts, field.name) for field in fields(self.counts)}
        figures = {name: figure.as_json() for name, figure in self.figures().items()}
        return {"threshold": self.threshold, "counts": counts, **figures}

    def cells(self) -> dict[str, float | int | None]:
        """The row of a flat table: `sensitivity`, `sensitivity_low`, `sensitivity_high`, and so on."""
        cells: dict[str, float | int | None] = {"threshold": self.threshold}
        cells |= {field.name: getattr(self.counts, field.name) for field in fields(self.counts)}
        for name, figure in self.figures().items():
            cells |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
        return cells


@dataclass(frozen=True, slots=True)
class ThresholdTable:
    """Rows by rising threshold."""

    rows: tuple[ThresholdRow, ...]
    n_distinct: int  # scores in the sample; more than there are rows where a grid was taken

    @property
    def is_grid(self) -> bool:
        return len(self.rows) < self.n_distinct


def threshold_table(
    films: CalibrationFilms, programme: Programme, *, always: Iterable[float] = ()
) -> ThresholdTable:
    """Every distinct score as threshold, or an even pick of the films where there are too many.

    Args:
        always: thresholds that are in the table whatever the pick.
    """
    distinct = np.unique(films.score)
    most = most_thresholds(films)
    picked = distinct
    if distinct.size > most:
        picked = np.quantile(films.score, np.linspace(0, 1, most), method="inverted_cdf")
    cuts = np.union1d(picked, np.fromiter(always, np.float64))
    return ThresholdTable(tuple(threshold_rows(films, cuts, programme)), distinct.size)


def most_thresholds(films: CalibrationFilms) -> int:
    """How many thresholds a table of these films may have."""
    if films.weight is None and not films.is_clustered:
        return MOST_THRESHOLDS
    return int(np.clip(MOST_COMPARISONS // films.n, FEWEST_THRESHOLDS, MOST_THRESHOLDS))


def threshold_rows(films: CalibrationFilms, cuts: Scores, programme: Programme) -> list[ThresholdRow]:
    """A row for each cut, in their order."""
    positives, negatives = np.sort(films.score[films.truth]), np.sort(films.score[~films.truth])
    missed = np.searchsorted(positives, cuts, side="left")
    cleared = np.searchsorted(negatives, cuts, side="left")
    rows = []
    for cut, n_missed, n_cleared in zip(cuts.tolist(), missed.tolist(), cleared.tolist(), strict=True):
        counts = Confusion(positives.size - n_missed, negatives.size - n_cleared, n_missed, n_cleared)
        rows.append(_row(films, cut, counts, programme))
    return rows


def threshold_row(films: CalibrationFilms, cut: float, programme: Programme) -> ThresholdRow:
    """The row of one cut."""
    return threshold_rows(films, np.array([cut]), programme)[0]


def _row(films: CalibrationFilms, cut: float, counts: Confusion, programme: Programme) -> ThresholdRow:
    found, cleared = _rates(films, cut, counts)
    rates = Performance(counts, _NONE, found, cleared, _NONE, _NONE, _NONE, _NONE)
    values = predictive_values(rates, programme.prevalence)
    return ThresholdRow(cut, counts, found, cleared, values, outcome(found, cleared, values, programme))


def _rates(films: CalibrationFilms, cut: float, counts: Confusion) -> tuple[Estimate, Estimate]:
    """Sensitivity and specificity; from the counts where each film is a patient that counts once."""
    if films.weight is None and not films.is_clustered and counts.n_positive and counts.n_negative:
        found = wilson(counts.true_positive, counts.n_positive)
        cleared = wilson(counts.true_negative, counts.n_negative)
        return (
            Estimate(found.value, found.low, found.high, found.n, found.n, found.method),
            Estimate(cleared.value, cleared.low, cleared.high, cleared.n, 0, cleared.method),
        )
    flags = films.score >= cut
    return films.share(flags, label=True), films.share(flags, label=False)
