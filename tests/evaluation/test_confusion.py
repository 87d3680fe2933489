"""The confusion table and its rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle
from statsmodels.stats.proportion import confint_proportions_2indep

from hilum.evaluation.confusion import performance
from hilum.evaluation.intervals import Resampling, wilson

flagged_films = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def split(rows):
    """Labels and flags as arrays."""
    return np.array([label for label, _ in rows]), np.array([flag for _, flag in rows])


@given(flagged_films)
def test_counts_are_scikit_learns(rows):
    """The four cells agree with the oracle."""
    truth, flags = split(rows)
    counts = performance(truth, flags).counts
    (clear, alarms), (missed, hits) = oracle.confusion_matrix(truth, flags, labels=[False, True])

    assert (counts.true_positive, counts.false_positive) == (hits, alarms)
    assert (counts.false_negative, counts.true_negative) == (missed, clear)


@given(flagged_films)
def test_a_rate_without_films_is_none_and_says_why(rows):
    """No rate is ever NaN: it is a number, or None with the reason."""
    for rate in performance(*split(rows)).estimates().values():
        assert (rate.value is None) == (rate.value is None and bool(rate.why))
        assert rate.value is None or np.isfinite(rate.value)


@given(flagged_films, st.integers(1, 8))
def test_by_patient_the_rates_stay_and_intervals_are_in_order(rows, n_patients):
    """Resampling patients changes no rate, and every interval is in order."""
    truth, flags = split(rows)
    codes = np.arange(truth.size) % min(n_patients, truth.size)
    plain = performance(truth, flags)
    clustered = performance(truth, flags, Resampling(codes, np.random.default_rng(0), 100))

    for name, rate in clustered.estimates().items():
        assert rate.value == plain.estimates()[name].value
        assert rate.low is None or rate.high is None or rate.low <= rate.high


def test_each_rate_has_its_own_denominator():
    """Sensitivity counts films with the finding, predictive value flagged films, accuracy all."""
    truth = np.repeat([True, True, False, False], [8, 2, 3, 17])
    flags = np.repeat([True, False, True, False], [8, 2, 3, 17])
    rates = performance(truth, flags).estimates()
    seen = {name: (rate.value, rate.n, rate.n_positive) for name, rate in rates.items()}

    assert seen["accuracy"] == (25 / 30, 30, 10)
    assert seen["sensitivity"] == (8 / 10, 10, 10)
    assert seen["specificity"] == (17 / 20, 20, 0)
    assert seen["positive_predictive_value"] == (8 / 11, 11, 8)
    assert seen["negative_predictive_value"] == (17 / 19, 19, 2)
    assert seen["positive_likelihood_ratio"][0] == pytest.approx(0.8 / 0.15)
    assert seen["negative_likelihood_ratio"][0] == pytest.approx(0.2 / 0.85)


def test_the_interval_of_a_likelihood_ratio_is_simels():
    """On the log scale: sqrt(1/8 - 1/10 + 1/3 - 1/20) = 0.5552, times 1.96, is a factor of 2.969."""
    truth = np.repeat([True, True, False, False], [8, 2, 3, 17])
    flags = np.repeat([True, False, True, False], [8, 2, 3, 17])
    ratio = performance(truth, flags).positive_likelihood_ratio

    assert ratio.high / ratio.value == pytest.approx(2.969, abs=0.002)
    assert ratio.value / ratio.low == pytest.approx(2.969, abs=0.002)


def test_no_false_alarm_gives_no_endless_ratio():
    """With no negative flagged the ratio is unbounded, which is not a number."""
    rates = performance(np.array([True, True, False]), np.array([True, False, False]))

    assert rates.positive_likelihood_ratio.value is None
    assert "no negative film is flagged" in rates.positive_likelihood_ratio.why


def test_repeated_films_do_not_narrow_the_interval(chance):
    """Twenty copies of each of 40 films: by patient about Wilson on 40, not on 800."""
    truth = np.ones(40, dtype=bool)
    flags = np.arange(40) < 30
    copies = np.repeat(np.arange(40), 20)
    rate = performance(truth[copies], flags[copies], Resampling(copies, chance, 2000)).sensitivity
    expected = wilson(30, 40)

    assert rate.value == 0.75
    assert rate.high - rate.low == pytest.approx(expected.high - expected.low, rel=0.15)


def test_all_right_by_patient_is_not_certain(chance):
    """Where every film is right the interval is Wilson's over patients."""
    truth = np.ones(30, dtype=bool)
    rate = performance(truth, truth, Resampling(np.arange(30) // 3, chance, 200)).sensitivity

    assert (rate.value, rate.high) == (1.0, 1.0)
    assert rate.low == pytest.approx(wilson(10, 10).low)


def test_flagging_everything_tells_nothing_and_claims_nothing(chance):
    """The ratio is 1 by construction, so it has no interval, by film or by patient."""
    truth, flags = np.arange(20) % 2 == 0, np.ones(20, dtype=bool)
    for resampling in (None, Resampling(np.arange(20) // 2, chance, 200)):
        rates = performance(truth, flags, resampling)

        assert rates.positive_likelihood_ratio.value == 1.0
        assert rates.positive_likelihood_ratio.low is None
        assert rates.negative_likelihood_ratio.why == "no film is on this side of the cut"
        assert rates.negative_predictive_value.why == "every film is flagged"


@given(*[st.integers(1, 40)] * 4)
def test_likelihood_ratios_have_statsmodels_interval(hits, missed, alarms, clear):
    """The log interval of a ratio of two proportions, of both ratios."""
    truth = np.repeat([True, True, False, False], [hits, missed, alarms, clear])
    flags = np.repeat([True, False, True, False], [hits, missed, alarms, clear])
    rates = performance(truth, flags)
    n_positive, n_negative = hits + missed, alarms + clear
    for rate, parts in (
        (rates.positive_likelihood_ratio, (hits, n_positive, alarms, n_negative)),
        (rates.negative_likelihood_ratio, (missed, n_positive, clear, n_negative)),
    ):
        expected = confint_proportions_2indep(*parts, compare="ratio", method="log")

        assert (rate.low, rate.high) == pytest.approx(expected, rel=1e-6)


def test_a_ratio_of_nought_is_not_certain(chance):
    """No positive film is missed: the ratio is 0, with an upper end, over patients wider still."""
    truth, flags = np.repeat([True, False], 30), np.r_[np.ones(30, bool), np.arange(30) < 12]
    by_film = performance(truth, flags).negative_likelihood_ratio
    by_patient = performance(
        truth, flags, Resampling(np.arange(60) // 3, chance, 200)
    ).negative_likelihood_ratio

    assert (by_film.value, by_film.low) == (0.0, 0.0)
    assert 0 < by_film.high < by_patient.high < 1
    assert by_patient.method == "ratio (Donner and Zou), over patients"


def test_films_of_one_patient_have_no_interval(chance):
    """All samples of one patient are alike, which is no certainty: each rate says so."""
    truth, flags = np.repeat([True, False], 30), np.r_[np.arange(30) < 26, np.arange(30) < 5]
    rates = performance(truth, flags, Resampling(np.zeros(60, int), chance, 100)).estimates()

    assert rates["sensitivity"].value == 26 / 30
    assert {(rate.low, rate.high, rate.why) for rate in rates.values()} == {
        (None, None, "no interval: all samples are alike")
    }
