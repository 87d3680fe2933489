"""What a local calibration says in sentences: the promise, what it rests on, and what falls short.

Trap: a sentence that promises must name for whom; the words here are the ones that go into the bundle.
"""

from __future__ import annotations

from collections.abc import Iterator

from hilum.evaluation.local_calibration import LocalCalibration
from hilum.evaluation.programme import cost_of_testing_all
from hilum.evaluation.threshold_choice import Chosen, TooFew
from hilum.evaluation.threshold_table import ThresholdRow
from hilum.reports.page import estimate_text


def promise(calibration: LocalCalibration) -> str:
    """The rule as a phrase: "the highest threshold that ..."."""
    goal, chosen = calibration.request.goal, calibration.chosen
    share = f"{goal.sensitivity:.4g}"
    if goal.rule == "home":
        return (
            f"the highest threshold that reaches a sensitivity of {share} among {len(goal.home_positives):,} "
            f"positives from elsewhere, counted as 10, and {chosen.n:,} local ones; WITHOUT GUARANTEE"
        )
    if goal.rule == "average":
        return (
            f"the highest threshold that holds a sensitivity of {share} on the average of such samples "
            "(conformal risk control)"
        )
    return (
        f"the highest threshold that holds a sensitivity of {share} with {goal.confidence:.4g} confidence "
        "(exact binomial, order statistic)"
    )


def summary(calibration: LocalCalibration) -> tuple[str, ...]:
    """The sentences that a reader takes away."""
    return tuple(_summary(calibration))


def shortcomings(calibration: LocalCalibration) -> tuple[str, ...]:
    """What a reader must know before using the threshold."""
    return tuple(_shortcomings(calibration))


def sample_words(calibration: LocalCalibration) -> str:
    """The sample in a phrase: films, positives, patients."""
    films = calibration.films
    return f"{films.n:,} films of {films.n_patients:,} patients, {films.n_positive:,} films positive"


def too_few_words(calibration: LocalCalibration, few: TooFew) -> str:
    """Why there is no threshold, and what it takes."""
    goal, prevalence = calibration.request.goal, calibration.request.programme.prevalence
    with_what = "on average" if goal.rule == "average" else f"with {goal.confidence:.4g} confidence"
    films = -(-few.n_needed // prevalence)
    return (
        f"No threshold is chosen: a sensitivity of {goal.sensitivity:.4g} {with_what} takes at least "
        f"{few.n_needed:,} positive patients, and the sample has {few.n:,}; at a prevalence of {prevalence:.4g}, "
        f"{few.n_needed:,} positives take about {films:,.0f} films of people as they come."
    )


def _summary(calibration: LocalCalibration) -> Iterator[str]:
    chosen, row = calibration.chosen, calibration.row
    if isinstance(chosen, TooFew) or row is None:
        assert isinstance(chosen, TooFew)
        yield too_few_words(calibration, chosen)
        yield f"The sample: {sample_words(calibration)}. What each threshold would do is shown all the same."
        return
    yield f"Flag a film whose score is {row.threshold:.4g} or more: {promise(calibration)}."
    yield _found_words(calibration, chosen)
    yield from _programme_words(calibration, row)


def _found_words(calibration: LocalCalibration, chosen: Chosen) -> str:
    row, goal = calibration.row, calibration.request.goal
    assert row is not None
    crossed = calibration.cross_fitted
    beside = f", {estimate_text(crossed[1])} cross-fitted" if crossed and crossed[1].value is not None else ""
    bound = (
        "which promises nothing"
        if chosen.bound is None
        else f"so that sensitivity is at least {chosen.bound:.3f} with {goal.confidence:.4g} confidence"
    )
    return (
        f"Of {chosen.n:,} positive patients {chosen.n - chosen.n_missed:,} score as high, {bound}; the specificity "
        f"that this costs is {estimate_text(row.specificity)} on {row.specificity.n:,} negative films{beside}."
    )


def _programme_words(calibration: LocalCalibration, row: ThresholdRow) -> Iterator[str]:
    programme, of = calibration.request.programme, row.outcome
    sick = 1000 * programme.prevalence
    yield (
        f"Of 1,000 people screened at a prevalence of {programme.prevalence:.4g}, {_number(of.found.value)} of "
        f"{_number(sick)} with the disease would be found and {_number(of.missed.value)} missed, with "
        f"{_number(of.tests.value, 0)} confirmatory tests ({_number(of.tests_saved.value, 0)} saved against testing "
        f"all), {_number(of.tests_per_case.value)} for each case found."
    )
    if of.total_cost is not None and programme.costs is not None:
        unit = f" {programme.currency}" if programme.currency else ""
        each = "" if of.cost_per_case is None else f", {_money(of.cost_per_case.value)}{unit} for each case found"
        yield (
            f"Screening {programme.people:,} people would cost {_money(of.total_cost.value)}{unit}{each}; testing "
            f"all of them without a film would cost {_money(cost_of_testing_all(programme))}{unit}."
        )


def _shortcomings(calibration: LocalCalibration) -> Iterator[str]:
    films, positives, request = calibration.films, calibration.positives, calibration.request
    if calibration.row is not None:
        yield (
            "Sensitivity on these films is optimistic: the threshold was chosen by them. The rule looks at positive "
            "films alone, so specificity is not chosen for; the cross-fitted figures are of films that had no say, "
            "at thresholds from nine tenths of the sample, which lie a little lower."
        )
        yield "A promise is for people like the positives of this sample: another site, machine, or case mix is another promise."
    if films.n_unlabelled:
        yield f"{films.n_unlabelled:,} rows of the table have no label and are left out."
    share = films.n_positive / films.n
    yield (
        f"{share:.1%} of the films are positive, and the stated prevalence is {request.programme.prevalence:.2%}: "
        "predictive values, yield, and costs are for the stated one, with sensitivity and specificity as on these "
        "films; a sample of mild or of far-gone cases has others."
    )
    if positives.n_films > positives.n_patients:
        yield (
            f"{positives.n_films:,} positive films are of {positives.n_patients:,} patients, each of whom counts "
            "once in the promise, by the lowest score among the positive films: it is of patients all of whose "
            "positive films are flagged. Intervals are by patient."
        )
    if positives.n < positives.n_patients:
        yield (
            f"Films stand for different numbers of people, so {positives.n:,} of {positives.n_patients:,} positive "
            f"patients were kept for the choice, with a chance in proportion to their weight (seed {request.seed})."
        )
    sites = {row.site for row in films.rows if row.site}
    if len(sites) > 1:
        yield f"The films are of {len(sites)} sites; the promise is for their mixture, not for each."
    if calibration.table.n_distinct == 1:
        yield "All films have the same score: the only threshold flags everybody."
    if calibration.table.is_grid:
        yield (
            f"The films have {calibration.table.n_distinct:,} different scores; the table takes "
            f"{len(calibration.table.rows):,} of them, evenly by films. The choice was made among all."
        )


def _number(value: float | None, digits: int = 1) -> str:
    return "not estimable" if value is None else f"{value:,.{digits}f}"


def _money(value: float | None) -> str:
    return "not estimable" if value is None else f"{value:,.2f}"
