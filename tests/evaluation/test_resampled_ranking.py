"""A ranking's curve and its figures, against scikit-learn, and in samples of patients."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.discrimination import rank_films
from hilum.evaluation.intervals import Resampling
from hilum.evaluation.resampled_ranking import CurvePoints, StepCurve, bootstrap_ranking


@st.composite
def tables(draw):
    """Labels of both kinds, and scores with many ties."""
    n_positive, n_negative = draw(st.integers(1, 20)), draw(st.integers(1, 20))
    n = n_positive + n_negative
    score = draw(st.lists(st.integers(0, 8), min_size=n, max_size=n))
    return np.r_[np.ones(n_positive, bool), np.zeros(n_negative, bool)], np.array(score, float)


def curve(truth, score):
    return StepCurve.of_counts(*rank_films(truth, score).counts())


@given(tables())
def test_the_areas_are_scikit_learns(table):
    """AUC and average precision read off the steps agree with the oracle."""
    truth, score = table

    assert curve(truth, score).area() == pytest.approx(oracle.roc_auc_score(truth, score), abs=1e-12)
    expected = oracle.average_precision_score(truth, score)
    assert curve(truth, score).average_precision() == pytest.approx(expected, abs=1e-12)


@given(tables(), st.floats(0.001, 0.999))
def test_the_partial_area_is_that_of_the_drawn_curve(table, rate):
    """The trapezium rule over the oracle's curve, cut at the rate."""
    truth, score = table
    rates, heights, _ = oracle.roc_curve(truth, score, drop_intermediate=False)
    inside = rates <= rate
    x, y = np.r_[rates[inside], rate], np.r_[heights[inside], np.interp(rate, rates, heights)]

    assert curve(truth, score).partial_area(rate) == pytest.approx(np.trapezoid(y, x), abs=1e-12)


@given(tables(), st.integers(1, 1000).map(lambda level: level / 1000))
def test_a_held_rate_lies_on_the_drawn_curve(table, level):
    """Sensitivity at a false-positive rate, and specificity at a sensitivity, are points of the curve."""
    truth, score = table
    rates, heights, _ = oracle.roc_curve(truth, score, drop_intermediate=False)
    own = curve(truth, score)
    sensitivity = own.sensitivity_at(np.array([level]))[0]
    specificity = own.specificity_at(np.array([level]))[0]

    assert sensitivity == pytest.approx(np.interp(level * (1 + 1e-12), rates, heights), abs=1e-9)
    assert 1 - specificity == pytest.approx(np.interp(level - 1e-12, heights, rates), abs=1e-6)


@given(tables(), st.floats(0.001, 1))
def test_precision_at_a_recall_is_that_of_the_first_cut_that_reaches_it(table, recall):
    """By counting at every cut."""
    truth, score = table
    flagged = [score >= cut for cut in np.unique(score)[::-1]]
    first = next(flags for flags in flagged if truth[flags].sum() >= recall * truth.sum() - 1e-9)

    assert curve(truth, score).precision_at(np.array([recall]))[0] == pytest.approx(truth[first].mean())


def test_figures_of_a_sample_are_those_of_the_sampled_films(chance):
    """A draw's figures are the oracle's where each film counts as often as it was drawn."""
    truth, score = chance.random(80) < 0.4, chance.normal(size=80).round(1)
    codes = np.repeat(np.arange(40), 2)
    points = CurvePoints(most_false_positives=0.3)
    draws = bootstrap_ranking(truth, score, Resampling(codes, np.random.default_rng(5), 3), points=points)
    rng = np.random.default_rng(5)
    for at in range(3):
        times = np.bincount(rng.integers(40, size=40), minlength=40)[codes]

        assert draws.auroc[at] == pytest.approx(oracle.roc_auc_score(truth, score, sample_weight=times))


def test_a_sample_without_a_class_has_no_figures():
    """One positive film is often not drawn; such samples are NaN in every figure."""
    truth, score = np.array([True, False, False]), np.array([3.0, 2.0, 1.0])
    draws = bootstrap_ranking(truth, score, Resampling(np.arange(3), np.random.default_rng(0), 200))

    assert np.isnan(draws.auroc).any()
    assert (np.isnan(draws.auroc) == np.isnan(draws.partial_area)).all()
