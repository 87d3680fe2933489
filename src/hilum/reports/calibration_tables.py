"""The tables of a local calibration's report.

Trap: the report shows a pick of the thresholds; `thresholds.csv` holds them all, from the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hilum.evaluation.local_calibration import LocalCalibration
from hilum.evaluation.threshold_choice import Chosen
from hilum.evaluation.threshold_table import ThresholdRow
from hilum.records import Estimate
from hilum.reports.calibration_words import percent, promise, unit
from hilum.reports.document import Table
from hilum.reports.page import cut_text

N_SHOWN = 17  # thresholds
TITLES = {
    "found": "Found of 1,000",
    "missed": "Missed of 1,000",
    "false_alarms": "False alarms of 1,000",
    "tests": "Tests of 1,000",
    "tests_saved": "Tests saved of 1,000",
    "tests_per_case": "Tests per case",
    "screened_per_case": "Screened per case",
}
RULES = {"confidence": "the goal, with confidence", "average": "the goal, on average", "home": "NO GUARANTEE"}


def chosen_table(calibration: LocalCalibration, row: ThresholdRow) -> Table:
    """The chosen threshold with all its figures."""
    chosen, counts = calibration.chosen, row.counts
    assert isinstance(chosen, Chosen)
    lines = [
        ("Threshold", cut_text(row.threshold), promise(calibration)),
        (f"Positive {unit(calibration)}s", f"{chosen.n:,}", _misses(chosen)),
        ("True positive, false negative", f"{counts.true_positive:,}, {counts.false_negative:,}", "films"),
        ("False positive, true negative", f"{counts.false_positive:,}, {counts.true_negative:,}", "films"),
    ]
    named = [(title(name), figure) for name, figure in row.figures().items()]
    if calibration.cross_fitted is not None:
        named += zip(
            ("Sensitivity, cross-fitted", "Specificity, cross-fitted"), calibration.cross_fitted, strict=True
        )
    lines += [(name, figure_text(figure), _note(figure)) for name, figure in named]
    return Table(
        ("Figure", "Value (95 % interval)", "Of what, and how"),
        tuple(lines),
        caption="The chosen threshold",
        note="Sensitivity on the films that chose the threshold is optimistic; see the cross-fitted one.",
    )


def others_table(calibration: LocalCalibration) -> Table:
    """The chosen threshold beside those of other rules."""
    rows = []
    if calibration.row is not None:
        rows.append(("Chosen", RULES[calibration.request.goal.rule], *_short_cells(calibration.row)))
    rows += [(other.name, other.promise, *_short_cells(other.row)) for other in calibration.others]
    return Table(
        ("Threshold", "What it promises", "At", "Sensitivity", "Specificity", "Tests", "Found"),
        tuple(rows),
        caption="Beside other thresholds",
        note="On the same films; those chosen on them are optimistic in sensitivity. Tests and people found "
        f"are of 1,000 screened, {1000 * calibration.request.programme.prevalence:,.1f} of them diseased.",
    )


def rates_table(calibration: LocalCalibration) -> Table:
    """Counts and rates at a pick of the thresholds."""
    rows = _pick(calibration)
    return Table(
        ("Threshold", "TP", "FN", "FP", "TN", "Sensitivity", "Specificity", "PPV", "NPV"),
        tuple(
            (_name(row, calibration), *_count_cells(row), figure_text(row.sensitivity, 2),
             figure_text(row.specificity, 2), _value(row.values.positive, 3), _value(row.values.negative, 3))
            for row in rows
        ),
        caption="Counts of films, and rates",
        note=f"{len(rows)} of {len(calibration.table.rows):,} thresholds; thresholds.csv and .parquet "
        "hold all, with every interval. PPV and NPV at the stated prevalence. * chosen.",
    )  # fmt: skip


def yield_table(calibration: LocalCalibration) -> Table:
    """What a pick of the thresholds means to the programme."""
    programme = calibration.request.programme
    names = ["found", "missed", "false_alarms", "tests", "tests_saved", "tests_per_case"]
    names += [] if programme.costs is None else ["total_cost", "cost_per_case"]
    rows = _pick(calibration)
    money = f", in {programme.currency}" if programme.currency else ""
    costs = f" Costs are of {programme.people:,} people{money}." if programme.costs is not None else ""
    return Table(
        ("Threshold", *map(title, names)),
        tuple(
            (_name(row, calibration), *(_value(row.outcome.figures()[name], 1) for name in names))
            for row in rows
        ),
        caption=f"Of 1,000 people screened, at a prevalence of {percent(programme.prevalence)}",
        note=f"A confirmatory test for each person flagged.{costs} * chosen.",
    )


def groups_table(calibration: LocalCalibration) -> Table:
    """The chosen threshold by group."""
    return Table(
        ("Group", "Films", "Sensitivity", "Positive", "Specificity", "Negative"),
        tuple(
            (f"{one.column}: {one.group}", f"{one.n:,}", figure_text(one.sensitivity),
             f"{one.sensitivity.n:,}", figure_text(one.specificity), f"{one.specificity.n:,}")
            for one in calibration.groups
        ),
        caption="The chosen threshold by group",
        note="The promise is for all groups together; a small group's figure swings by chance.",
    )  # fmt: skip


def needed_table(calibration: LocalCalibration) -> Table:
    """How many films the promise with confidence takes."""
    goal, prevalence = calibration.request.goal, calibration.request.programme.prevalence
    return Table(
        ("Positives that may be missed", f"Positive {unit(calibration)}s", "Films of people as they come"),
        tuple((f"{one.misses}", f"{one.positives:,}", f"{one.films:,}") for one in calibration.needed),
        caption=f"A sensitivity of {percent(goal.sensitivity)} with {percent(goal.confidence)} confidence",
        note=f"Films: on average, at a prevalence of {percent(prevalence)}. With fewer positives than in the "
        "first line nothing can be promised; more of them let the threshold rise, and specificity with it.",
    )


def title(name: str) -> str:
    """A figure's name as a heading."""
    return TITLES.get(name, name.replace("_", " ").capitalize())


def figure_text(figure: Estimate, digits: int = 3) -> str:
    """Value and interval, or why there is none; fewer digits for counts than for rates."""
    if figure.value is None:
        return f"not estimable: {figure.why}"
    digits = 1 if figure.value >= 10 else digits
    return f"{figure.value:,.{digits}f} ({_interval(figure, digits)})"


def _interval(figure: Estimate, digits: int) -> str:
    if figure.low is None and figure.high is None:
        return "no interval"
    if figure.high is None:
        return f"from {figure.low:,.{digits}f}"
    low = 0.0 if figure.low is None else figure.low
    return f"{low:,.{digits}f} to {figure.high:,.{digits}f}"


def _misses(chosen: Chosen) -> str:
    if chosen.n_allowed is None or chosen.bound is None:
        return f"scoring below: {chosen.n_missed:,}"
    return f"{chosen.n_allowed:,} may score below, {chosen.n_missed:,} do"


def _pick(calibration: LocalCalibration) -> list[ThresholdRow]:
    """At most `N_SHOWN` rows, evenly, and the chosen one."""
    rows, chosen = calibration.table.rows, calibration.row
    places = set(np.linspace(0, len(rows) - 1, min(N_SHOWN, len(rows))).round().astype(int).tolist())
    if chosen is not None:
        places.add(next(at for at, row in enumerate(rows) if row.threshold == chosen.threshold))
    return [rows[at] for at in sorted(places)]


def _name(row: ThresholdRow, calibration: LocalCalibration) -> str:
    is_chosen = calibration.row is not None and row.threshold == calibration.row.threshold
    return f"{cut_text(row.threshold, 4)}{' *' if is_chosen else ''}"


def _count_cells(row: ThresholdRow) -> Sequence[str]:
    of = row.counts
    return [f"{n:,}" for n in (of.true_positive, of.false_negative, of.false_positive, of.true_negative)]


def _short_cells(row: ThresholdRow) -> Sequence[str]:
    rates = figure_text(row.sensitivity), figure_text(row.specificity)
    return cut_text(row.threshold, 4), *rates, _value(row.outcome.tests, 0), _value(row.outcome.found, 1)


def _value(figure: Estimate, digits: int) -> str:
    return "–" if figure.value is None else f"{figure.value:,.{digits}f}"


def _note(figure: Estimate) -> str:
    how = figure.method or (figure.why if figure.value is not None else "")
    return f"n = {figure.n:,}{how and f'; {how}'}"
