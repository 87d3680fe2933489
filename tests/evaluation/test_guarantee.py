"""The promise of a sensitivity: against SciPy, a published table, brute force, and its own coverage."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom
from statsmodels.stats.proportion import proportion_confint

from hilum.evaluation.binomial import binomial_at_most, exact_lower_bound
from hilum.evaluation.guarantee import (
    films_needed,
    guaranteed_threshold,
    lowest_but,
    misses_allowed,
    misses_allowed_on_average,
    positives_needed,
    positives_needed_on_average,
)

# Composite Materials Handbook CMH-17-1G, table 8.5.12 (rank of the B-basis value: 0.90 with 0.95 confidence),
# as the R package cmstatr 0.9.3 prints it in its tests: smallest sample -> rank from below.
CMH_17_TABLE = {
    29: 1, 46: 2, 61: 3, 76: 4, 89: 5, 103: 6, 116: 7, 129: 8, 142: 9, 154: 10, 167: 11, 179: 12, 191: 13,
    203: 14, 215: 15, 227: 16, 239: 17, 251: 18, 263: 19, 275: 20, 298: 22, 321: 24, 345: 26, 368: 28,
    391: 30, 504: 40, 615: 50, 781: 65, 1053: 90, 1483: 130, 2015: 180,
}  # fmt: skip

shares = st.floats(0.01, 0.99)


@given(n=st.integers(1, 400), chance=shares)
@settings(max_examples=60, deadline=None)
def test_binomial_sums_are_scipys(n, chance):
    """To eleven digits, from none to all."""
    ours = binomial_at_most(n, chance)

    assert ours == pytest.approx(binom.cdf(np.arange(n + 1), n, chance), rel=1e-9, abs=1e-14)


def test_binomial_sums_hold_for_a_hundred_thousand_trials():
    """Neither overflow nor loss: P(X <= 9,900) of 100,000 at 0.1."""
    assert binomial_at_most(100_000, 0.1)[9900] == pytest.approx(binom.cdf(9900, 100_000, 0.1), rel=1e-8)


@given(n=st.integers(1, 300), share=st.floats(0, 1), confidence=st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]))
@settings(max_examples=60, deadline=None)
def test_the_exact_bound_is_the_beta_quantile(n, share, confidence):
    """Clopper and Pearson's lower end, one-sided."""
    hits = round(share * n)
    expected = beta.ppf(1 - confidence, hits, n - hits + 1) if hits else 0.0

    assert exact_lower_bound(hits, n, confidence) == pytest.approx(expected, abs=1e-9)


def test_the_exact_bound_is_statsmodels_lower_end_of_a_two_sided_interval():
    """One-sided 95 % is the lower end of two-sided 90 %."""
    low, _ = proportion_confint(75, 78, alpha=0.1, method="beta")

    assert exact_lower_bound(75, 78, 0.95) == pytest.approx(low, abs=1e-9)


@pytest.mark.parametrize(("n", "rank"), CMH_17_TABLE.items())
def test_the_rank_is_that_of_the_published_table(n, rank):
    """With n the rank is reached, with one fewer it is not: CMH-17-1G, table 8.5.12."""
    assert misses_allowed(n, sensitivity=0.9, confidence=0.95) == rank - 1
    fewer = misses_allowed(n - 1, sensitivity=0.9, confidence=0.95)
    assert fewer is None or fewer < rank - 1


def test_29_positives_carry_ninety_percent_and_59_ninety_five():
    """0.9**29 = 0.0471 and 0.95**59 = 0.0485 are the first powers below 0.05."""
    assert positives_needed(sensitivity=0.9, confidence=0.95) == 29
    assert positives_needed(sensitivity=0.95, confidence=0.95) == 59


def test_28_positives_carry_nothing():
    """0.9**28 = 0.0523 is above 0.05, whatever the scores."""
    assert misses_allowed(28, sensitivity=0.9, confidence=0.95) is None
    assert guaranteed_threshold(np.ones(28), sensitivity=0.9, confidence=0.95) is None


@given(misses=st.integers(0, 12), sensitivity=st.floats(0.5, 0.97), confidence=st.floats(0.5, 0.99))
@settings(max_examples=40, deadline=None)
def test_the_positives_needed_are_the_fewest(misses, sensitivity, confidence):
    """They are enough by SciPy's sums, and one fewer is not."""
    n = positives_needed(sensitivity=sensitivity, confidence=confidence, misses=misses)

    assert binom.cdf(misses, n, 1 - sensitivity) <= 1 - confidence + 1e-9
    assert n - 1 <= misses or binom.cdf(misses, n - 1, 1 - sensitivity) > 1 - confidence - 1e-9


def test_a_probability_equal_to_its_bound_is_enough():
    """0.5**2 = 0.25 = 1 - 0.75, which rounding must not make too large."""
    assert misses_allowed(2, sensitivity=0.5, confidence=0.75) == 0


def test_no_positive_carries_nothing():
    """There is no score to take."""
    assert misses_allowed(0, sensitivity=0.9, confidence=0.95) is None
    assert misses_allowed_on_average(0, sensitivity=0.9) is None


@given(
    scores=st.lists(st.integers(0, 12), min_size=1, max_size=80),
    sensitivity=st.floats(0.5, 0.95),
    confidence=st.sampled_from([0.8, 0.9, 0.95]),
)
@settings(max_examples=150, deadline=None)
def test_the_threshold_is_the_highest_whose_exact_bound_reaches_the_goal(scores, sensitivity, confidence):
    """Brute force over every distinct score, with many ties: SciPy's Clopper-Pearson bound at each."""
    found = np.array(scores, np.float64)
    holding = []
    for cut in np.unique(found):
        hits = int((found >= cut).sum())
        if beta.ppf(1 - confidence, hits, found.size - hits + 1) >= sensitivity - 1e-12:
            holding.append(cut)

    threshold = guaranteed_threshold(found, sensitivity=sensitivity, confidence=confidence)

    assert threshold == (max(holding) if holding else None)


@given(scores=st.lists(st.integers(0, 6), min_size=29, max_size=90))
@settings(max_examples=60, deadline=None)
def test_ties_flag_no_film_less_than_the_promise(scores):
    """At most as many positives lie below the threshold as may."""
    found = np.array(scores, np.float64)
    threshold = guaranteed_threshold(found, sensitivity=0.9, confidence=0.95)
    allowed = misses_allowed(found.size, sensitivity=0.9, confidence=0.95)

    assert threshold is not None
    assert (found < threshold).sum() <= allowed
    assert (found <= threshold).sum() > allowed  # and the next higher score would leave too many


def test_the_promise_holds_exactly_as_often_as_the_binomial_says():
    """Of 61 uniform scores the third from below: P(Bin(61, 0.1) >= 3) = 0.9502 of 20,000 draws."""
    draws = np.random.default_rng(1).random((20_000, 61))
    thresholds = np.sort(draws, axis=1)[:, misses_allowed(61, sensitivity=0.9, confidence=0.95)]
    held = (1 - thresholds >= 0.9).mean()  # the sensitivity of a cut on uniform scores is 1 - cut

    assert held == pytest.approx(1 - binom.cdf(2, 61, 0.1), abs=4 * math.sqrt(0.05 * 0.95 / 20_000))


def test_with_ties_the_promise_holds_oftener():
    """Scores of five values, 30 positives: the worst that can be is 0.95."""
    chance = np.array([0.09, 0.11, 0.2, 0.3, 0.3])
    draws = np.random.default_rng(2).choice(5, size=(4000, 30), p=chance)
    reached = chance[::-1].cumsum()[::-1]  # the sensitivity at each value as threshold
    held = [reached[int(guaranteed_threshold(row, sensitivity=0.9, confidence=0.95))] >= 0.9 for row in draws]

    assert np.mean(held) >= 0.95 - 4 * math.sqrt(0.05 * 0.95 / 4000)


def test_conformal_risk_control_counts_misses_as_its_paper_does():
    """n/(n+1) * risk + 1/(n+1) <= alpha, over every number of positives and misses up to 60."""
    for n, misses in itertools.product(range(1, 61), range(60)):
        if misses < n:
            is_held = n / (n + 1) * (misses / n) + 1 / (n + 1) <= 0.1 + 1e-12
            allowed = misses_allowed_on_average(n, sensitivity=0.9)
            assert is_held == (allowed is not None and misses <= allowed)


def test_conformal_risk_control_takes_nine_positives():
    """1 / 10 <= 0.1 is the first."""
    assert positives_needed_on_average(sensitivity=0.9) == 9
    assert misses_allowed_on_average(9, sensitivity=0.9) == 0
    assert misses_allowed_on_average(8, sensitivity=0.9) is None


def test_conformal_risk_control_reaches_the_goal_on_the_average():
    """Of 25 uniform scores: the mean sensitivity over draws is 24/26, and no less than 0.9."""
    draws = np.sort(np.random.default_rng(3).random((20_000, 25)), axis=1)
    mean = (1 - draws[:, misses_allowed_on_average(25, sensitivity=0.9)]).mean()

    assert mean == pytest.approx(24 / 26, abs=0.002)


def test_the_lowest_but_some_is_an_order_statistic():
    """Of 5, 1, 3 with one miss: 3."""
    assert lowest_but([5, 1, 3], 1) == 3


def test_more_misses_than_positives_are_refused():
    """There is no such score."""
    with pytest.raises(ValueError, match="3 misses of 3 positives"):
        lowest_but([1, 2, 3], 3)


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_a_goal_outside_0_to_1_is_refused(value):
    """A sensitivity or confidence of 1 would take every person there is."""
    with pytest.raises(ValueError, match="sensitivity must lie between 0 and 1"):
        misses_allowed(50, sensitivity=value, confidence=0.95)
    with pytest.raises(ValueError, match="confidence must lie between 0 and 1"):
        misses_allowed(50, sensitivity=0.9, confidence=value)


def test_a_goal_beyond_all_films_is_refused():
    """0.9999999 would take thirty million positives."""
    with pytest.raises(ValueError, match="would take more than"):
        positives_needed(sensitivity=0.9999999, confidence=0.95)


def test_films_follow_from_the_prevalence():
    """29 positives at 2 % are 1,450 films, and at 1 in 3 exactly 87."""
    assert films_needed(29, 0.02) == 1450
    assert films_needed(29, 1 / 3) == 87
