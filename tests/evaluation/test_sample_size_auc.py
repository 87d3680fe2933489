"""How many films an AUC takes: against published tables, R's pROC, and simulation."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from hilum.errors import SettingsInvalid
from hilum.evaluation.discrimination import auroc
from hilum.evaluation.paired import paired_aurocs
from hilum.evaluation.sample_size_auc import (
    binormal_variance,
    films_for_auc_above,
    films_for_auc_difference,
    films_for_auc_margin,
    films_for_auc_width,
    hanley_mcneil_variance,
)

# Obuchowski, Lieber, and Wians 2004 (Clin Chem 50:1118), table 4, cells above its floor of 10 films: films
# with the finding to show an AUC above 0.5, one-sided 0.05, power 0.9; with the two corrections of pROC's own
# test of it (github.com/xrobin/pROC, tests/testthat/test-power.roc.test.R).
TABLE_4 = {
    (0.25, 0.6): 334, (0.25, 0.7): 80,
    (0.5, 0.6): 202, (0.5, 0.7): 49, (0.5, 0.8): 20,
    (1, 0.6): 135, (1, 0.7): 33, (1, 0.8): 14,
    (2, 0.6): 102, (2, 0.7): 25, (2, 0.8): 11,
    (4, 0.6): 85, (4, 0.7): 21,
}  # fmt: skip


@pytest.mark.parametrize(("ratio", "auc"), TABLE_4)
def test_the_size_is_that_of_the_published_table(ratio, auc):
    """The binormal size is Obuchowski's, cell by cell."""
    assert films_for_auc_above(auc, 0.5, ratio=ratio, power=0.9).by_binormal == TABLE_4[ratio, auc]


def test_the_power_is_procs():
    """pROC's power.roc.test(ncases=41, ncontrols=72, auc=0.73) is 0.9897453, from the same variances."""
    null, alternative = (math.sqrt(binormal_variance(auc, 41, 72 / 41)) for auc in (0.5, 0.73))
    power = NormalDist().cdf((0.23 - 1.959963985 * null) / alternative)

    assert power == pytest.approx(0.9897453, abs=1e-6)


def exponential(rng, auc, n_positive, n_negative):
    """Scores of the model behind Hanley and McNeil's form: P(negative < positive) = rate / (1 + rate)."""
    rate = auc / (1 - auc)
    return rng.exponential(rate, n_positive), rng.exponential(1.0, n_negative)


def binormal(rng, auc, n_positive, n_negative):
    """Two normal curves, equally wide."""
    return rng.normal(math.sqrt(2) * NormalDist().inv_cdf(auc), 1, n_positive), rng.normal(0, 1, n_negative)


def spread_of(model, rng, auc, n_positive, n_negative):
    """The standard deviation of the AUC over 2,000 simulated studies."""
    found = []
    for _ in range(2000):
        positives, negatives = model(rng, auc, n_positive, n_negative)
        ranks = np.searchsorted(np.sort(negatives), positives)
        found.append(ranks.mean() / n_negative)
    return np.std(found)


@pytest.mark.parametrize(("auc", "n_positive", "n_negative"), [(0.7, 40, 40), (0.9, 50, 50), (0.9, 30, 300)])
def test_hanley_and_mcneils_spread_is_that_of_exponential_scores(chance, auc, n_positive, n_negative):
    """The closed form is within a twentieth of what 2,000 studies show."""
    told = math.sqrt(hanley_mcneil_variance(auc, n_positive, n_negative / n_positive))

    assert told == pytest.approx(spread_of(exponential, chance, auc, n_positive, n_negative), rel=0.06)


@pytest.mark.parametrize(("auc", "n_positive", "n_negative"), [(0.7, 60, 60), (0.85, 60, 120)])
def test_the_binormal_spread_is_on_the_safe_side(chance, auc, n_positive, n_negative):
    """The published form is never below what 2,000 studies show, and at most a quarter above."""
    told = math.sqrt(binormal_variance(auc, n_positive, n_negative / n_positive))
    seen = spread_of(binormal, chance, auc, n_positive, n_negative)

    assert 0.96 * seen <= told <= 1.25 * seen


def test_the_planned_width_is_had(chance):
    """Studies of the planned size have DeLong intervals no wider than asked, and not much narrower."""
    n = films_for_auc_width(0.85, 0.05, ratio=1).n_positive
    widths = []
    for _ in range(300):
        positives, negatives = binormal(chance, 0.85, n, n)
        found = auroc(np.repeat([1, 0], n), np.r_[positives, negatives])
        widths.append((found.high - found.low) / 2)

    assert 0.8 * 0.05 <= np.mean(widths) <= 0.05


def paired_scores(rng, n, shifts, correlation):
    """Two readers of n films with and n without the finding, whose scores go together within a label."""
    shared = rng.normal(size=2 * n)
    truth = np.repeat([1, 0], n)
    own, common = math.sqrt(1 - correlation), math.sqrt(correlation)
    return truth, [truth * shift + common * shared + own * rng.normal(size=2 * n) for shift in shifts]


def test_a_difference_is_found_as_often_as_planned(chance):
    """At the planned size the paired DeLong test finds the difference in about four studies of five."""
    shifts = [math.sqrt(2) * NormalDist().inv_cdf(auc) for auc in (0.90, 0.82)]
    pilot = paired_aurocs(*paired_scores(chance, 20_000, shifts, 0.5))
    covariance = pilot.covariance
    correlation = covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1])

    n = films_for_auc_difference(0.90, 0.82, ratio=1, correlation=correlation).n_positive
    found = [paired_aurocs(*paired_scores(chance, n, shifts, 0.5)).p_value(0, 1) < 0.05 for _ in range(400)]

    assert 0.74 <= np.mean(found) <= 0.97  # the larger of two models is on the safe side


def test_non_inferiority_is_shown_as_often_as_planned(chance):
    """At the planned size equal readers are shown non-inferior in at least about four studies of five."""
    shift = math.sqrt(2) * NormalDist().inv_cdf(0.88)
    pilot = paired_aurocs(*paired_scores(chance, 20_000, [shift, shift], 0.6)).covariance
    correlation = pilot[0, 1] / math.sqrt(pilot[0, 0] * pilot[1, 1])

    n = films_for_auc_margin(0.88, 0.88, margin=0.05, ratio=1, correlation=correlation).n_positive
    shown = [paired_aurocs(*paired_scores(chance, n, [shift, shift], 0.6)).difference(0, 1).low > -0.05
             for _ in range(400)]  # fmt: skip

    assert 0.74 <= np.mean(shown) <= 0.97


def test_films_without_the_finding_make_up_for_films_with_it():
    """The more films without the finding for each with it, the fewer of those with it."""
    sizes = [films_for_auc_width(0.9, 0.03, ratio=ratio).n_positive for ratio in (0.5, 1, 4, 49)]

    assert sizes == sorted(sizes, reverse=True)


def test_two_equal_aucs_cannot_be_told_apart():
    """No number of films shows a difference of nothing; the message names the margin."""
    with pytest.raises(SettingsInvalid, match="state a --margin"):
        films_for_auc_difference(0.9, 0.9, ratio=1, correlation=0.5)


def test_a_margin_that_is_lost_already_is_told():
    """An AUC expected to be worse by the margin cannot be shown not to be."""
    with pytest.raises(SettingsInvalid, match="no number of films"):
        films_for_auc_margin(0.85, 0.9, margin=0.05, ratio=1, correlation=0.5)


@pytest.mark.parametrize("auc", [0.5, 1.0, 0.3])
def test_an_auc_must_be_between_chance_and_certainty(auc):
    """At chance or at 1 the models have no spread to plan by."""
    with pytest.raises(SettingsInvalid, match="must lie above 0.5 and below 1"):
        films_for_auc_width(auc, 0.05, ratio=1)


def test_a_floor_above_the_expected_auc_is_refused():
    """The floor must lie below what is expected."""
    with pytest.raises(SettingsInvalid, match="the floor must lie"):
        films_for_auc_above(0.8, 0.85, ratio=1)
