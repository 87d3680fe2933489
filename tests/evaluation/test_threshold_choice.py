"""The choice of a threshold from films: patients, weights, rules, and the cross-fit beside it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hilum.evaluation.calibration_films import calibration_films
from hilum.evaluation.threshold_choice import (
    Chosen,
    Goal,
    TooFew,
    calibration_positives,
    choose,
    cross_fitted_rates,
)
from hilum.records import Prediction

GOAL = Goal(0.9, 0.95)


def build_films(scores, labels, *, patients=None, weights=None):
    """Films from columns."""
    rows = [
        Prediction(
            f"film-{at}", int(labels[at]), float(score),
            patient=None if patients is None else str(patients[at]),
            extra={} if weights is None else {"w": str(weights[at])},
        )
        for at, score in enumerate(scores)
    ]  # fmt: skip
    return calibration_films(rows, weight_column=None if weights is None else "w")


def chosen_from(films, goal=GOAL, seed=0):
    return choose(calibration_positives(films, seed=seed), goal)


def test_29_positives_give_their_lowest_score():
    """None may be missed, so all 29 are flagged."""
    chosen = chosen_from(build_films([*range(5, 34), 0, 1], [1] * 29 + [0] * 2))

    assert isinstance(chosen, Chosen)
    assert (chosen.threshold, chosen.n, chosen.n_allowed, chosen.n_missed) == (5, 29, 0, 0)
    assert chosen.bound == pytest.approx(0.05 ** (1 / 29))  # the share whose 29th power is 0.05


def test_28_positives_say_how_many_are_needed():
    """No threshold, and 29 in its place."""
    assert chosen_from(build_films([*range(28), 0], [1] * 28 + [0])) == TooFew(n=28, n_needed=29)


def test_negatives_have_no_say():
    """However they score, the threshold is that of the positives."""
    low = chosen_from(build_films([*range(40), *[0] * 9], [1] * 40 + [0] * 9))
    high = chosen_from(build_films([*range(40), *[99] * 9], [1] * 40 + [0] * 9))

    assert low == high


def test_a_patient_counts_once_by_the_lowest_positive_film():
    """Forty films of twenty patients are twenty positives: too few."""
    scores = [*range(10, 30), *range(50, 70), 0]
    films = build_films(scores, [1] * 40 + [0], patients=[*range(20), *range(20), 99])
    positives = calibration_positives(films, seed=0)

    assert sorted(positives.score.tolist()) == list(range(10, 30))
    assert isinstance(choose(positives, GOAL), TooFew)


def test_a_patients_negative_film_is_no_positive():
    """Before and after treatment: only the positive film counts."""
    films = build_films([0.1, 0.8, 0.3], [0, 1, 0], patients=["a", "a", "b"])

    assert calibration_positives(films, seed=0).score.tolist() == [0.8]


def test_films_without_patient_each_count():
    """Nothing says that they are of one person."""
    chosen = chosen_from(build_films([*range(29), 0], [1] * 29 + [0]))

    assert isinstance(chosen, Chosen)
    assert chosen.n == 29


def test_weights_thin_the_positives_in_proportion():
    """Of 400 positives of weight 1 beside 400 of weight 4, about 100 stay, and all of the heavy ones."""
    n = 400
    films = build_films([*[0.9] * n, *[0.2] * n, 0], [1] * 2 * n + [0], weights=[1] * n + [4] * n + [1])
    positives = calibration_positives(films, seed=3)

    assert (positives.score == 0.2).sum() == n
    assert (positives.score == 0.9).sum() == pytest.approx(n / 4, abs=4 * np.sqrt(n * 0.25 * 0.75))


def test_weights_of_negatives_set_the_largest_too():
    """A small sample may lack a heavy positive by chance; the light ones are thinned all the same."""
    n = 400
    films = build_films([*[0.9] * n, 0, 0], [1] * n + [0, 0], weights=[1] * n + [4, 1])

    assert calibration_positives(films, seed=3).n < n / 2


def test_equal_weights_keep_every_positive():
    """All films stand for as many people."""
    films = build_films([*range(30), 0], [1] * 30 + [0], weights=[2.5] * 31)

    assert calibration_positives(films, seed=0).n == 30


def test_the_average_rule_takes_fewer_positives():
    """Nine positives are enough for conformal risk control, and promise little with confidence."""
    chosen = chosen_from(build_films([*range(9), 0], [1] * 9 + [0]), Goal(0.9, 0.95, "average"))

    assert isinstance(chosen, Chosen)
    assert chosen.threshold == 0
    assert chosen.bound == pytest.approx(0.05 ** (1 / 9))  # 0.717


def test_home_positives_give_a_threshold_without_a_bound():
    """Two local positives and a hundred from home: no promise, and none is claimed."""
    home = tuple(np.linspace(0.2, 1, 101).tolist())
    chosen = chosen_from(build_films([0.5, 0.6, 0.1], [1, 1, 0]), Goal(0.9, 0.95, "home", home))

    assert isinstance(chosen, Chosen)
    assert (chosen.bound, chosen.n_allowed) == (None, None)
    assert 0.2 < chosen.threshold < 0.4  # a tenth of 12 films' weight, nearly all of it home's


@given(
    scores=st.lists(st.integers(0, 30), min_size=40, max_size=120),
    n_patients=st.integers(30, 120),
    seed=st.integers(0, 5),
)
@settings(max_examples=30, deadline=None)
def test_no_more_patients_are_missed_than_may_be(scores, n_patients, seed):
    """With ties and repeats: patients with a positive film below the threshold are at most those allowed."""
    labels = [at % 3 > 0 for at in range(len(scores))]
    films = build_films(scores, labels, patients=[at % n_patients for at in range(len(scores))])
    chosen = chosen_from(films, seed=seed)
    if isinstance(chosen, Chosen):
        below = films.truth & (films.score < chosen.threshold)
        assert np.unique(films.codes[below]).size == chosen.n_missed <= chosen.n_allowed


def test_the_cross_fit_is_what_the_films_outside_a_part_choose(chance):
    """By leaving out one tenth at a time, as written: every film is judged by the others' threshold."""
    score = chance.random(200)
    films = build_films(score, [1] * 100 + [0] * 100)
    found, cleared = cross_fitted_rates(films, calibration_positives(films, seed=0), GOAL, seed=0)
    own = chosen_from(films)

    assert (found.n, cleared.n) == (100, 100)
    assert isinstance(own, Chosen)
    assert found.value == pytest.approx((score[:100] >= own.threshold).mean(), abs=0.06)
    assert cleared.value == pytest.approx((score[100:] < own.threshold).mean(), abs=0.06)


def test_the_cross_fit_keeps_a_patient_in_one_part():
    """A patient's twin film must not choose for it: with films in pairs, it is as with one film each."""
    scores = np.linspace(0, 1, 60)
    pairs = build_films(
        [*scores, *scores, 0.2, 0.3], [1] * 120 + [0, 0], patients=[*range(60), *range(60), 97, 98]
    )
    alone = build_films([*scores, 0.2, 0.3], [1] * 60 + [0, 0], patients=[*range(60), 97, 98])
    rates = [
        cross_fitted_rates(films, calibration_positives(films, seed=0), GOAL, seed=0)[0].value
        for films in (pairs, alone)
    ]

    assert rates[0] == pytest.approx(rates[1])


def test_a_cross_fit_with_too_few_elsewhere_says_so():
    """Of 29 positives nine tenths are 26, which carry nothing."""
    films = build_films([*range(29), 0], [1] * 29 + [0])
    found, cleared = cross_fitted_rates(films, calibration_positives(films, seed=0), GOAL, seed=0)

    assert found.value is None
    assert cleared.value is None
    assert "26 positives are too few" in found.why


def test_one_positive_has_no_cross_fit():
    """It cannot be parted; a home table still gives it a threshold."""
    films = build_films([0.5, 0.1], [1, 0])
    goal = Goal(0.9, 0.95, "home", (0.3, 0.6))
    found, _ = cross_fitted_rates(films, calibration_positives(films, seed=0), goal, seed=0)

    assert "one positive" in found.why
