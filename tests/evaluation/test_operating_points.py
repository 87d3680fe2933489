"""Cuts on a score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.operating_points import (
    at_threshold,
    cross_fitted,
    threshold_for_sensitivity,
    youden_threshold,
)

labelled = st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=2, max_size=40).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def rates(truth, score, cut):
    """Sensitivity and specificity by counting."""
    flagged = score >= cut
    return flagged[truth].mean(), (~flagged[~truth]).mean()


@given(labelled)
def test_youdens_cut_is_the_best_and_the_lowest(rows):
    """No cut does better, and no lower cut does as well."""
    truth, score = np.array([label for label, _ in rows]), np.array([float(value) for _, value in rows])
    chosen = youden_threshold(truth, score)
    gains = {cut: round(sum(rates(truth, score, cut)), 9) for cut in np.unique(score)}

    assert gains[chosen] == max(gains.values())
    assert chosen == min(cut for cut, gain in gains.items() if gain == max(gains.values()))


@given(labelled, st.floats(0.01, 1))
def test_a_cut_for_sensitivity_reaches_it_at_the_highest_specificity(rows, wanted):
    """Every other cut that reaches it has no higher specificity, and of equals the lowest is taken."""
    truth, score = np.array([label for label, _ in rows]), np.array([float(value) for _, value in rows])
    chosen = threshold_for_sensitivity(truth, score, wanted)
    reaching = {cut: rates(truth, score, cut) for cut in np.unique(score)}
    reaching = {cut: own for cut, own in reaching.items() if own[0] >= wanted - 1e-9}
    best = max(specificity for _, specificity in reaching.values())

    assert reaching[chosen][1] == best
    assert chosen == min(cut for cut, own in reaching.items() if own[1] == best)


def test_a_sensitivity_of_seven_tenths_is_seven_of_ten():
    """0.7 * 10 is a little more than 7 for a computer, and yet 7 films are enough."""
    truth = np.repeat([1, 0], [10, 1])
    score = np.r_[np.arange(10.0, 0, -1), 3.5]  # cutting at 4 flags 7 positives and no negative

    assert threshold_for_sensitivity(truth, score, 0.7) == 4.0


@pytest.mark.parametrize("wanted", [0.0, -0.1, 1.1, float("nan")])
def test_a_sensitivity_out_of_range_is_refused(wanted):
    """Nought is reached by flagging nobody, and is no wish."""
    with pytest.raises(ValueError, match="sensitivity"):
        threshold_for_sensitivity([0, 1], [1, 2], wanted)


@pytest.mark.parametrize("truth", [[0, 0], [1, 1], []])
def test_a_cut_is_not_chosen_from_one_class(truth):
    """Without films of both labels there is nothing to weigh."""
    with pytest.raises(ValueError, match="both labels"):
        youden_threshold(truth, np.zeros(len(truth)))


def test_a_score_at_the_cut_is_flagged():
    """The cut itself flags."""
    counts = at_threshold([1, 0, 1, 0], [0.5, 0.5, 0.4, 0.4], 0.5).counts

    assert (counts.true_positive, counts.false_positive) == (1, 1)
    assert (counts.false_negative, counts.true_negative) == (1, 1)


def test_cross_fitting_uses_the_other_folds_alone():
    """A fold's own films never choose its cut: here each fold takes the other's."""
    truth = np.array([False, True, False, True])
    score = np.array([1.0, 2.0, 10.0, 20.0])
    flags = cross_fitted(truth, score, np.array([0, 0, 1, 1]), choose=youden_threshold)

    assert flags.tolist() == [False, False, True, True]  # fold 0 is cut at 20, fold 1 at 2


def test_a_chosen_cut_is_optimistic_and_a_cross_fitted_one_is_not(chance):
    """On scores without information Youden's index looks useful where chosen, not where cross-fitted."""
    own, fair = [], []
    for _ in range(200):
        truth = np.arange(40) % 2 == 0
        score, fold = chance.random(40), np.arange(40) // 2 % 5
        cut = youden_threshold(truth, score)
        own.append(sum(rates(truth, score, cut)) - 1)
        flags = cross_fitted(truth, score, fold, choose=youden_threshold)
        fair.append(flags[truth].mean() + (~flags[~truth]).mean() - 1)

    assert np.mean(own) > 0.15
    assert np.mean(fair) < 0.05
