"""Wilson's interval, Newcombe's for AUC, and the bootstrap by patient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import binomtest, norm
from statsmodels.stats.proportion import confint_proportions_2indep

from hilum.evaluation.intervals import (
    Resampling,
    bootstrap_counts,
    draw_patients,
    from_draws,
    logit_ends,
    newcombe_auc,
    normal_quantile,
    or_wilson,
    ratio_ends,
    squared_and_added,
    unless_alike,
    wilson,
    wilson_by_patient,
)
from hilum.records import Estimate


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_the_normal_quantile_is_scipys(confidence):
    """The two-sided quantile needs no SciPy and agrees with it."""
    assert normal_quantile(confidence) == pytest.approx(norm.ppf(0.5 + confidence / 2), abs=1e-12)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(counts):
    """Wilson's interval is SciPy's for every count."""
    successes, n = counts
    ours = wilson(successes, n)
    theirs = binomtest(successes, n).proportion_ci(method="wilson")

    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_wilson_of_nothing_says_why():
    """A proportion of no films is not nought."""
    estimate = wilson(0, 0)

    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (None, None, None, 0)
    assert estimate.why


def test_more_successes_than_trials_is_a_mistake():
    """Counts that cannot be are refused."""
    with pytest.raises(ValueError, match="5 successes of 4"):
        wilson(5, 4)


@given(st.floats(0, 1), st.integers(1, 500), st.integers(1, 500))
def test_newcombe_holds_its_value_and_has_width(value, n_positive, n_negative):
    """The interval lies in 0..1, holds the AUC, and is never a point."""
    estimate = newcombe_auc(value, n_positive, n_negative)

    assert 0 <= estimate.low <= value <= estimate.high <= 1
    assert estimate.high - estimate.low > 1e-4


def test_newcombe_narrows_with_more_films():
    """A perfect AUC of 400 films says more than one of 4."""
    few, many = newcombe_auc(1.0, 2, 2), newcombe_auc(1.0, 200, 200)

    assert few.low < 0.5 < 0.97 < many.low


def test_a_patient_is_drawn_with_all_films(chance):
    """Films of one patient come equally often in a sample."""
    codes = np.array([0, 1, 1, 2, 2, 2])
    for _ in range(50):
        times = draw_patients(codes, rng=chance)

        assert times[1] == times[2]
        assert len(set(times[3:])) == 1


def test_quick_draws_have_the_moments_of_drawn_patients(chance):
    """The multinomial over patterns gives the mean and spread of drawing patients one by one."""
    codes = chance.integers(0, 60, 200)
    codes = np.unique(codes, return_inverse=True)[1]
    cells = np.eye(4, dtype=np.int64)[chance.integers(0, 4, 200)]
    quick = bootstrap_counts(cells, Resampling(codes, chance, 4000))
    slow = np.array([draw_patients(codes, rng=chance) @ cells for _ in range(4000)])

    assert quick.mean(axis=0) == pytest.approx(slow.mean(axis=0), rel=0.02)
    assert quick.std(axis=0) == pytest.approx(slow.std(axis=0), rel=0.1)


def test_the_interval_of_draws_is_their_middle():
    """95 of 100 draws lie inside."""
    estimate = from_draws(Estimate(500.0, None, None, n=9), np.arange(1001.0))

    assert (estimate.low, estimate.high) == (25.0, 975.0)
    assert estimate.method == "bootstrap by patient, 1001 draws"


def test_draws_that_often_fail_give_no_interval():
    """Where a tenth of the samples lack the figure, the interval is left out and says why."""
    draws = np.r_[np.full(11, np.nan), np.zeros(89)]
    estimate = from_draws(Estimate(0.5, None, None, n=9), draws)

    assert (estimate.value, estimate.low, estimate.high) == (0.5, None, None)
    assert "too few patients" in estimate.why


def test_an_endless_ratio_has_no_upper_bound():
    """An infinite draw bounds nothing."""
    estimate = from_draws(Estimate(3.0, None, None, n=9), np.r_[np.full(50, np.inf), np.full(50, 2.0)])

    assert (estimate.low, estimate.high) == (2.0, None)


def test_certainty_by_resampling_becomes_wilsons_width():
    """All right on 10 patients is not an interval from 1 to 1."""
    certain = Estimate(1.0, 1.0, 1.0, n=30, n_positive=30)
    estimate = or_wilson(certain, 10)

    assert estimate.low == pytest.approx(wilson(10, 10).low)
    assert (estimate.high, estimate.n) == (1.0, 30)


def test_no_spread_is_not_certainty():
    """An interval that is a point is left out and says why; another stays."""
    alike = unless_alike(Estimate(1.0, 1.0, 1.0, n=5, method="bootstrap"))
    spread = Estimate(0.9, 0.8, 1.0, n=5, method="bootstrap")

    assert (alike.value, alike.low, alike.high, alike.why) == (
        1.0,
        None,
        None,
        "no interval: all samples are alike",
    )
    assert unless_alike(spread) is spread


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_the_difference_of_two_proportions_is_statsmodels_newcombe(n_first, n_second, data):
    """Squared and added Wilson intervals are Newcombe's method 10."""
    hits = data.draw(st.integers(0, n_first)), data.draw(st.integers(0, n_second))
    found = squared_and_added(wilson(hits[0], n_first), wilson(hits[1], n_second))
    expected = confint_proportions_2indep(hits[0], n_first, hits[1], n_second, method="newcomb")

    assert found == pytest.approx(expected, abs=1e-9)


def test_a_difference_needs_both_intervals():
    """Half an interval is none."""
    with pytest.raises(ValueError, match="both parts"):
        squared_and_added(wilson(1, 2), wilson(0, 0))


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_ratio_holds_its_value_even_of_nought(hits, alarms):
    """Whatever the counts, value between the ends; 0 over something is not certain."""
    low, high = ratio_ends(wilson(hits, 60), wilson(alarms, 60))
    value = hits / alarms if alarms else float("inf")

    assert 0 <= low <= value <= high or hits == alarms == 0
    assert high > 0


@given(st.floats(0.001, 0.999), st.floats(1e-6, 0.2))
def test_ends_on_log_odds_stay_between_nought_and_one(value, spread):
    """And are the delta method's: against the logistic function of scipy."""
    low, high = logit_ends(value, spread)
    half = 1.959963984540054 * spread / (value * (1 - value))

    assert 0 <= low < value < high <= 1
    assert (low, high) == pytest.approx((expit(logit(value) - half), expit(logit(value) + half)), abs=1e-9)


def test_wilson_by_patient_counts_copies_once(chance):
    """Ten copies of each film leave about the interval of one; all alike counts the patients."""
    hits = chance.random(60) < 0.7
    copies = np.repeat(np.arange(60), 10)
    once, told = wilson(int(hits.sum()), 60), wilson_by_patient(hits[copies], copies)
    alike = wilson_by_patient(np.ones(600, bool), copies)

    assert (told.low, told.high) == pytest.approx((once.low, once.high), abs=0.002)
    assert alike.low == pytest.approx(wilson(60, 60).low)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=30))
def test_patients_with_equal_counts_are_found_either_way(counts):
    """Counted in one array or sorted as rows, the patterns are the same and in the same order."""
    columns = [np.array(column) for column in zip(*counts, strict=True)]
    rows, times = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    found = bootstrap_counts(
        np.stack(columns, axis=1), Resampling(np.arange(len(counts)), np.random.default_rng(1), 5)
    )
    drawn = np.random.default_rng(1).multinomial(len(counts), times / len(counts), size=5)

    assert (found == drawn @ rows).all()


def test_counts_below_nought_are_summed_too():
    """As of two readers' differences: a patient of -1 and one of 1, drawn twice, sum to -2, 0, or 2."""
    sums = bootstrap_counts(np.array([[-1], [1]]), Resampling(np.array([0, 1]), np.random.default_rng(0)))

    assert set(sums[:, 0].tolist()) == {-2, 0, 2}


def test_rounding_does_not_make_one_patient_worth_many():
    """41 of 60 films of one patient: Wilson's interval is that of one patient, not of 60."""
    found = wilson_by_patient(np.arange(60) < 41, np.zeros(60, dtype=np.int64))

    assert found.high - found.low > 0.5
