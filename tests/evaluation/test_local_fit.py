"""A threshold for another hospital: moved by what local films show, and by no more."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.evaluation.local_fit import Home, draw_local_fits, home_films, local_intercept, local_threshold

HOME = Home(mean_positive=2.0, mean_negative=-2.0, spread=1.5, threshold=0.5)


def build_films(n: int, *, moved: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Films of both labels in turn, log odds as at home but for a move of all of them."""
    truth = np.arange(n) % 2 == 1
    noise = np.random.default_rng(seed).normal(0, 1.5, n)
    return truth, np.where(truth, 2.0, -2.0) + noise + moved


def test_no_local_film_leaves_the_threshold_at_home():
    """Nothing is known, so nothing moves."""
    assert local_threshold(HOME, [], []) == 0.5


def test_many_local_films_move_the_threshold_as_far_as_the_scores_moved():
    """Scores that lie 1.3 higher take the threshold with them."""
    truth, logits = build_films(4000, moved=1.3, seed=1)

    assert local_threshold(HOME, truth, logits) == pytest.approx(0.5 + 1.3, abs=0.08)


def test_one_local_film_moves_the_threshold_by_its_weight_against_the_prior():
    """A sick film 3 above the home mean, against a doubt of 1.5 squared films: 3 / 3.25."""
    assert local_threshold(HOME, [1], [5.0]) == pytest.approx(0.5 + 3 / (1 + 2.25))


def test_the_mix_of_labels_does_not_move_the_threshold():
    """Healthy films alone, scored as at home, say that nothing moved."""
    logits = np.full(50, -2.0)

    assert local_threshold(HOME, np.zeros(50), logits) == pytest.approx(0.5)


def test_home_films_are_summed_up_by_label():
    """Means of each label, and the spread inside them."""
    home = home_films([0, 0, 1, 1], [-3.0, -1.0, 1.0, 3.0], threshold=0.2)

    assert (home.mean_negative, home.mean_positive) == (-2.0, 2.0)
    assert home.spread == pytest.approx(1.0)


def test_home_films_of_one_label_are_refused():
    """There is nothing to compare the other label with."""
    with pytest.raises(ValueError, match="both labels"):
        home_films([1, 1], [0.1, 0.2], threshold=0.0)


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

    none, fifty = draw_local_fits(HOME, truth, logits, sizes=(0, 50), n_draws=40, seed=0)

    assert none.specificity[0] < 0.6
    assert fifty.specificity[0] > 0.9
    assert fifty.calibration_error[0] < none.calibration_error[0]
    assert none.n_draws == 1


def test_the_draws_repeat_with_their_seed():
    """Same seed, same figures."""
    truth, logits = build_films(100, moved=1.0, seed=4)

    first = draw_local_fits(HOME, truth, logits, sizes=(10,), n_draws=5, seed=7)

    assert first == draw_local_fits(HOME, truth, logits, sizes=(10,), n_draws=5, seed=7)


def test_a_fit_that_leaves_nothing_to_judge_on_is_refused():
    """All the films were taken for the fit."""
    truth, logits = build_films(10, moved=0.0, seed=5)

    with pytest.raises(ValueError, match="leave no films"):
        draw_local_fits(HOME, truth, logits, sizes=(10,))
