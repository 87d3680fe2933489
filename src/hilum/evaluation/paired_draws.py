"""What chance does to several scores of the same films at once: every figure of each score in every sample.

All scores are read in the same samples of patients, so that a difference of two carries what they have in
common. Trap: a threshold that was chosen on these films is held in the samples, so its own chance is not in
the interval; `specificity_held` is read anew in each sample, and has it. Sources: Efron and Tibshirani 1993,
chapter 13; Field and Welsh 2007 (JRSS B 69:369) for resampling patients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hilum.evaluation.confusion import Flags
from hilum.evaluation.discrimination import Ranking, rank_films
from hilum.evaluation.intervals import Draws, Resampling, draw_patients
from hilum.evaluation.matching import MatchedFilms
from hilum.evaluation.partial_auc import standardised_area
from hilum.evaluation.resampled_ranking import StepCurve

FIGURES = ("auroc", "partial_auroc", "specificity_held", "sensitivity", "specificity", "brier")


@dataclass(frozen=True, slots=True)
class DrawSettings:
    """Where the curves are read off; rates in 0..1."""

    least_specificity: float  # of the partial AUC
    sensitivity: float  # at which `specificity_held` is read


@dataclass(frozen=True, slots=True)
class PairedDraws:
    """The figures of R scores on the films as they are, and in B samples of patients.

    NaN where there is none.
    """

    plain: dict[str, Draws]  # (R,), by the names of FIGURES
    drawn: dict[str, Draws]  # (B, R)


def paired_draws(
    films: MatchedFilms, flags: Sequence[Flags], *, settings: DrawSettings, resampling: Resampling
) -> PairedDraws:
    """Read all figures in all samples.

    Args:
        flags: R of (N,), whom each score flags at its threshold.
    """
    readers = [_Reader.of(films, at, flags[at]) for at in range(len(films.names))]
    plain = _figures(readers, np.ones(films.n), settings)
    drawn = np.empty((resampling.n_draws, *plain.shape))
    for draw in range(resampling.n_draws):
        drawn[draw] = _figures(readers, draw_patients(films.codes, rng=resampling.rng), settings)
    return PairedDraws(
        plain={name: plain[:, at] for at, name in enumerate(FIGURES)},
        drawn={name: drawn[:, :, at] for at, name in enumerate(FIGURES)},
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """One score made ready to be read in many samples."""

    ranking: Ranking
    hits: Draws  # (N,) 1 where a film with the finding is flagged
    clears: Draws  # (N,) 1 where one without is not
    errors: Draws | None  # (N,) squared, of scores that are probabilities
    positive: Draws  # (N,)

    @classmethod
    def of(cls, films: MatchedFilms, at: int, flags: Flags) -> _Reader:
        score, truth = films.scores[at], films.truth
        are_probabilities = bool(score.min() >= 0 and score.max() <= 1)
        return cls(
            ranking=rank_films(truth, score),
            hits=(truth & flags).astype(np.float64),
            clears=(~truth & ~flags).astype(np.float64),
            errors=(score - truth) ** 2 if are_probabilities else None,
            positive=truth.astype(np.float64),
        )


def _figures(readers: Sequence[_Reader], times: Draws, settings: DrawSettings) -> Draws:
    """The figures of every score where each film counts so many times: (R, F)."""
    return np.array([_of_one(reader, times, settings) for reader in readers])


def _of_one(reader: _Reader, times: Draws, settings: DrawSettings) -> tuple[float, ...]:
    n_positive, n = float(times @ reader.positive), float(times.sum())
    n_negative = n - n_positive
    area = partial = held = np.nan
    if n_positive and n_negative:
        curve = StepCurve.of_counts(*reader.ranking.counts(times[reader.ranking.order]))
        area = curve.area()
        width = 1 - settings.least_specificity
        partial = float(standardised_area(curve.partial_area(width), settings.least_specificity))
        held = float(curve.specificity_at(np.array([settings.sensitivity]))[0])
    return (
        area,
        partial,
        held,
        float(times @ reader.hits) / n_positive if n_positive else np.nan,
        float(times @ reader.clears) / n_negative if n_negative else np.nan,
        float(times @ reader.errors) / n if reader.errors is not None else np.nan,
    )
