"""Predictive values at a stated prevalence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.confusion import performance
from hilum.evaluation.intervals import Resampling
from hilum.evaluation.predictive_values import predictive_values
from hilum.evaluation.programme import Programme, outcome


def rates(hits, missed, alarms, clear):
    """The performance of a confusion table."""
    truth = np.r_[np.ones(hits + missed, bool), np.zeros(alarms + clear, bool)]
    flags = np.r_[[True] * hits, [False] * missed, [True] * alarms, [False] * clear].astype(bool)
    return performance(truth, flags)


def test_the_ferritin_example_gives_what_was_published():
    """CEBM Toronto's worksheet on iron deficiency: 731, 78, 270, 1500; PPV 73 %, NPV 95 % at 31 %."""
    found = rates(731, 78, 270, 1500)
    values = predictive_values(found, 809 / 2579)

    assert round(found.sensitivity.value, 2) == 0.90
    assert round(found.specificity.value, 2) == 0.85
    assert round(found.positive_likelihood_ratio.value) == 6
    assert round(found.negative_likelihood_ratio.value, 2) == 0.11  # the worksheet: 0.12, from rounded rates
    assert round(values.positive.value, 2) == 0.73
    assert round(values.negative.value, 2) == 0.95


@given(*[st.integers(0, 30)] * 4, st.floats(0.001, 0.999))
def test_they_follow_bayes_rule_and_lie_in_their_interval(hits, missed, alarms, clear, prevalence):
    """Whatever the table, each is Bayes' or absent with a reason."""
    found = rates(hits, missed, alarms, clear)
    values = predictive_values(found, prevalence)
    if found.sensitivity.value is None or found.specificity.value is None:
        assert values.positive.why
        return
    hit, alarm = prevalence * found.sensitivity.value, (1 - prevalence) * (1 - found.specificity.value)
    if hit + alarm == 0:
        assert values.positive.why == "no film is flagged"
        return

    assert values.positive.value == pytest.approx(hit / (hit + alarm))
    assert 0 <= values.positive.low <= values.positive.value <= values.positive.high <= 1


def test_no_false_alarm_still_leaves_doubt():
    """A PPV of 1 has an interval below 1."""
    values = predictive_values(rates(20, 5, 0, 40), 0.02)

    assert (values.positive.value, values.positive.high) == (1.0, 1.0)
    assert 0.05 < values.positive.low < 0.5


def test_the_interval_is_about_that_of_draws(chance):
    """Against sensitivity and specificity drawn as binomials."""
    values = predictive_values(rates(160, 40, 60, 240), 0.05)
    found, alarmed = chance.binomial(200, 0.8, 20_000) / 200, chance.binomial(300, 0.2, 20_000) / 300
    low, high = np.quantile(0.05 * found / (0.05 * found + 0.95 * alarmed), [0.025, 0.975])

    assert (values.positive.low, values.positive.high) == pytest.approx((low, high), rel=0.03)


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.1, float("nan")])
def test_a_prevalence_of_none_or_all_is_refused(prevalence):
    """It lies between 0 and 1."""
    with pytest.raises(ValueError, match="prevalence"):
        predictive_values(rates(1, 1, 1, 1), prevalence)


@pytest.mark.parametrize("of_one", [True, False])
def test_films_of_one_patient_leave_a_value_without_interval(of_one, chance):
    """All positives, or all negatives, of one patient: most samples lack them, and the values say so."""
    truth = np.r_[np.ones(6, bool), np.zeros(50, bool)] == of_one
    flags = np.arange(56) % 3 != 0
    codes = np.r_[np.zeros(6, int), np.arange(1, 51)]
    found = performance(truth, flags, Resampling(codes, chance, 200))
    values = predictive_values(found, 0.02)
    per_thousand = outcome(found.sensitivity, found.specificity, values, Programme(0.02))

    assert 0 < values.positive.value < 1
    for figure in (values.positive, values.negative, per_thousand.tests):
        assert (figure.low, figure.high, figure.method) == (None, None, "")
        assert figure.why == "no interval: too few patients for the bootstrap"
