"""What a local calibration says in sentences: the promise, what it rests on, and what falls short.

Trap: a sentence that promises must name for whom; the words here are the ones that go into the bundle.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from hilum.evaluation.guarantee import films_needed
from hilum.evaluation.local_calibration import LocalCalibration
from hilum.evaluation.local_fit import CONCENTRATION
from hilum.evaluation.programme import cost_of_testing_all
from hilum.evaluation.threshold_choice import Chosen, TooFew
from hilum.evaluation.threshold_table import ThresholdRow
from hilum.reports.page import cut_text, estimate_text


def promise(calibration: LocalCalibration) -> str:
    """The rule as a phrase: "the highest threshold that ..."."""
    goal, chosen = calibration.request.goal, calibration.chosen
    share = percent(goal.sensitivity)
    if goal.rule == "home":
        return (
            f"the highest threshold that reaches a sensitivity of {share} among {len(goal.home_positives):,} "
            f"positives from elsewhere, counted as {CONCENTRATION:g}, and {chosen.n:,} local ones, "
            "WITHOUT GUARANTEE"
        )
    if goal.rule == "average":
        return (
            f"the highest threshold that holds a sensitivity of {share} on the average of such samples "
            "(conformal risk control)"
        )
    return (
        f"the highest threshold that holds a sensitivity of {share} with {percent(goal.confidence)} "
        "confidence (exact binomial, order statistic)"
    )


def summary(calibration: LocalCalibration) -> tuple[str, ...]:
    """The sentences that a reader takes away."""
    return tuple(_summary(calibration))


def shortcomings(calibration: LocalCalibration) -> tuple[str, ...]:
    """What a reader must know before using the threshold."""
    return (*_of_the_threshold(calibration), *_of_the_sample(calibration), *_of_the_table(calibration))


def sample_words(calibration: LocalCalibration) -> str:
    """The sample in a phrase: films, positives, patients."""
    films = calibration.films
    whose = f" of {_count(films.n_patients, 'patient')}" if films.has_patients else ""
    return f"{_count(films.n, 'film')}{whose}, {films.n_positive:,} positive"


def unit(calibration: LocalCalibration) -> str:
    """What counts once in the promise: a patient, or a film where the table names no patients."""
    return "patient" if calibration.films.has_patients else "film"


def too_few_words(calibration: LocalCalibration, few: TooFew) -> str:
    """Why there is no threshold, and what it takes."""
    goal, prevalence = calibration.request.goal, calibration.request.programme.prevalence
    how = "on average" if goal.rule == "average" else f"with {percent(goal.confidence)} confidence"
    films = films_needed(few.n_needed, prevalence)
    positives = calibration.positives
    left = f", left by the weights of {positives.n_patients:,}" if positives.is_thinned else ""
    return (
        f"No threshold is chosen: a sensitivity of {percent(goal.sensitivity)} {how} takes at least "
        f"{few.n_needed:,} positive {unit(calibration)}s, and the sample has {few.n:,}{left}. At a "
        f"prevalence of {percent(prevalence)}, {few.n_needed:,} positives take about {films:,} films of "
        "people as they come."
    )


def percent(share: float, digits: int = 4) -> str:
    """`90 %`, `2.5 %`."""
    return f"{100 * share:.{digits}g} %"


def _summary(calibration: LocalCalibration) -> Iterator[str]:
    chosen, row = calibration.chosen, calibration.row
    if isinstance(chosen, TooFew):
        yield too_few_words(calibration, chosen)
        yield f"The sample: {sample_words(calibration)}. What each threshold would do is shown all the same."
        return
    assert row is not None
    yield f"Flag a film whose score is {cut_text(row.threshold)} or more: {promise(calibration)}."
    yield _found_words(calibration, chosen, row)
    yield from _programme_words(calibration, row)


def _found_words(calibration: LocalCalibration, chosen: Chosen, row: ThresholdRow) -> str:
    crossed, confidence = calibration.cross_fitted, percent(calibration.request.goal.confidence)
    beside = f", {estimate_text(crossed[1])} cross-fitted" if crossed and crossed[1].value is not None else ""
    kept = " kept by weight" if calibration.positives.is_thinned else ""
    bound = (
        "which promises nothing"
        if chosen.bound is None
        else f"so that sensitivity is at least {_floored(chosen.bound)} with {confidence} confidence"
    )
    return (
        f"Of {chosen.n:,} positive {unit(calibration)}s{kept} {chosen.n - chosen.n_missed:,} score as high, "
        f"{bound}; the specificity that this costs is {estimate_text(row.specificity)} on "
        f"{_count(row.specificity.n, 'negative film')}{beside}."
    )


def _programme_words(calibration: LocalCalibration, row: ThresholdRow) -> Iterator[str]:
    programme, of = calibration.request.programme, row.outcome
    yield (
        f"Of 1,000 people screened at a prevalence of {percent(programme.prevalence)}, "
        f"{_number(of.found.value)} of {_number(1000 * programme.prevalence)} with the disease would be "
        f"found and {_number(of.missed.value)} missed, with {_number(of.tests.value, 0)} confirmatory tests "
        f"({_number(of.tests_saved.value, 0)} saved against testing all), {_number(of.tests_per_case.value)} "
        "for each case found."
    )
    if of.total_cost is not None and of.cost_per_case is not None:
        money = f" {programme.currency}" if programme.currency else ""
        yield (
            f"Screening {_count(programme.people, 'person', 'people')} would cost "
            f"{_number(of.total_cost.value, 2)}{money}, {_number(of.cost_per_case.value, 2)}{money} for each "
            f"case found; testing all of them without a film would cost "
            f"{_number(cost_of_testing_all(programme), 2)}{money}."
        )


def _of_the_threshold(calibration: LocalCalibration) -> Iterator[str]:
    if calibration.row is None:
        return
    yield (
        "Sensitivity on these films is optimistic: they chose the threshold. The cross-fitted figures are of "
        "films that had no say, at thresholds from nine tenths of the sample, which lie a little lower."
    )
    yield (
        "The rule looks at positive films alone, so that specificity, on negative films, is not chosen for; "
        "it is as open to chance as its interval says."
    )
    if calibration.request.goal.rule == "home":
        return
    yield (
        "A promise is for people like the positives of this sample, with the reference test of this sample: "
        "another site, machine, or mix of cases is another promise."
    )


def _of_the_sample(calibration: LocalCalibration) -> Iterator[str]:
    films, positives, request = calibration.films, calibration.positives, calibration.request
    if films.n_unlabelled:
        yield f"{_count(films.n_unlabelled, 'row')} of the table without label: left out."
    yield (
        f"{percent(films.n_positive / films.n, 3)} of the films are positive, and the stated prevalence is "
        f"{percent(request.programme.prevalence)}. Predictive values, yield, and costs are for the stated "
        "one, with sensitivity and specificity as on these films; where cases are milder or further gone, "
        "both differ."
    )
    if not films.has_patients:
        yield "The table names no patients, so that each film counts as one; films of one person say less."
    if positives.n_films > positives.n_patients:
        yield (
            f"{positives.n_films:,} positive films are of {_count(positives.n_patients, 'patient')}, each of "
            "whom counts once in the promise, by the lowest score among the positive films: it is of "
            "patients all of whose positive films are flagged. Intervals are by patient."
        )
    if positives.is_thinned:
        yield (
            f"Films stand for different numbers of people, so {positives.n:,} of {positives.n_patients:,} "
            f"positive {unit(calibration)}s were kept for the choice, by chance in proportion to their "
            f"weight (seed {request.seed}); rates are weighted."
        )
    n_sites = len({row.site for row in films.rows if row.site})
    if n_sites > 1:
        yield f"The films are of {n_sites} sites; the promise is for their mixture, not for each."


def _of_the_table(calibration: LocalCalibration) -> Iterator[str]:
    table = calibration.table
    if table.n_distinct == 1:
        yield "All films have the same score: the only threshold flags everybody."
    if table.is_grid:
        yield (
            f"The films have {table.n_distinct:,} different scores; the table takes {len(table.rows):,} of "
            "them, evenly by films. The choice was made among all."
        )


def _number(value: float | None, digits: int = 1) -> str:
    return "not estimable" if value is None else f"{value:,.{digits}f}"


def _floored(share: float) -> str:
    return f"{math.floor(1000 * share) / 1000:.3f}"


def _count(n: int, noun: str, plural: str | None = None) -> str:
    return f"{n:,} {noun if n == 1 else plural or f'{noun}s'}"
