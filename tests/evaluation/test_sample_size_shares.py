"""How many films it takes to measure a share, to show it above a floor, and to carry the promise of "
"calibrate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint, samplesize_confint_proportion

from hilum.errors import SettingsInvalid
from hilum.evaluation.guarantee import guaranteed_threshold
from hilum.evaluation.guarantee_size import guarantee_step, positives_for_near, sensitivity_quantile
from hilum.evaluation.sample_size import films_by_exact, films_by_normal, films_by_wilson, films_for_bound


@pytest.mark.parametrize(
    ("share", "half_width", "films"),
    [
        (0.90, 0.05, 139),  # 1.96^2 x 0.9 x 0.1 / 0.0025 = 138.3
        (0.95, 0.05, 73),  # 72.99; with a prevalence of 0.30 Buderer's total is 73 / 0.3
        (0.80, 0.05, 246),  # 245.9
    ],
)  # fmt: skip
def test_the_normal_size_is_buderers(share, half_width, films):
    """z^2 p (1 - p) / w^2 rounded up, as Buderer 1996 has it, and as statsmodels computes it."""
    theirs = samplesize_confint_proportion(share, half_width, alpha=0.05)

    assert films_by_normal(share, half_width) == films == math.ceil(theirs)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9, 0.97])
@pytest.mark.parametrize("half_width", [0.03, 0.1])
@pytest.mark.parametrize(("size", "method"), [(films_by_wilson, "wilson"), (films_by_exact, "beta")])
def test_the_interval_is_as_narrow_as_asked(share, half_width, size, method):
    """With so many films statsmodels' interval is no wider; with a tenth fewer it is wider."""
    n = size(share, half_width)

    def widest(films):
        ends = [proportion_confint(count, films, method=method)
                for count in {math.floor(share * films), math.ceil(share * films)}]  # fmt: skip
        return max(high - low for low, high in ends)

    assert widest(n) <= 2 * half_width + 1e-9
    assert widest(int(n * 0.9) - 1) > 2 * half_width


def test_the_exact_size_is_the_largest():
    """Clopper and Pearson's interval is wider than Wilson's, so it takes more films."""
    assert films_by_exact(0.9, 0.05) > films_by_wilson(0.9, 0.05)


def chance_of_bound(n, expected, least, confidence=0.95):
    """By SciPy: how likely the exact lower bound of n films is at least `least`."""
    counts = np.arange(n + 1)
    bounds = np.where(counts > 0, stats.beta.ppf(1 - confidence, np.maximum(counts, 1), n - counts + 1), 0.0)
    return stats.binom.pmf(counts, n, expected)[bounds >= least - 1e-12].sum()


@pytest.mark.parametrize(("expected", "least"), [(0.9, 0.8), (0.95, 0.9), (0.8, 0.6), (0.99, 0.95)])
@pytest.mark.parametrize("assurance", [0.8, 0.95])
def test_the_floor_is_shown_as_often_as_asked(expected, least, assurance):
    """Flahault's smallest number is the first of all that gets there, and from `n` on all do."""
    found = films_for_bound(expected, least, assurance=assurance)
    chances = {n: chance_of_bound(n, expected, least) for n in range(1, found.n + 40)}

    assert min(n for n, chance in chances.items() if chance >= assurance) == found.n_smallest
    assert chances[found.n_smallest] == pytest.approx(found.assurance)
    assert all(chances[n] >= assurance for n in range(found.n, found.n + 40))
    assert chances[found.n - 1] < assurance or found.n == found.n_smallest


def test_a_floor_above_the_expected_is_refused():
    """What is expected must lie above what is to be shown."""
    with pytest.raises(SettingsInvalid, match="must lie above the least, 0.9"):
        films_for_bound(0.85, 0.9)


def test_a_hair_above_the_floor_is_refused():
    """A difference that no study can show is told as that, and does not run for ever."""
    with pytest.raises(SettingsInvalid, match="too near to the least"):
        films_for_bound(0.9005, 0.9)


def test_a_width_that_no_study_has_is_refused():
    """A half-width that would take more films than can be named ends in a message."""
    with pytest.raises(SettingsInvalid, match="would take more than 10,000,000 films"):
        films_by_wilson(0.5, 1e-5)


@pytest.mark.parametrize(("n", "misses"), [(29, 0), (61, 2), (203, 13)])
def test_the_true_sensitivity_is_a_beta(n, misses):
    """The quantiles of the chosen threshold's sensitivity are SciPy's of Beta(n - k, k + 1)."""
    for chance in (0.05, 0.5, 0.95):
        theirs = stats.beta.ppf(chance, n - misses, misses + 1)
        assert sensitivity_quantile(n, misses, chance) == pytest.approx(theirs, abs=1e-9)


def test_the_promise_is_as_careful_as_told(chance):
    """Over 4,000 samples of 61 positives the threshold's true sensitivity has the middle that the plan "
    "tells."""
    step = guarantee_step(61, 2)
    scores = np.sort(chance.random((4000, 61)), axis=1)  # uniform: a threshold t has sensitivity 1 - t

    thresholds = [guaranteed_threshold(row, sensitivity=0.9, confidence=0.95) for row in scores]
    true = 1 - np.array(thresholds)

    assert np.median(true) == pytest.approx(step.median, abs=0.003)
    assert np.quantile(true, 0.05) == pytest.approx(step.low, abs=0.006)


def test_more_positives_come_near_what_was_asked(chance):
    """With the plan's positives four in five thresholds lie within the excess, and 95 % keep the promise."""
    found = positives_for_near(sensitivity=0.9, excess=0.05, confidence=0.95, assurance=0.8)
    scores = chance.random((3000, found.n))

    true = 1 - np.array([guaranteed_threshold(row, sensitivity=0.9, confidence=0.95) for row in scores])

    assert (true <= 0.95).mean() >= 0.78
    assert (true >= 0.9).mean() >= 0.94


def test_an_excess_past_one_needs_no_more():
    """Where any threshold is within the excess there is no size to name."""
    assert positives_for_near(sensitivity=0.97, excess=0.05, confidence=0.95, assurance=0.8) is None
