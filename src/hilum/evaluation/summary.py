"""All that a prediction table says of its score, as one record.

Trap: rows without a label are counted and left out; every figure's `n` counts labelled films alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from hilum.evaluation.calibration import Bin, brier, ece, reliability
from hilum.evaluation.caveats import caveats
from hilum.evaluation.confusion import Performance, performance
from hilum.evaluation.discrimination import (
    Floats,
    RankingDraws,
    auroc,
    average_precision,
    bootstrap_ranking,
    clustered_auroc_from,
)
from hilum.evaluation.intervals import CONFIDENCE, N_DRAWS, from_draws, unless_alike
from hilum.evaluation.labelled import LabelledFilms, labelled_films
from hilum.evaluation.operating_points import (
    WHO_SENSITIVITY,
    at_threshold,
    cross_fitted,
    threshold_for_sensitivity,
    youden_threshold,
)
from hilum.evaluation.subgroups import FoldAurocs, Subgroup, fold_aurocs, subgroup_aurocs
from hilum.evaluation.vectors import Scores, Truth
from hilum.records import Estimate, Prediction

OPTIMISTIC = "optimistic: chosen on these films"
GIVEN = "given"
GRID = np.linspace(0, 1, 201)  # false-positive rates of the ROC band

Choice = Callable[[Truth, Scores], float]


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """What to measure."""

    thresholds: tuple[float, ...] = ()  # on the score's own scale
    sensitivities: tuple[float, ...] = (WHO_SENSITIVITY,)  # each above 0, up to 1
    n_draws: int = N_DRAWS  # of each bootstrap; very large tables get fewer, and say so
    seed: int = 0


@dataclass(frozen=True, slots=True)
class RocBand:
    """The pointwise interval of sensitivity over false-positive rates; (G,) each."""

    false_positive_rate: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Discrimination:
    """How well the score ranks; `auroc` is by patient where patients repeat, and DeLong's where not."""

    auroc: Estimate
    auroc_by_film: Estimate
    auroc_by_patient: Estimate
    average_precision: Estimate
    roc_band: RocBand | None  # None where a class is missing

    def as_json(self) -> dict[str, Any]:
        return {
            "auroc": self.auroc.as_json(),
            "auroc_by_film": self.auroc_by_film.as_json(),
            "auroc_by_patient": self.auroc_by_patient.as_json(),
            "average_precision": self.average_precision.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether the score is the probability it looks like."""

    brier: Estimate
    expected_calibration_error: Estimate
    bins: tuple[Bin, ...]  # empty where scores are not in 0..1

    def as_json(self) -> dict[str, Any]:
        return {
            "brier": self.brier.as_json(),
            "expected_calibration_error": self.expected_calibration_error.as_json(),
            "bins": [asdict(one) | {"observed": one.observed.as_json()} for one in self.bins],
        }


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A cut, where it came from, and what it does on these films."""

    name: str
    threshold: float
    source: str  # GIVEN or OPTIMISTIC
    performance: Performance
    cross_fitted: Performance | None = None  # each fold cut as the other folds chose: not optimistic

    def as_json(self) -> dict[str, Any]:
        fair = self.cross_fitted.as_json() if self.cross_fitted else None
        head = {"name": self.name, "threshold": self.threshold, "source": self.source}
        return {**head, **self.performance.as_json(), "cross_fitted": fair}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A prediction table measured."""

    settings: EvaluationSettings
    films: LabelledFilms
    n_unlabelled: int
    caveats: tuple[str, ...]
    discrimination: Discrimination
    calibration: Calibration
    operating_points: tuple[OperatingPoint, ...]
    folds: FoldAurocs | None
    subgroups: tuple[Subgroup, ...]

    def as_json(self) -> dict[str, Any]:
        """The figures as plain JSON values."""
        return {
            "settings": asdict(self.settings),
            "n_rows": self.films.n + self.n_unlabelled,
            "n_unlabelled": self.n_unlabelled,
            "n": self.films.n,
            "n_positive": self.films.n_positive,
            "n_patients": self.films.n_patients if self.films.has_patients else None,
            "caveats": list(self.caveats),
            **self.discrimination.as_json(),
            **self.calibration.as_json(),
            "operating_points": [point.as_json() for point in self.operating_points],
            "folds": self.folds.as_json() if self.folds else None,
            "subgroups": [group.as_json() for group in self.subgroups],
        }


def summarise(rows: Sequence[Prediction], settings: EvaluationSettings | None = None) -> Evaluation:
    """Measure the labelled rows of a prediction table.

    Raises:
        TableInvalid: no row has a label.
    """
    settings = settings or EvaluationSettings()
    films = labelled_films(rows, n_draws=settings.n_draws, seed=settings.seed)
    discrimination = measure_discrimination(films)
    sentences = caveats(films, n_rows=len(rows), n_draws_wanted=settings.n_draws, auroc=discrimination.auroc)
    return Evaluation(
        settings=settings,
        films=films,
        n_unlabelled=len(rows) - films.n,
        caveats=tuple(sentences),
        discrimination=discrimination,
        calibration=measure_calibration(films),
        operating_points=tuple(measure_operating_points(films, settings)),
        folds=fold_aurocs(films.rows),
        subgroups=tuple(subgroup_aurocs(films.rows, n_draws=films.n_draws, seed=films.seed)),
    )


def measure_discrimination(films: LabelledFilms) -> Discrimination:
    """AUC both ways, average precision, and the band of the ROC curve."""
    by_film = auroc(films.truth, films.score)
    precision = average_precision(films.truth, films.score)
    if by_film.value is None:
        precision = replace(precision, why=precision.why or f"no interval: {by_film.why}")
        return Discrimination(by_film, by_film, by_film, precision, roc_band=None)
    draws = bootstrap_ranking(films.truth, films.score, films.resampling(), grid=GRID)
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
        average_precision=unless_alike(from_draws(precision, draws.average_precision, unit=unit)),
        roc_band=_band(draws),
    )


def measure_calibration(films: LabelledFilms) -> Calibration:
    """Brier score, calibration error, and bins; not estimated where a score lies outside 0..1."""
    if not films.are_probabilities:
        absent = Estimate(
            None, None, None, n=films.n, n_positive=films.n_positive, why="scores are not all in 0..1"
        )
        return Calibration(absent, absent, bins=())
    return Calibration(
        brier=brier(films.truth, films.score, codes=films.codes if films.is_clustered else None),
        expected_calibration_error=ece(films.truth, films.score, resampling=films.resampling()),
        bins=tuple(reliability(films.truth, films.score)),
    )


def measure_operating_points(films: LabelledFilms, settings: EvaluationSettings) -> list[OperatingPoint]:
    """The given cuts, then those chosen on these films, which need both labels."""
    points = [
        OperatingPoint(f"threshold {cut:g}", cut, GIVEN, _at(films, cut))
        for cut in dict.fromkeys(settings.thresholds)
    ]
    if 0 < films.n_positive < films.n:
        points += [_chosen(films, name, choose) for name, choose in _choices(settings).items()]
    return points


def _choices(settings: EvaluationSettings) -> dict[str, Choice]:
    wanted = dict.fromkeys(settings.sensitivities)
    by_sensitivity = {_name(least): partial(_reach, sensitivity=least) for least in wanted}
    return {"Youden": youden_threshold, **by_sensitivity}


def _name(sensitivity: float) -> str:
    who = " (WHO)" if sensitivity == WHO_SENSITIVITY else ""
    return f"sensitivity >= {max(f'{sensitivity:.2f}', f'{sensitivity:g}', key=len)}{who}"


def _reach(truth: Truth, score: Scores, *, sensitivity: float) -> float:
    return threshold_for_sensitivity(truth, score, sensitivity)


def _chosen(films: LabelledFilms, name: str, choose: Choice) -> OperatingPoint:
    cut = choose(films.truth, films.score)
    return OperatingPoint(name, cut, OPTIMISTIC, _at(films, cut), _cross_fitted(films, choose))


def _at(films: LabelledFilms, cut: float) -> Performance:
    return at_threshold(films.truth, films.score, cut, resampling=films.clustered())


def _cross_fitted(films: LabelledFilms, choose: Choice) -> Performance | None:
    """None where a film has no fold, there is one fold, or the films outside a fold lack a label."""
    folds = [row.fold for row in films.rows if row.fold is not None]
    if len(folds) < films.n or len(set(folds)) < 2:
        return None
    fold = np.array(folds, dtype=np.int64)
    outside = [films.truth[fold != number] for number in set(folds)]
    if any(not labels.any() or labels.all() for labels in outside):
        return None
    return performance(
        films.truth, cross_fitted(films.truth, films.score, fold, choose=choose), films.clustered()
    )


def _band(draws: RankingDraws) -> RocBand | None:
    proper = draws.sensitivity[~np.isnan(draws.auroc)]
    if not len(proper):
        return None
    low, high = np.quantile(proper, [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2], axis=0)
    return RocBand(GRID, low, high)
