"""Distances of two sets of scores, against SciPy and brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from hilum.evaluation import drift
from hilum.evaluation.drift import (
    bin_edges,
    index_of_counts,
    ks_distance,
    ks_p_value,
    median,
    median_draws,
    median_shift,
    stability_index,
)

SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), min_size=1, max_size=5)


@pytest.mark.parametrize(("n", "m"), [(1, 9), (5, 7), (30, 31), (50, 200), (200, 1500)])
def test_distance_and_p_are_scipys(chance, n, m):
    """Without ties the exact p of KS is SciPy's."""
    first, second = chance.random(n), chance.random(m) ** 1.2
    expected = ks_2samp(first, second, method="exact")

    assert ks_distance(first, second) == pytest.approx(expected.statistic, abs=1e-12)
    assert ks_p_value(first, second) == pytest.approx(expected.pvalue, rel=1e-9)


@settings(max_examples=50)
@given(SCORES, SCORES)
def test_p_with_ties_is_the_share_of_all_partings(first, second):
    """Counted over every way to part the pooled scores in two sets of these sizes."""
    pooled, n = np.array(first + second), len(first)
    seen = ks_distance(np.array(first), np.array(second))
    as_far = []
    for chosen in combinations(range(pooled.size), n):
        mask = np.isin(np.arange(pooled.size), chosen)
        as_far.append(ks_distance(pooled[mask], pooled[~mask]) >= seen - 1e-9)

    assert ks_p_value(np.array(first), np.array(second)) == pytest.approx(np.mean(as_far), abs=1e-9)


def test_large_sets_take_smirnovs_limit(chance, monkeypatch):
    """Where the exact walk would take minutes, the limit is close to SciPy's."""
    monkeypatch.setattr(drift, "MOST_EXACT_CELLS", 1000)
    first, second = chance.random(2000), chance.random(400) * 0.97

    assert ks_p_value(first, second) == pytest.approx(
        ks_2samp(first, second, method="asymp").pvalue, abs=0.02
    )


def test_equal_scores_are_no_distance():
    """All scores alike: one bin, no distance, p of 1."""
    first, second = np.full(5, 0.3), np.full(8, 0.3)

    assert ks_distance(first, second) == 0
    assert ks_p_value(first, second) == 1
    assert stability_index(first, second).value == 0
    assert bin_edges(first).size == 0


def test_psi_is_the_formula_by_hand():
    """Two bins of 3:1 and 1:3 films, half a film added: p = 3.5 / 5, 1.5 / 5."""
    expected = 2 * (0.7 - 0.3) * np.log(0.7 / 0.3)

    assert index_of_counts([3, 1], [1, 3]) == pytest.approx(expected, abs=1e-12)


def test_an_empty_bin_is_not_infinitely_far():
    """A PSI stays finite where a bin has no film."""
    assert np.isfinite(index_of_counts([10, 0], [0, 10]))


def test_psi_of_chance_has_the_mean_that_is_taken_off(chance):
    """Of two samples of one source; (10 - 1)(1/500 + 1/100) = 0.108, to first order."""
    drawn = [stability_index(chance.random(500), chance.random(100)) for _ in range(300)]

    assert drawn[0].by_chance == pytest.approx(0.108)
    assert np.mean([index.value for index in drawn]) == pytest.approx(0.108, abs=0.01)
    assert np.mean([index.corrected for index in drawn]) == pytest.approx(0, abs=0.01)


def test_median_draws_are_the_bootstraps(chance):
    """The shortcut has the spread of medians of drawn samples."""
    scores = chance.random(101)
    drawn = np.median(chance.choice(scores, (20_000, 101)), axis=1)
    short = median_draws(scores, rng=chance, n_draws=20_000)

    assert np.quantile(short, [0.05, 0.5, 0.95]) == pytest.approx(
        np.quantile(drawn, [0.05, 0.5, 0.95]), abs=0.015
    )


def test_a_median_of_one_film_has_no_interval(chance):
    """One film has no spread, and that is said."""
    assert median(np.array([0.4]), rng=chance).why.startswith("no interval")
    assert median_shift(np.array([0.4]), np.array([0.6, 0.7]), rng=chance).low is None
    assert median(np.empty(0), rng=chance).value is None


@given(SCORES, SCORES)
def test_median_shift_lies_in_its_interval(reference, current):
    """Whatever the ties."""
    found = median_shift(np.array(reference), np.array(current), rng=np.random.default_rng(0), n_draws=200)

    assert found.value == pytest.approx(np.median(current) - np.median(reference))
    assert found.low is None or found.high is None or found.low <= found.high


def test_no_scores_are_refused():
    """An empty side is a mistake of the caller."""
    for distance in (ks_distance, stability_index):
        with pytest.raises(ValueError, match="scores on both sides"):
            distance(np.empty(0), np.array([0.1]))
