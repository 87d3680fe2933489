"""Counts, rates, yield, and costs of every threshold: against brute force, other rooms, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from hilum.errors import TableInvalid
from hilum.evaluation.calibration_films import calibration_films
from hilum.evaluation.operating_points import at_threshold
from hilum.evaluation.programme import Costs, Programme, cost_of_testing_all
from hilum.evaluation.threshold_table import (
    FEWEST_THRESHOLDS,
    MOST_THRESHOLDS,
    most_thresholds,
    threshold_row,
    threshold_table,
)
from hilum.records import Prediction

PROGRAMME = Programme(prevalence=0.02)


def build_films(labels, scores, *, patients=None, weights=None):
    """Films from columns."""
    rows = [
        Prediction(
            f"film-{at}", label, float(score),
            patient=None if patients is None else str(patients[at]),
            extra={} if weights is None else {"w": str(weights[at])},
        )
        for at, (label, score) in enumerate(zip(labels, scores, strict=True))
    ]  # fmt: skip
    return calibration_films(rows, weight_column=None if weights is None else "w")


labelled = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=2, max_size=60).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


@given(rows=labelled)
@settings(max_examples=80, deadline=None)
def test_counts_are_those_of_brute_force(rows):
    """Each distinct score is a threshold, rising; a film at it is flagged."""
    truth, score = (np.array(column) for column in zip(*rows, strict=True))
    table = threshold_table(build_films(truth.tolist(), score), PROGRAMME)

    assert [row.threshold for row in table.rows] == sorted(set(score.tolist()))
    for row in table.rows:
        flags = score >= row.threshold
        assert row.counts.true_positive == (flags & (truth == 1)).sum()
        assert row.counts.false_positive == (flags & (truth == 0)).sum()
        assert row.counts.false_negative == (~flags & (truth == 1)).sum()
        assert row.counts.true_negative == (~flags & (truth == 0)).sum()


@given(rows=labelled)
@settings(max_examples=40, deadline=None)
def test_rates_are_those_of_an_evaluation(rows):
    """Value, interval, and denominator, as `hilum evaluate` has them at the same cut."""
    truth, score = (np.array(column) for column in zip(*rows, strict=True))
    for row in threshold_table(build_films(truth.tolist(), score), PROGRAMME).rows:
        known = at_threshold(truth, score.astype(float), row.threshold)
        for ours, theirs in ((row.sensitivity, known.sensitivity), (row.specificity, known.specificity)):
            assert (ours.value, ours.low, ours.high, ours.n) == pytest.approx(
                (theirs.value, theirs.low, theirs.high, theirs.n)
            )


def test_intervals_are_statsmodels_wilson():
    """75 of 78 and 44 of 78."""
    labels = [1] * 78 + [0] * 78
    scores = [0.9] * 75 + [0.1] * 3 + [0.9] * 34 + [0.1] * 44
    row = threshold_row(build_films(labels, scores), 0.5, PROGRAMME)

    assert (row.sensitivity.low, row.sensitivity.high) == pytest.approx(
        proportion_confint(75, 78, method="wilson")
    )
    assert (row.specificity.low, row.specificity.high) == pytest.approx(
        proportion_confint(44, 78, method="wilson")
    )


def worked():
    """90 of 100 positives and 30 of 100 negatives flagged: sensitivity 0.9, specificity 0.7."""
    labels = [1] * 100 + [0] * 100
    scores = [0.9] * 90 + [0.1] * 10 + [0.9] * 30 + [0.1] * 70
    return build_films(labels, scores)


def test_yield_follows_the_stated_prevalence_and_not_the_samples():
    """By hand: 20 of 1,000 are sick, 18 are found; 0.3 x 980 = 294 false alarms; 312 tests, 688 saved."""
    of = threshold_row(worked(), 0.5, PROGRAMME).outcome

    assert of.found.value == pytest.approx(18)
    assert of.missed.value == pytest.approx(2)
    assert of.false_alarms.value == pytest.approx(294)
    assert of.tests.value == pytest.approx(312)
    assert of.tests_saved.value == pytest.approx(688)
    assert of.tests_per_case.value == pytest.approx(312 / 18)
    assert of.screened_per_case.value == pytest.approx(1000 / 18)


def test_predictive_values_are_bayes_rule_at_the_stated_prevalence():
    """18 / 312 and 686 / 688."""
    row = threshold_row(worked(), 0.5, PROGRAMME)

    assert row.values.positive.value == pytest.approx(18 / 312)
    assert row.values.negative.value == pytest.approx(686 / 688)


def test_every_interval_holds_its_value():
    """Falling functions change the ends' places, so that low stays below high."""
    for figure in threshold_row(worked(), 0.5, Programme(0.1, costs=Costs(1, 5, 100))).figures().values():
        if figure.low is not None and figure.high is not None:
            assert figure.low <= figure.value <= figure.high


def test_costs_add_what_is_fixed_per_person_and_per_test():
    """50,000 people: 8,000 + 50,000 x 3.5 + 50 x 312 x 12 = 370,200, over 50 x 18 = 900 cases."""
    programme = Programme(0.02, people=50_000, costs=Costs(screen=3.5, test=12, fixed=8000))
    of = threshold_row(worked(), 0.5, programme).outcome

    assert of.total_cost.value == pytest.approx(370_200)
    assert of.cost_per_case.value == pytest.approx(370_200 / 900)
    assert cost_of_testing_all(programme) == 600_000


def test_without_costs_there_are_no_cost_columns():
    """Nothing is made up."""
    row = threshold_row(worked(), 0.5, PROGRAMME)

    assert row.outcome.total_cost is None
    assert not [name for name in row.cells() if "cost" in name]


def test_where_nobody_is_found_figures_per_case_say_so():
    """A threshold above all positives."""
    films = build_films([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4])
    of = threshold_row(films, 0.3, Programme(0.1, costs=Costs(1, 1, 0))).outcome

    assert of.screened_per_case.value is None
    assert of.cost_per_case.value is None
    assert of.screened_per_case.why == "nobody is found"
    assert of.tests_per_case.value is None


def test_equal_scores_make_one_threshold_that_flags_all():
    """Sensitivity 1, specificity 0, and no negative predictive value."""
    (row,) = threshold_table(build_films([1, 0, 1], [4, 4, 4]), PROGRAMME).rows

    assert row.sensitivity.value == 1
    assert row.specificity.value == 0
    assert row.values.negative.value is None


def test_films_of_one_patient_widen_the_intervals():
    """Ten patients of ten like films each tell as much as ten films."""
    labels = ([1] * 10 + [0] * 10) * 10
    scores = [0.9 if who % 3 else 0.1 for who in range(20)] * 10
    row = threshold_row(build_films(labels, scores, patients=list(range(20)) * 10), 0.5, PROGRAMME)
    alone = threshold_row(build_films(labels[:20], scores[:20]), 0.5, PROGRAMME)

    assert row.sensitivity.value == alone.sensitivity.value
    width = row.sensitivity.high - row.sensitivity.low
    assert width == pytest.approx(alone.sensitivity.high - alone.sensitivity.low, rel=0.1)


def test_weights_turn_a_film_into_many_people():
    """One found of weight 3, one missed of weight 1: a sensitivity of 3 / 4."""
    films = build_films([1, 1, 0, 0], [0.9, 0.1, 0.1, 0.9], weights=[3, 1, 1, 1])
    row = threshold_row(films, 0.5, PROGRAMME)

    assert row.sensitivity.value == pytest.approx(0.75)
    assert row.specificity.value == pytest.approx(0.5)
    assert row.counts.true_positive == 1


def test_equal_weights_change_no_value_and_next_to_no_interval():
    """All films stand for seven people: only the small-sample factor n / (n - 1) of the variance is new."""
    labels, scores = [1] * 60 + [0] * 60, [0.9] * 50 + [0.1] * 10 + [0.9] * 20 + [0.1] * 40
    plain = threshold_row(build_films(labels, scores), 0.5, PROGRAMME).sensitivity
    heavy = threshold_row(build_films(labels, scores, weights=[7] * 120), 0.5, PROGRAMME).sensitivity

    assert heavy.value == pytest.approx(plain.value)
    assert (heavy.low, heavy.high) == pytest.approx((plain.low, plain.high), abs=0.002)


def test_unequal_weights_widen_the_interval():
    """Kish 1965: half the films with nearly all the weight tell as much as half the films."""
    labels, scores = [1] * 80 + [0] * 80, ([0.9] * 30 + [0.1] * 10) * 4
    even = threshold_row(build_films(labels, scores), 0.5, PROGRAMME).sensitivity
    odd = threshold_row(build_films(labels, scores, weights=([1, 100] * 80)), 0.5, PROGRAMME).sensitivity

    assert odd.high - odd.low > 1.3 * (even.high - even.low)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 0, 1], r"row 2 under the header \(film 'film-1'\), column 'w': a weight must be above 0, not 0"),
        ([1, -2, 1], "a weight must be above 0, not -2"),
        ([1, "", 1], r"film 'film-1'\), column 'w': is empty; every labelled film needs a weight"),
        ([1, "nan", 1], "'nan' is not a finite number"),
        (["1,5", 1, 1], "decimal comma"),
    ],
)
def test_a_weight_that_is_none_names_film_and_column(weights, message):
    """Nothing stands in for it."""
    with pytest.raises(TableInvalid, match=message):
        build_films([1, 0, 1], [1, 2, 3], weights=weights)


def test_a_missing_weight_column_is_named():
    """With the columns that there are."""
    rows = [Prediction("a", 1, 0.5, extra={"hiv": "pos"}), Prediction("b", 0, 0.5, extra={"hiv": "neg"})]

    with pytest.raises(TableInvalid, match=r"no column 'w' for the weights \(other columns: hiv\)"):
        calibration_films(rows, weight_column="w")


@pytest.mark.parametrize(("label", "word"), [(1, "all 2 labelled films are positive"), (0, "are negative")])
def test_one_label_alone_is_refused(label, word):
    """A threshold parts two kinds."""
    with pytest.raises(TableInvalid, match=word):
        build_films([label, label], [1, 2])


def test_no_label_at_all_is_refused():
    """Nothing to calibrate on."""
    with pytest.raises(TableInvalid, match="none of the 1 rows has a label"):
        calibration_films([Prediction("a", None, 0.5)])


def test_rows_without_label_are_counted():
    """They are left out, and told."""
    films = calibration_films([Prediction("a", 1, 0.5), Prediction("b", None, 0.7), Prediction("c", 0, 0.1)])

    assert (films.n, films.n_unlabelled) == (2, 1)


def test_a_large_table_takes_an_even_grid_with_the_thresholds_it_must_have(chance):
    """Thresholds that were named stay, and the table knows that it is a grid."""
    score = chance.random(20_000)
    films = build_films((score + chance.normal(0, 0.3, score.size) > 0.6).astype(int).tolist(), score)
    table = threshold_table(films, PROGRAMME, always=[0.123456])

    assert len(table.rows) <= MOST_THRESHOLDS + 1
    assert table.is_grid
    assert 0.123456 in [row.threshold for row in table.rows]
    assert table.rows[0].threshold == pytest.approx(score.min())
    assert table.rows[-1].threshold == pytest.approx(score.max())


def test_many_films_of_weight_take_fewer_thresholds():
    """Each threshold looks at each film there, so a hundred are enough for a million."""
    films = build_films([1, 0], [1, 2], weights=[1, 2])
    many = films.part(np.zeros(1_000_000, dtype=np.int64))

    assert most_thresholds(many) == FEWEST_THRESHOLDS
    assert most_thresholds(films) == MOST_THRESHOLDS
