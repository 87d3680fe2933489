"""The films of a calibration: labelled, weighted where the sample was, and who stands for a positive patient.

Trap: a film left out is a count in the report, never a silence; `n_unlabelled` goes with the films.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.errors import TableInvalid
from hilum.evaluation.cells import as_weight, quoted
from hilum.evaluation.intervals import wilson_by_patient
from hilum.evaluation.vectors import Codes, Scores, Truth, cluster_codes
from hilum.records import Estimate, Prediction

Members = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CalibrationFilms:
    """N films of both labels."""

    rows: tuple[Prediction, ...]
    truth: Truth  # (N,)
    score: Scores  # (N,)
    codes: Codes  # (N,) patients, as numbers
    n_patients: int
    weight: Scores | None  # (N,) above 0, people that a film stands for; None where all stand for as many
    n_unlabelled: int  # rows of the table that are not here
    has_patients: bool  # the table names at least one

    @property
    def n(self) -> int:
        return int(self.truth.size)

    @property
    def n_positive(self) -> int:
        return int(self.truth.sum())

    @property
    def is_clustered(self) -> bool:
        return self.n_patients < self.n

    def part(self, members: Members) -> CalibrationFilms:
        """Some of the films; they may lack a label."""
        return CalibrationFilms(
            rows=tuple(self.rows[at] for at in np.flatnonzero(members)),
            truth=self.truth[members],
            score=self.score[members],
            codes=self.codes[members],
            n_patients=int(np.unique(self.codes[members]).size),
            weight=None if self.weight is None else self.weight[members],
            n_unlabelled=0,
            has_patients=self.has_patients,
        )

    def share(self, flags: Members, *, label: bool) -> Estimate:
        """Of the films of a label, the share for which `flags` (N,) is right."""
        chosen = self.truth == label
        n = int(chosen.sum())
        if n == 0:
            kind = "positive" if label else "negative"
            return Estimate(None, None, None, n=0, n_positive=0, why=f"no {kind} film")
        weight = None if self.weight is None else self.weight[chosen]
        rate = wilson_by_patient(flags[chosen] == label, self.codes[chosen], weight)
        return Estimate(rate.value, rate.low, rate.high, n, n if label else 0, rate.method)


def calibration_films(rows: Sequence[Prediction], *, weight_column: str | None = None) -> CalibrationFilms:
    """The labelled rows, with weights where a column of them is named.

    Raises:
        TableInvalid: a label is missing altogether, or a weight is not a number above 0.
    """
    labelled = tuple(row for row in rows if row.label is not None)
    truth = np.array([row.label for row in labelled], dtype=np.bool_)
    if not labelled:
        raise TableInvalid(f"none of the {len(rows)} rows has a label, so there is nothing to calibrate on")
    if truth.all() or not truth.any():
        kind, other = ("positive", "negative") if truth.all() else ("negative", "positive")
        raise TableInvalid(
            f"all {len(labelled)} labelled films are {kind}; a threshold needs {other} films too"
        )
    codes = cluster_codes(row.patient for row in labelled)
    return CalibrationFilms(
        rows=labelled,
        truth=truth,
        score=np.array([row.score for row in labelled], dtype=np.float64),
        codes=codes,
        n_patients=int(codes.max()) + 1,
        weight=None if weight_column is None else _weights(rows, weight_column),
        n_unlabelled=len(rows) - len(labelled),
        has_patients=any(row.patient is not None for row in labelled),
    )


def _weights(rows: Sequence[Prediction], column: str) -> Scores:
    if column not in rows[0].extra:
        found = ", ".join(rows[0].extra) or "none besides those with a role"
        raise TableInvalid(f"no column {column!r} for the weights (other columns: {found})")
    weights = []
    for number, row in enumerate(rows, start=1):
        if row.label is None:
            continue
        try:
            weights.append(as_weight(row.extra[column]))
        except ValueError as error:
            where = f"row {number} under the header (film {quoted(row.film)}), column {column!r}"
            raise TableInvalid(f"{where}: {error}") from None
    return np.array(weights, dtype=np.float64)
