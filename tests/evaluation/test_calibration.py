"""Brier score, calibration error, and Platt's fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from sklearn import metrics as oracle

from hilum.evaluation.calibration import brier, ece, fit_platt, reliability
from hilum.evaluation.intervals import Resampling

probabilities = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60)


def split(rows):
    """Labels and probabilities as arrays."""
    return np.array([label for label, _ in rows]), np.array([chance for _, chance in rows])


def smoothed_loss(weights, truth, logit):
    """Platt's cross-entropy, as his paper writes it."""
    n_positive, n_negative = truth.sum(), (~truth).sum()
    target = np.where(truth, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    z = weights[0] * logit + weights[1]
    return (np.logaddexp(0, z) - target * z).sum()


@given(probabilities)
def test_the_brier_score_is_scikit_learns(rows):
    """The mean squared error agrees with the oracle, its interval holds it."""
    truth, chances = split(rows)
    score = brier(truth, chances)

    assert score.value == pytest.approx(oracle.brier_score_loss(truth, chances, pos_label=True), abs=1e-12)
    assert score.low is None or score.low <= score.value <= score.high


def test_copies_do_not_narrow_the_brier_interval(chance):
    """Ten copies of each film keep the interval of one where patients are told."""
    truth, chances = chance.random(60) < 0.5, chance.random(60)
    copies = np.repeat(np.arange(60), 10)
    once, told = brier(truth, chances), brier(truth[copies], chances[copies], codes=copies)

    assert told.high - told.low == pytest.approx(once.high - once.low)


@given(probabilities)
def test_the_calibration_error_is_that_of_its_definition(rows):
    """The gap of each bin, weighted by its films."""
    truth, chances = split(rows)
    bins = np.minimum((chances * 10).astype(int), 9)
    expected = sum(
        abs(chances[bins == b].mean() - truth[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)
    )

    assert ece(truth, chances).value == pytest.approx(expected, abs=1e-12)


def test_a_calibrated_score_has_little_error(chance):
    """On calibrated scores the value is small and the interval, its bias removed, lies about it."""
    chances = chance.random(2000)
    truth = chance.random(2000) < chances
    error = ece(truth, chances, resampling=Resampling(np.arange(2000), chance, 300, "film"))

    assert error.value < 0.05
    assert error.low < 0.02 < error.value < error.high
    assert error.method.startswith("bootstrap by film")


@pytest.mark.parametrize("figure", [brier, ece, reliability])
def test_what_is_no_probability_is_refused(figure):
    """Scores of 0..100 have no calibration error."""
    with pytest.raises(ValueError, match=r"0\.\.1"):
        figure([0, 1], [0.5, 1.01])


@pytest.mark.parametrize("figure", [brier, ece])
def test_no_film_is_no_error(figure):
    """An empty table is not perfectly calibrated."""
    assert figure([], []).value is None
    assert figure([], []).why == "no film"


def test_bins_hold_every_film_once():
    """One is in the last bin, an edge in the upper, and empty bins are left out."""
    bins = reliability([0, 1, 1, 1], [0.0, 0.1, 0.95, 1.0])

    assert [(one.low, one.observed.n) for one in bins] == [(0.0, 1), (0.1, 1), (0.9, 2)]
    assert bins[2].mean_probability == pytest.approx(0.975)


@given(
    st.lists(st.tuples(st.booleans(), st.floats(-20, 20)), min_size=4, max_size=60).filter(
        lambda rows: len({label for label, _ in rows}) == 2 and np.std([z for _, z in rows]) > 1e-3
    )
)
def test_platts_fit_is_the_minimum(rows):
    """No general minimiser finds a lower smoothed cross-entropy."""
    truth, logit = split(rows)
    ours = smoothed_loss(np.array(fit_platt(truth, logit)), truth, logit)
    theirs = minimize(smoothed_loss, np.zeros(2), args=(truth, logit), method="BFGS").fun

    assert ours <= theirs + 1e-6


def test_platts_fit_mends_a_known_distortion(chance):
    """Logits stretched by 3 and moved by 1 come back: slope 1/3, intercept -1/3."""
    logit = chance.normal(size=100_000) * 2
    truth = chance.random(logit.size) < expit(logit)

    assert fit_platt(truth, 3 * logit + 1) == pytest.approx((1 / 3, -1 / 3), abs=0.02)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8, 1e200])
def test_separated_logits_of_any_size_have_a_finite_fit(scale):
    """Where the logits part the classes, Platt's targets keep the slope finite and positive."""
    slope, intercept = fit_platt([0, 0, 1, 1], np.array([-2.0, -1.0, 1.0, 2.0]) * scale)

    assert np.isfinite([slope, intercept]).all()
    assert 0.2 < slope * scale < 5


def test_one_logit_for_all_gives_the_share():
    """Without spread only the smoothed share of positives is known: (3/4 + 3/4 + 1/3) / 3 = 0.611."""
    slope, intercept = fit_platt([0, 1, 1], [2.0, 2.0, 2.0])

    assert slope == 0.0
    assert expit(intercept) == pytest.approx(0.6111, abs=1e-4)


@pytest.mark.parametrize("truth", [[0, 0], [1, 1], []])
def test_one_class_cannot_be_calibrated(truth):
    """One kind of film says nothing of the other."""
    with pytest.raises(ValueError, match="both labels"):
        fit_platt(truth, np.zeros(len(truth)))
