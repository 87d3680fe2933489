"""A threshold for another hospital: moved by what local films show, and by no more."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from hilum.evaluation.local_fit import draw_local_fits, local_intercept, local_threshold

HOME_SICK = np.random.default_rng(9).normal(2.0, 1.5, 400)  # log odds
FROM_HOME = partial(local_threshold, HOME_SICK, sensitivity=0.9)


def build_films(n: int, *, moved: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Films of both labels in turn, log odds as at home but for a move of all of them."""
    truth = np.arange(n) % 2 == 1
    noise = np.random.default_rng(seed).normal(0, 1.5, n)
    return truth, np.where(truth, 2.0, -2.0) + noise + moved


def test_no_local_film_leaves_the_threshold_at_home():
    """The cut that nine in ten of the home sick reach."""
    cut = local_threshold(HOME_SICK, [], [], sensitivity=0.9)

    reached = cut <= HOME_SICK
    assert reached.mean() == pytest.approx(0.9, abs=0.003)


def test_many_local_films_take_the_threshold_with_them():
    """Scores of the sick that lie 1.3 higher move the cut as far."""
    truth, logits = build_films(4000, moved=1.3, seed=1)

    cut = local_threshold(HOME_SICK, truth, logits, sensitivity=0.9)

    assert (logits[truth] >= cut).mean() == pytest.approx(0.9, abs=0.01)


def test_home_counts_as_ten_films():
    """Ten local sick below all the home sick are half of the mixture."""
    cut = local_threshold(HOME_SICK, np.ones(10), np.full(10, -9.0), sensitivity=0.5)

    assert cut == pytest.approx(HOME_SICK.min())
    assert local_threshold(HOME_SICK, np.ones(10), np.full(10, -9.0), sensitivity=0.51) == -9.0


def test_the_healthy_do_not_move_the_threshold():
    """They say nothing of how the sick are scored here."""
    at_home = local_threshold(HOME_SICK, [], [], sensitivity=0.9)

    assert local_threshold(HOME_SICK, np.zeros(50), np.full(50, 3.0), sensitivity=0.9) == at_home


def test_no_home_film_is_refused():
    """There is nothing to start from."""
    with pytest.raises(ValueError, match="home films"):
        local_threshold([], [1], [0.5], sensitivity=0.9)


def test_a_sensitivity_of_nothing_is_refused():
    """Every cut reaches it."""
    with pytest.raises(ValueError, match="sensitivity"):
        local_threshold(HOME_SICK, [1], [0.5], sensitivity=0.0)


def test_the_intercept_makes_the_mean_probability_the_share_of_the_sick():
    """With many films the prior is drowned and the model's score equation holds."""
    truth, logits = build_films(4000, moved=2.0, seed=2)

    probability = 1 / (1 + np.exp(-(logits + local_intercept(truth, logits))))

    assert probability.mean() == pytest.approx(truth.mean(), abs=0.01)


def test_the_intercept_of_no_film_is_nothing():
    """The prior's own mean."""
    assert local_intercept([], []) == 0.0


def test_local_films_bring_back_the_home_sensitivity():
    """Moved scores flag nearly everybody at the home threshold; fifty films mend it."""
    truth, logits = build_films(600, moved=2.5, seed=3)

    none, fifty = draw_local_fits(FROM_HOME, truth, logits, sizes=(0, 50), n_draws=40, seed=0)

    assert none.specificity[0] < 0.6
    assert fifty.specificity[0] > none.specificity[0] + 0.2
    assert fifty.calibration_error[0] < none.calibration_error[0]
    assert none.n_draws == fifty.n_draws == 40


def test_the_draws_repeat_with_their_seed():
    """Same seed, same figures."""
    truth, logits = build_films(100, moved=1.0, seed=4)

    first = draw_local_fits(FROM_HOME, truth, logits, sizes=(10,), n_draws=5, seed=7)

    assert first == draw_local_fits(FROM_HOME, truth, logits, sizes=(10,), n_draws=5, seed=7)


def test_a_fit_that_leaves_nothing_to_judge_on_is_refused():
    """All the films were taken for the fit."""
    truth, logits = build_films(10, moved=0.0, seed=5)

    with pytest.raises(ValueError, match="leave no films"):
        draw_local_fits(FROM_HOME, truth, logits, sizes=(10,))


def test_every_size_is_judged_on_the_same_films():
    """A cut that heeds no local film finds the same share of the sick whatever the size."""
    truth, logits = build_films(100, moved=1.0, seed=6)

    drawn = draw_local_fits(lambda labels, scores: 0.0, truth, logits, sizes=(0, 10, 50), n_draws=20)

    assert drawn[0].sensitivity == drawn[1].sensitivity == drawn[2].sensitivity
