"""The labelled rows of a prediction table as arrays, with the way to resample them.

Trap: where a patient has several films an interval over films is too narrow; `is_clustered` says which holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hilum.errors import TableInvalid
from hilum.evaluation.cells import quoted
from hilum.evaluation.intervals import Resampling
from hilum.evaluation.vectors import Codes, Scores, Truth, cluster_codes
from hilum.records import Prediction

MOST_FILM_DRAWS = 100_000_000  # films times draws of a bootstrap: about ten seconds
FEWEST_DRAWS = 100


@dataclass(frozen=True, slots=True)
class LabelledFilms:
    """N films with label and score, and whose they are."""

    rows: tuple[Prediction, ...]
    truth: Truth  # (N,)
    score: Scores  # (N,)
    codes: Codes  # (N,) patients, as numbers
    has_patients: bool  # the table names at least one
    n_draws: int
    seed: int
    score_scale: float = 1.0  # the score that means certainty

    @property
    def n(self) -> int:
        return int(self.truth.size)

    @property
    def n_positive(self) -> int:
        return int(self.truth.sum())

    @property
    def n_patients(self) -> int:
        return int(self.codes.max()) + 1

    @property
    def is_clustered(self) -> bool:
        return self.n_patients < self.n

    @property
    def are_probabilities(self) -> bool:
        return bool(self.score.min() >= 0 and self.score.max() <= self.score_scale)

    @property
    def probability(self) -> Scores:
        """The score as a probability (N,); of use only where `are_probabilities`."""
        return self.score if self.score_scale == 1.0 else self.score / self.score_scale

    def resampling(self) -> Resampling:
        """A fresh start of the same draws, so that no figure depends on which was computed before it."""
        unit = "patient" if self.is_clustered else "film"
        return Resampling(self.codes, np.random.default_rng(self.seed), self.n_draws, unit)

    def clustered(self) -> Resampling | None:
        """How to resample where patients repeat; None where film by film is right."""
        return self.resampling() if self.is_clustered else None


def labelled_films(
    rows: Sequence[Prediction], *, n_draws: int, seed: int, score_scale: float | None = None
) -> LabelledFilms:
    """The rows that have a label.

    Args:
        score_scale: the score that means certainty, where stated; every labelled score must keep to it.

    Raises:
        TableInvalid: no row has a label, or a score lies outside the scale that was stated.
    """
    labelled = tuple(row for row in rows if row.label is not None)
    if not labelled:
        raise TableInvalid(f"none of the {len(rows)} rows has a label, so there is nothing to measure")
    if score_scale is not None:
        _check_scale(rows, score_scale)
    return LabelledFilms(
        rows=labelled,
        truth=np.array([row.label for row in labelled], dtype=np.bool_),
        score=np.array([row.score for row in labelled], dtype=np.float64),
        codes=cluster_codes(row.patient for row in labelled),
        has_patients=any(row.patient is not None for row in labelled),
        n_draws=draws_for(len(labelled), n_draws),
        seed=seed,
        score_scale=score_scale or 1.0,
    )


def _check_scale(rows: Sequence[Prediction], score_scale: float) -> None:
    for number, row in enumerate(rows, start=1):
        if row.label is not None and not 0 <= row.score <= score_scale:
            where = f"row {number} under the header (film {quoted(row.film)}), score {row.score!r}"
            raise TableInvalid(
                f"{where}: outside 0 to {score_scale:g}, which was stated as the score's scale"
            )


def draws_for(n: int, wanted: int) -> int:
    """Bootstrap draws for `n` films: as many as wanted, or as about ten seconds allow, but at least 100."""
    return min(wanted, max(MOST_FILM_DRAWS // n, FEWEST_DRAWS))
