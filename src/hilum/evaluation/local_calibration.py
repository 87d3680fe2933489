"""A local calibration from a prediction table: every threshold, one chosen, and what it rests on.

Trap: where the sample is too small, `chosen` is a `TooFew` and there is no row for it; nothing stands in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from hilum.errors import TableInvalid
from hilum.evaluation.calibration_films import CalibrationFilms, calibration_films
from hilum.evaluation.grouping import NOT_STATED, UNSTATED, Grouping, grouping
from hilum.evaluation.guarantee import films_needed, positives_needed
from hilum.evaluation.operating_points import threshold_for_sensitivity
from hilum.evaluation.programme import Programme
from hilum.evaluation.threshold_choice import (
    Chosen,
    Goal,
    Positives,
    TooFew,
    calibration_positives,
    choose,
    cross_fitted_rates,
)
from hilum.evaluation.threshold_table import ThresholdRow, ThresholdTable, threshold_row, threshold_table
from hilum.records import Estimate, Prediction

MISSES_SHOWN = 6  # lines of the table of what more positives buy


@dataclass(frozen=True, slots=True)
class CalibrationRequest:
    """What was asked for."""

    goal: Goal
    programme: Programme
    subgroups: tuple[str, ...] = ()  # "site", "sex", "age", or any other column
    weight_column: str | None = None
    compared: tuple[tuple[str, float], ...] = ()  # name and threshold of others to set beside it
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Other:
    """A threshold beside the chosen one."""

    name: str
    promise: str
    row: ThresholdRow


@dataclass(frozen=True, slots=True)
class Group:
    """The chosen threshold among the films that share a value."""

    column: str
    group: str
    n: int
    sensitivity: Estimate
    specificity: Estimate

    def as_json(self) -> dict[str, Any]:
        head = {"column": self.column, "group": self.group, "n": self.n}
        return head | {
            "sensitivity": self.sensitivity.as_json(), "specificity": self.specificity.as_json()
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Needed:
    """What a sample must hold for the goal with confidence, by how many positives may be missed."""

    misses: int
    positives: int
    films: int  # at the stated prevalence, on average


@dataclass(frozen=True, slots=True)
class LocalCalibration:
    """All that a calibration found."""

    request: CalibrationRequest
    films: CalibrationFilms
    positives: Positives
    table: ThresholdTable
    chosen: Chosen | TooFew
    row: ThresholdRow | None  # of the chosen threshold; None where there is none
    cross_fitted: tuple[Estimate, Estimate] | None  # sensitivity of patients, specificity
    others: tuple[Other, ...]
    groups: tuple[Group, ...]
    needed: tuple[Needed, ...]

    def as_json(self) -> dict[str, Any]:
        """Every number, as plain values."""
        films, positives, row = self.films, self.positives, self.row
        goal = asdict(self.request.goal)
        goal["n_home_positives"] = len(goal.pop("home_positives"))
        return {
            "goal": goal,
            "programme": asdict(self.request.programme),
            "seed": self.request.seed,
            "sample": {
                "n_films": films.n, "n_positive": films.n_positive, "n_patients": films.n_patients,
                "n_without_label": films.n_unlabelled, "weight_column": self.request.weight_column,
                "n_positive_patients": positives.n_patients, "n_positives_used": positives.n,
                "n_distinct_scores": self.table.n_distinct,
            },
            "is_chosen": row is not None,
            "choice": self.chosen.as_json(),
            "operating_point": None if row is None else row.as_json(),
            "cross_fitted": None if self.cross_fitted is None else {
                "sensitivity": self.cross_fitted[0].as_json(), "specificity": self.cross_fitted[1].as_json(),
            },
            "other_thresholds": [
                {"name": other.name, "promise": other.promise, **other.row.as_json()} for other in self.others
            ],
            "subgroups": [group.as_json() for group in self.groups],
            "positives_needed": [asdict(needed) for needed in self.needed],
            "is_grid": self.table.is_grid,
            "thresholds": [one.cells() for one in self.table.rows],
        }  # fmt: skip


def calibrate(rows: Sequence[Prediction], request: CalibrationRequest) -> LocalCalibration:
    """Choose a threshold on the labelled rows, and tell what each threshold would do.

    Raises:
        TableInvalid: the rows lack a label, a weight, or a column that was asked for.
    """
    films = calibration_films(rows, weight_column=request.weight_column)
    groupings = _groupings(films, request.subgroups)
    positives = calibration_positives(films, seed=request.seed)
    chosen = choose(positives, request.goal)
    others = _others(films, positives, request)
    cuts = [other.row.threshold for other in others]
    found = isinstance(chosen, Chosen)
    if isinstance(chosen, Chosen):
        cuts.append(chosen.threshold)
    return LocalCalibration(
        request=request,
        films=films,
        positives=positives,
        table=threshold_table(films, request.programme, always=cuts),
        chosen=chosen,
        row=threshold_row(films, chosen.threshold, request.programme) if isinstance(chosen, Chosen) else None,
        cross_fitted=cross_fitted_rates(films, positives, request.goal, seed=request.seed) if found else None,
        others=others,
        groups=_groups(films, groupings, chosen.threshold) if isinstance(chosen, Chosen) else (),
        needed=_needed(request),
    )


def _others(films: CalibrationFilms, positives: Positives, request: CalibrationRequest) -> tuple[Other, ...]:
    """What other rules would choose, and the thresholds that were named."""
    goal, found = request.goal, []
    share = f"{100 * goal.sensitivity:.4g} %"
    for rule, name, promise in (
        ("confidence", "With confidence", f"{share} with {100 * goal.confidence:.4g} % confidence"),
        (
            "average",
            "On average",
            f"{share} on the mean of such samples (conformal risk control)",
        ),
    ):
        if rule == goal.rule:
            continue
        cut = choose(positives, replace(goal, rule=rule))  # type: ignore[arg-type]
        if isinstance(cut, Chosen):
            found.append((name, promise, cut.threshold))
    if films.weight is None:
        observed = threshold_for_sensitivity(films.truth, films.score, goal.sensitivity)
        found.append(("On these films", f"{share} of these very films; no promise", observed))
    found += [(name, "set before, on other films", cut) for name, cut in request.compared]
    return tuple(
        Other(name, promise, threshold_row(films, cut, request.programme)) for name, promise, cut in found
    )


def _needed(request: CalibrationRequest) -> tuple[Needed, ...]:
    goal, prevalence = request.goal, request.programme.prevalence
    counts = [
        positives_needed(sensitivity=goal.sensitivity, confidence=goal.confidence, misses=misses)
        for misses in range(MISSES_SHOWN)
    ]
    return tuple(
        Needed(misses, count, films_needed(count, prevalence)) for misses, count in enumerate(counts)
    )


def _groups(films: CalibrationFilms, groupings: Sequence[Grouping], cut: float) -> tuple[Group, ...]:
    found = []
    for groups in groupings:
        named = [(groups.names[at], groups.members(at)) for at in groups.shown]
        named.append((NOT_STATED, groups.members(UNSTATED)))
        for name, members in named:
            part = films.part(members)
            if part.n:
                flags = part.score >= cut
                rates = part.share(flags, label=True), part.share(flags, label=False)
                found.append(Group(groups.column, name, part.n, *rates))
    return tuple(found)


def _groupings(films: CalibrationFilms, columns: Sequence[str]) -> list[Grouping]:
    found = []
    for column in columns:
        groups = grouping(films.rows, column)
        if groups is None:
            raise TableInvalid(f"column {column!r} has one value or none, so there are no groups to compare")
        found.append(groups)
    return found
