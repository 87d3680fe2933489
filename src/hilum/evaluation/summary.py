"""All that a prediction table says of its score, as one record.

Trap: rows without a label are counted and left out; every figure's `n` counts labelled films alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hilum.errors import SettingsInvalid
from hilum.evaluation.calibration_summary import Calibration, measure_calibration, measure_decisions
from hilum.evaluation.caveats import caveats
from hilum.evaluation.cuts import GIVEN, OPTIMISTIC, CutSettings, OperatingPoint, measure_operating_points
from hilum.evaluation.decision_curve import DecisionCurve
from hilum.evaluation.fairness import Gap, Interaction, gaps, interactions
from hilum.evaluation.grouping import ALWAYS, Grouping, grouping
from hilum.evaluation.intervals import N_DRAWS
from hilum.evaluation.labelled import LabelledFilms, labelled_films
from hilum.evaluation.operating_points import WHO_SENSITIVITY
from hilum.evaluation.partial_auc import WHO_SPECIFICITY
from hilum.evaluation.ranking_summary import Discrimination, RankingSettings, measure_discrimination
from hilum.evaluation.risk_coverage import RiskCoverage, measure_risk_coverage
from hilum.evaluation.subgroups import FilmVectors, FoldAurocs, Subgroup, fold_aurocs, subgroups
from hilum.records import Prediction

__all__ = [
    "GIVEN",
    "OPTIMISTIC",
    "Calibration",
    "Discrimination",
    "Evaluation",
    "EvaluationSettings",
    "Groups",
    "OperatingPoint",
    "summarise",
]


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """What to measure; every rate and the prevalence in 0..1."""

    thresholds: tuple[float, ...] = ()  # on the score's own scale
    sensitivities: tuple[float, ...] = (WHO_SENSITIVITY,)  # each above 0, up to 1: cuts, and rates to hold
    n_draws: int = N_DRAWS  # of each bootstrap; very large tables get fewer, and say so
    seed: int = 0
    named_thresholds: tuple[tuple[str, float], ...] = ()  # operating points that were settled elsewhere
    specificities: tuple[float, ...] = (WHO_SPECIFICITY,)  # to report sensitivity at
    least_specificity: float = WHO_SPECIFICITY  # of the partial AUC
    prevalence: float | None = None  # of the people to be read; None: no figure but these films' own
    subgroup_columns: tuple[str, ...] = ()  # beside site, sex, and age; "fold" or any other of the table's
    score_scale: float | None = (
        None  # the score that means certainty; None: taken as 1, and nothing is checked
    )
    subgroup_point: str | None = None  # name of the point to judge groups at; None: the first given, if any


@dataclass(frozen=True, slots=True)
class Groups:
    """The figures by group, and whether they differ."""

    point: OperatingPoint | None  # where sensitivity and specificity are judged; None where there is no cut
    subgroups: tuple[Subgroup, ...]
    interactions: tuple[Interaction, ...]
    gaps: tuple[Gap, ...]

    def as_json(self) -> dict[str, Any]:
        point = self.point
        named = {"name": point.name, "threshold": point.threshold, "source": point.source} if point else None
        return {
            "subgroup_point": named,
            "subgroups": [group.as_json() for group in self.subgroups],
            "interactions": [test.as_json() for test in self.interactions],
            "gaps": [gap.as_json() for gap in self.gaps],
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A prediction table measured."""

    settings: EvaluationSettings
    films: LabelledFilms
    n_unlabelled: int
    caveats: tuple[str, ...]
    discrimination: Discrimination
    calibration: Calibration
    decision_curve: DecisionCurve
    operating_points: tuple[OperatingPoint, ...]
    risk_coverage: RiskCoverage | None  # at the groups' point; None where there is no cut
    folds: FoldAurocs | None
    groups: Groups

    @property
    def subgroups(self) -> tuple[Subgroup, ...]:
        """The figures by group."""
        return self.groups.subgroups

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
            "decision_curve": self.decision_curve.as_json(),
            "operating_points": [point.as_json() for point in self.operating_points],
            "risk_coverage": self.risk_coverage.as_json() if self.risk_coverage else None,
            "folds": self.folds.as_json() if self.folds else None,
            **self.groups.as_json(),
        }


def summarise(rows: Sequence[Prediction], settings: EvaluationSettings | None = None) -> Evaluation:
    """Measure the labelled rows of a prediction table.

    Raises:
        TableInvalid: no label, a score off the stated scale, or no such column to group by.
        SettingsInvalid: a rate or the prevalence is out of range, or no point has the subgroup point's name.
    """
    settings = settings or EvaluationSettings()
    _check(settings)
    films = labelled_films(
        rows, n_draws=settings.n_draws, seed=settings.seed, score_scale=settings.score_scale
    )
    columns = dict.fromkeys([*ALWAYS, *settings.subgroup_columns])
    groupings = [found for column in columns if (found := grouping(films.rows, column))]
    discrimination = measure_discrimination(films, _ranking_settings(settings))
    points = measure_operating_points(films, _cut_settings(settings))
    point = _subgroup_point(points, settings.subgroup_point)
    sentences = caveats(films, n_rows=len(rows), n_draws_wanted=settings.n_draws, auroc=discrimination.auroc)
    return Evaluation(
        settings=settings,
        films=films,
        n_unlabelled=len(rows) - films.n,
        caveats=tuple(sentences),
        discrimination=discrimination,
        calibration=measure_calibration(films),
        decision_curve=measure_decisions(films, prevalence=settings.prevalence),
        operating_points=tuple(points),
        risk_coverage=measure_risk_coverage(films, point.threshold) if point else None,
        folds=fold_aurocs(films.rows),
        groups=measure_groups(films, groupings, point),
    )


def measure_groups(
    films: LabelledFilms, groupings: Sequence[Grouping], point: OperatingPoint | None
) -> Groups:
    """The figures by group of every grouping, tested and compared."""
    vectors = FilmVectors.of_films(films, point.threshold if point else None)
    measured = [(one, subgroups(vectors, one)) for one in groupings]
    found = [group for _, groups in measured for group in groups]
    return Groups(
        point=point,
        subgroups=tuple(found),
        interactions=tuple(interactions(found)),
        gaps=tuple(gap for one, groups in measured for gap in gaps(vectors, one, groups)),
    )


def _subgroup_point(points: Sequence[OperatingPoint], name: str | None) -> OperatingPoint | None:
    """The point of that name; without one the first given, else the first chosen for a sensitivity."""
    if name is None:
        chosen = points[1:] or points  # Youden's stands before those chosen for a sensitivity
        return next(
            (point for point in (*points, *chosen) if point.source == GIVEN), next(iter(chosen), None)
        )
    for point in points:
        if point.name == name:
            return point
    known = ", ".join(repr(point.name) for point in points) or "none"
    raise SettingsInvalid(f"no operating point is called {name!r} (there are: {known})")


def _check(settings: EvaluationSettings) -> None:
    for rate in (*settings.sensitivities, *settings.specificities):
        if not 0 < rate <= 1:
            raise SettingsInvalid(f"a sensitivity or specificity must be above 0 and up to 1, not {rate}")
    if not 0 <= settings.least_specificity < 1:
        raise SettingsInvalid(
            f"the least specificity must be from 0 to below 1: {settings.least_specificity}"
        )
    if settings.score_scale is not None and not 0 < settings.score_scale < math.inf:
        raise SettingsInvalid(f"the score's scale must be a number above 0, not {settings.score_scale}")
    if settings.prevalence is not None and not 0 < settings.prevalence < 1:
        raise SettingsInvalid(f"a prevalence must lie between 0 and 1, not {settings.prevalence}")


def _ranking_settings(settings: EvaluationSettings) -> RankingSettings:
    return RankingSettings(settings.least_specificity, settings.sensitivities, settings.specificities)


def _cut_settings(settings: EvaluationSettings) -> CutSettings:
    return CutSettings(
        thresholds=settings.thresholds,
        named_thresholds=settings.named_thresholds,
        sensitivities=settings.sensitivities,
        prevalence=settings.prevalence,
    )
