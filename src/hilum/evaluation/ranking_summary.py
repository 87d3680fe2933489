"""How well a table's score ranks, with every interval that the reports show.

Trap: `auroc` is the headline: over patients where patients repeat, DeLong's where not.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from hilum.evaluation.adjusted_auc import AdjustedAuc, adjusted_auroc, people_alike
from hilum.evaluation.discrimination import Floats, auroc, average_precision, rank_films
from hilum.evaluation.grouping import group_names
from hilum.evaluation.intervals import CONFIDENCE, Draws, from_draws, newcombe_auc, unless_alike
from hilum.evaluation.labelled import LabelledFilms
from hilum.evaluation.partial_auc import PartialAuc, partial_auroc_from
from hilum.evaluation.resampled_ranking import (
    CurvePoints,
    RankingDraws,
    StepCurve,
    bootstrap_ranking,
    clustered_auroc_from,
)
from hilum.evaluation.vectors import count_patients
from hilum.records import Estimate

GRID = np.linspace(0, 1, 201)  # false-positive rates of the ROC band
RECALLS = np.linspace(0.005, 1, 200)  # of the precision band; at recall 0 there is no precision


@dataclass(frozen=True, slots=True)
class RankingSettings:
    """Where to read the curves off; rates in 0..1."""

    least_specificity: float  # of the partial AUC
    sensitivities: tuple[float, ...]
    specificities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RocBand:
    """The pointwise interval of sensitivity over false-positive rates; (G,) each."""

    false_positive_rate: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class PrecisionBand:
    """The pointwise interval of precision over recall; (G,) each."""

    recall: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class StatedRate:
    """One rate where the other is held: read off the ROC curve, so no cut is chosen or reported."""

    figure: str  # "sensitivity" or "specificity"
    held: str  # the other
    held_at: float  # 0..1
    estimate: Estimate

    @property
    def name(self) -> str:
        return f"{self.figure} at {self.held} {max(f'{self.held_at:.2f}', f'{self.held_at:g}', key=len)}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"name": self.name, "estimate": self.estimate.as_json()}


@dataclass(frozen=True, slots=True)
class Discrimination:
    """How well the score ranks; `auroc` is by patient where patients repeat, and DeLong's where not."""

    auroc: Estimate
    auroc_by_film: Estimate
    auroc_by_patient: Estimate
    auroc_newcombe: Estimate  # the interval that holds where a label has few patients; counts patients
    average_precision: Estimate
    roc_band: RocBand | None  # None where a class is missing, as the next
    precision_band: PrecisionBand | None
    partial: PartialAuc
    stated_rates: tuple[StatedRate, ...]
    adjusted: AdjustedAuc

    def as_json(self) -> dict[str, Any]:
        return {
            "auroc": self.auroc.as_json(),
            "auroc_by_film": self.auroc_by_film.as_json(),
            "auroc_by_patient": self.auroc_by_patient.as_json(),
            "auroc_newcombe": self.auroc_newcombe.as_json(),
            "average_precision": self.average_precision.as_json(),
            "partial_auroc": self.partial.as_json(),
            "stated_rates": [rate.as_json() for rate in self.stated_rates],
            "adjusted_auroc": self.adjusted.as_json(),
        }


def measure_discrimination(films: LabelledFilms, settings: RankingSettings) -> Discrimination:
    """AUC both ways, whole, partial, and adjusted, average precision, bands, and rates at stated rates."""
    by_film = auroc(films.truth, films.score)
    precision = average_precision(films.truth, films.score)
    partial = partial_auroc_from(films.truth, films.score, least_specificity=settings.least_specificity)
    adjusted = measure_adjusted(films)
    if by_film.value is None:
        precision = replace(precision, why=precision.why or f"no interval: {by_film.why}")
        rates = _stated_rates(films, settings, None)
        return Discrimination(
            by_film, by_film, by_film, by_film, precision, None, None, partial, rates, adjusted
        )
    draws = bootstrap_ranking(films.truth, films.score, films.resampling(), points=_points(settings))
    by_patient = replace(
        by_film, value=None, low=None, high=None, method="", why="no patient has several films"
    )
    if films.is_clustered:
        by_patient = clustered_auroc_from(films.truth, films.score, codes=films.codes, draws=draws.auroc)
    unit = films.resampling().unit
    return Discrimination(
        auroc=by_patient if films.is_clustered else by_film,
        auroc_by_film=by_film,
        auroc_by_patient=by_patient,
        auroc_newcombe=_newcombe(films, by_film),
        average_precision=unless_alike(from_draws(precision, draws.average_precision, unit=unit)),
        roc_band=_roc_band(draws),
        precision_band=_precision_band(draws),
        partial=partial.with_draws(draws.partial_area, unit=unit),
        stated_rates=_stated_rates(films, settings, draws),
        adjusted=adjusted,
    )


def _newcombe(films: LabelledFilms, by_film: Estimate) -> Estimate:
    patients = [count_patients(films.codes[part]) for part in (films.truth, ~films.truth)]
    wide = newcombe_auc(by_film.value or 0.0, *patients)
    method = "Newcombe over patients" if films.is_clustered else "Newcombe"
    return replace(wide, n=films.n, n_positive=films.n_positive, method=method)


def measure_adjusted(films: LabelledFilms) -> AdjustedAuc:
    """The AUC within strata of sex and age band, of whichever the table states."""
    strata, made_of = people_alike(group_names(films.rows, "sex"), group_names(films.rows, "age"))
    return adjusted_auroc(
        films.truth, films.score, strata, resampling=films.resampling(), adjusted_for=made_of
    )


def _points(settings: RankingSettings) -> CurvePoints:
    held = 1 - np.array(settings.specificities, np.float64)
    return CurvePoints(
        false_positive_rates=np.r_[GRID, held],
        recalls=RECALLS,
        sensitivities=np.array(settings.sensitivities, np.float64),
        most_false_positives=1 - settings.least_specificity,
    )


def _stated_rates(
    films: LabelledFilms, settings: RankingSettings, draws: RankingDraws | None
) -> tuple[StatedRate, ...]:
    """Sensitivities at the stated specificities, then the reverse; without draws there are no values."""
    asked = [("sensitivity", "specificity", at) for at in settings.specificities]
    asked += [("specificity", "sensitivity", at) for at in settings.sensitivities]
    if draws is None:
        none = Estimate(None, None, None, films.n, films.n_positive, why="it takes films of both labels")
        return tuple(StatedRate(*one, none) for one in asked)
    curve = StepCurve.of_counts(*rank_films(films.truth, films.score).counts())
    points = _points(settings)
    values = [*curve.sensitivity_at(points.false_positive_rates[GRID.size :])]
    values += [*curve.specificity_at(points.sensitivities)]
    columns = np.concatenate([draws.sensitivity[:, GRID.size :], draws.specificity], axis=1).T
    plain = Estimate(None, None, None, films.n, films.n_positive)
    unit = films.resampling().unit
    found = []
    for one, value, column in zip(asked, values, columns, strict=True):
        estimate = from_draws(replace(plain, value=float(value)), column, unit=unit)
        found.append(StatedRate(*one, unless_alike(estimate)))
    return tuple(found)


def _roc_band(draws: RankingDraws) -> RocBand | None:
    ends = _band(draws.sensitivity[:, : GRID.size])
    return RocBand(GRID, *ends) if ends else None


def _precision_band(draws: RankingDraws) -> PrecisionBand | None:
    ends = _band(draws.precision)
    return PrecisionBand(RECALLS, *ends) if ends else None


def _band(curves: Draws) -> tuple[Floats, Floats] | None:
    proper = curves[~np.isnan(curves).any(axis=1)]
    if not len(proper):
        return None
    low, high = np.quantile(proper, [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2], axis=0)
    return low, high
