"""The Brier score taken apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from hilum.evaluation.brier_parts import brier_parts
from hilum.evaluation.intervals import Resampling

films = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60)


@given(films)
def test_the_parts_make_the_brier_score(rows):
    """reliability - resolution + uncertainty + variance - covariance is scikit-learn's score."""
    truth, chances = (np.array(column) for column in zip(*rows, strict=True))
    parts = brier_parts(truth, chances)
    total = (
        parts.reliability.value
        - parts.resolution.value
        + parts.uncertainty.value
        + parts.within_bin_variance.value
        - parts.within_bin_covariance.value
    )

    assert total == pytest.approx(brier_score_loss(truth, chances, pos_label=True), abs=1e-12)


def test_murphys_three_parts_are_enough_for_one_probability_a_bin():
    """With 0.15 and 0.85 alone, nothing varies within a bin."""
    truth = np.array([0, 0, 0, 1, 1, 1, 0, 1])
    chances = np.array([0.15] * 4 + [0.85] * 4)
    parts = brier_parts(truth, chances)

    # 4 films at 0.15 with 1 positive, 4 at 0.85 with 3: gaps of 0.1; shares 0.25 and 0.75 about 0.5
    assert parts.reliability.value == pytest.approx(0.01)
    assert parts.resolution.value == pytest.approx(0.0625)
    assert parts.uncertainty.value == pytest.approx(0.25)
    assert parts.within_bin_variance.value == pytest.approx(0)
    assert parts.within_bin_covariance.value == pytest.approx(0)


def test_intervals_say_that_their_bias_is_taken_off(chance):
    """Chance makes reliability and resolution too large in a small table."""
    chances = chance.random(200)
    truth = chance.random(200) < chances
    resampling = Resampling(np.arange(200), chance, 200, "film")
    parts = brier_parts(truth, chances, resampling=resampling)

    assert parts.reliability.method == "bootstrap by film less its bias, 200 draws"
    assert 0 <= parts.reliability.low < parts.reliability.high
    assert parts.resolution.low < parts.resolution.value


def test_one_label_has_no_uncertainty():
    """All films alike: uncertainty and resolution are 0, without an interval."""
    parts = brier_parts([1] * 60, [0.5, 0.6, 0.7] * 20, resampling=Resampling(np.arange(60), rng(), 100))

    assert (parts.uncertainty.value, parts.uncertainty.low) == (0.0, None)
    assert parts.uncertainty.why == "no interval: all samples are alike"


def test_few_films_have_parts_without_intervals():
    """Chance alone moves every bin of 49 films, so no interval would hold."""
    chances = rng().random(49)
    resampling = Resampling(np.arange(49), rng(), 100)
    parts = brier_parts(chances > 0.5, chances, resampling=resampling)

    assert (parts.reliability.low, parts.reliability.high) == (None, None)
    assert parts.reliability.why == "no interval: it takes 50 films, for chance moves every bin"


def test_no_film_has_no_parts():
    """The reason stands in every part."""
    assert brier_parts([], []).reliability.why == "no film"


def rng():
    """Chance of a fixed seed."""
    return np.random.default_rng(3)
