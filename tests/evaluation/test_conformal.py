"""Conformal sets: what they promise, they keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hilum.evaluation.conformal import (
    certainties,
    conformal_coverage,
    conformal_limits,
    cross_fitted_certainties,
)
from hilum.records import Certainty, CertaintyLimits


def test_limits_are_the_floor_of_the_error_rates_place():
    """Of 19 sick films at 10 %, floor(0.1 * 20) = 2: the second lowest; of 9 healthy, the highest."""
    sick, healthy = np.arange(1, 20) / 100, np.arange(1, 10) / 100
    truth = np.r_[np.ones(19), np.zeros(9)]

    limits = conformal_limits(truth, np.r_[sick, healthy], error_rate=0.1)

    assert (limits.abnormal_from, limits.normal_up_to) == (0.02, 0.09)
    assert (limits.n_positive, limits.n_negative) == (19, 9)


def test_too_few_films_rule_nothing_out():
    """Eight films cannot promise 90 %, so every film is left open."""
    truth, probability = np.r_[np.ones(8), np.zeros(8)], np.linspace(0, 1, 16)
    limits = conformal_limits(truth, probability, error_rate=0.1)

    assert limits.abnormal_from is None
    assert limits.normal_up_to is None
    assert {limits.certainty(value) for value in (0.0, 0.5, 1.0)} == {Certainty.BOTH}


@pytest.mark.parametrize(
    ("probability", "certainty"),
    [(0.2, Certainty.NORMAL), (0.3, Certainty.BOTH), (0.6, Certainty.BOTH), (0.7, Certainty.ABNORMAL)],
)
def test_between_the_limits_both_are_possible(probability, certainty):
    """Limits themselves belong to what is not ruled out."""
    assert CertaintyLimits(0.1, 50, 50, 0.3, 0.6).certainty(probability) is certainty


def test_where_both_could_be_ruled_out_nothing_is():
    """A film between two classes that lie apart is one for a person."""
    assert CertaintyLimits(0.1, 50, 50, 0.8, 0.2).certainty(0.5) is Certainty.BOTH


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    error_rate=st.sampled_from([0.05, 0.1, 0.2]),
    n=st.integers(5, 60),
    tied=st.booleans(),
)
def test_the_promise_holds_on_average_with_ties_too(seed, error_rate, n, tied):
    """Over 400 draws, sick and healthy films are wrongly ruled out at most at the error rate, give or take
    three standard errors.
    """
    rng = np.random.default_rng(seed)
    wrong = np.zeros((400, 2))
    for draw in wrong:
        scores = np.r_[rng.normal(1, 1, n + 1), rng.normal(0, 1, n + 1)]
        scores = np.round(scores) if tied else scores
        truth = np.r_[np.ones(n), np.zeros(n)]
        limits = conformal_limits(truth, np.r_[scores[:n], scores[n + 1 : -1]], error_rate=error_rate)
        draw[:] = (
            limits.certainty(scores[n]) is Certainty.NORMAL,
            limits.certainty(scores[-1]) is Certainty.ABNORMAL,
        )

    slack = 3.5 * np.sqrt(error_rate * (1 - error_rate) / 400)
    assert (wrong.mean(axis=0) <= error_rate + slack).all()


def test_no_film_sets_its_own_limit():
    """With one odd sick film a fold, the fold's own odd film is ruled out by the others' limits."""
    truth = np.r_[np.ones(40), np.zeros(40)]
    probability = np.r_[np.linspace(0.5, 0.9, 40), np.linspace(0.1, 0.5, 40)]
    probability[0] = 0.0
    fold = np.arange(80) % 4

    found = cross_fitted_certainties(truth, probability, fold, error_rate=0.1)
    outside = fold != 0
    limits = conformal_limits(truth[outside], probability[outside], error_rate=0.1)

    assert found[0] is Certainty.NORMAL
    assert [found[place] for place in np.flatnonzero(~outside)] == certainties(limits, probability[~outside])


def test_coverage_counts_what_was_not_ruled_out():
    """Of two sick films one is called normal; of two healthy ones none is called abnormal; one is open."""
    found = [Certainty.NORMAL, Certainty.ABNORMAL, Certainty.NORMAL, Certainty.BOTH]
    coverage = conformal_coverage([1, 1, 0, 0], found)

    assert (coverage.of_positives.value, coverage.of_positives.n) == (0.5, 2)
    assert (coverage.of_negatives.value, coverage.of_negatives.n) == (1.0, 2)
    assert (coverage.both.value, coverage.both.n) == (0.25, 4)


@pytest.mark.parametrize("error_rate", [0, 1, -0.1, float("nan")])
def test_an_error_rate_out_of_range_is_refused(error_rate):
    """Nothing is promised at 0 or 1."""
    with pytest.raises(ValueError, match="above 0 and below 1"):
        conformal_limits([0, 1], [0.1, 0.9], error_rate=error_rate)
