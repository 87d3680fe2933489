"""The AUCs of several scores of the same films: covariance, differences, p values, and the cases without "
"spread."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from hilum.evaluation.comparison import auroc_difference
from hilum.evaluation.discrimination import auroc
from hilum.evaluation.paired import ALIKE, PairedAurocs, paired_aurocs
from hilum.records import Estimate


def textbook(truth, scores):
    """AUCs and covariance as DeLong 1988 has them: every positive against every negative."""
    components = []
    for score in scores:
        higher = score[truth][:, None] - score[~truth][None, :]
        kernel = (higher > 0) + 0.5 * (higher == 0)
        components.append((kernel.mean(), kernel.mean(axis=1), kernel.mean(axis=0)))
    of_positives = np.cov(np.stack([one for _, one, _ in components]), ddof=1)
    of_negatives = np.cov(np.stack([one for _, _, one in components]), ddof=1)
    covariance = of_positives / truth.sum() + of_negatives / (~truth).sum()
    return np.array([value for value, _, _ in components]), covariance


def films(rng, n=80, *, ties=False):
    """Labels and three scores that go together, on a coarse scale where ties are wanted."""
    truth = rng.random(n) < 0.4
    truth[:4] = [True, True, False, False]
    common = rng.normal(size=n)
    scores = [truth * strength + common + rng.normal(size=n) for strength in (0.5, 1.0, 2.0)]
    return truth, [np.round(score) if ties else score for score in scores]


@pytest.mark.parametrize("ties", [False, True])
def test_the_covariance_is_the_textbooks(chance, ties):
    """The fast form gives DeLong's covariance of three scores to the last digits, with ties and without."""
    for _ in range(10):
        truth, scores = films(chance, ties=ties)
        values, covariance = textbook(truth, scores)

        found = paired_aurocs(truth, scores)

        assert isinstance(found, PairedAurocs)
        assert found.values == pytest.approx(values, abs=1e-12)
        assert found.covariance == pytest.approx(covariance, abs=1e-12)


def test_the_difference_has_the_textbooks_interval_and_p(chance):
    """Interval and p value are those of a normal test with the variance of the difference."""
    truth, scores = films(chance)
    values, covariance = textbook(truth, scores)
    spread = np.sqrt(covariance[0, 0] + covariance[2, 2] - 2 * covariance[0, 2])
    difference = values[2] - values[0]

    found = paired_aurocs(truth, scores)

    estimate = found.difference(0, 2)
    assert estimate.value == pytest.approx(difference)
    assert (estimate.low, estimate.high) == pytest.approx(
        (difference - 1.959964 * spread, difference + 1.959964 * spread)
    )
    assert found.p_value(0, 2) == pytest.approx(2 * NormalDist().cdf(-abs(difference) / spread))
    assert estimate.method == "DeLong"


def test_the_auc_of_each_is_that_of_its_own_table(chance):
    """A table's AUC and interval are the ones that `hilum evaluate` reports."""
    truth, scores = films(chance)
    found = paired_aurocs(truth, scores)

    for at, score in enumerate(scores):
        alone = auroc(truth, score)
        assert (found.auroc(at).value, found.auroc(at).low) == pytest.approx((alone.value, alone.low))


def test_a_test_of_equals_errs_one_time_in_twenty(chance):
    """Of 400 pairs of equally good scores about 20 have a p value below 0.05: 3 to 8 per cent."""
    small = 0
    for _ in range(400):
        truth = np.arange(120) < 50
        common = chance.normal(size=120)
        scores = [truth * 1.0 + common + chance.normal(size=120) for _ in range(2)]
        p = paired_aurocs(truth, scores).p_value(0, 1)
        small += p < 0.05

    assert 0.03 <= small / 400 <= 0.08


def test_films_taken_twice_tell_nothing_new(chance):
    """Where every film comes twice as one patient's, the interval is that of the films taken once."""
    truth, scores = films(chance)
    once = paired_aurocs(truth, scores).difference(0, 1)
    twice = paired_aurocs(
        np.tile(truth, 2), [np.tile(score, 2) for score in scores], np.tile(np.arange(truth.size), 2)
    )

    found = twice.difference(0, 1)

    assert (found.value, found.low, found.high) == pytest.approx((once.value, once.low, once.high))
    assert found.method == "Obuchowski, by patient"


def test_the_interval_over_patients_is_near_the_bootstraps(chance):
    """Where patients have several films that resemble each other, Obuchowski's interval is the "
    "bootstrap's."""
    codes = np.repeat(np.arange(150), 3)
    truth = codes % 3 == 0
    own = chance.normal(size=150)[codes]
    scores = [truth + own + chance.normal(size=450) for _ in range(2)]

    found = paired_aurocs(truth, scores, codes).difference(1, 0)
    drawn = auroc_difference(truth, *scores, codes.tolist(), n_draws=2000)

    assert found.value == pytest.approx(drawn.value)
    assert (found.low, found.high) == pytest.approx((drawn.low, drawn.high), abs=0.01)


def test_a_table_against_itself_has_no_test(chance):
    """Equal scores, on any scale, have a difference of 0, no p value, and a reason in place of the "
    "interval."""
    truth, scores = films(chance)
    found = paired_aurocs(truth, [scores[0], 3 * scores[0] + 7])

    assert found.difference(0, 1) == Estimate(0.0, None, None, truth.size, int(truth.sum()), why=ALIKE)
    assert found.p_value(0, 1) is None


def test_two_perfect_scores_are_not_certainly_equal():
    """Where both rank perfectly, but in other orders, the interval has Newcombe's width."""
    truth = np.arange(20) < 10
    found = paired_aurocs(truth, [-np.arange(20.0), np.where(truth, 5.0, 1.0) + np.arange(20) / 100])

    estimate = found.difference(0, 1)

    assert estimate.value == 0
    assert estimate.low < 0 < estimate.high
    assert estimate.method.startswith("Newcombe")


def test_one_score_for_all_films_is_a_half():
    """Ties everywhere give an AUC of 0.5 for both and nothing to test."""
    found = paired_aurocs([0, 0, 1, 1], [[1, 1, 1, 1], [2, 2, 2, 2]])

    assert found.values.tolist() == [0.5, 0.5]
    assert found.difference(0, 1).why == ALIKE


def test_one_class_is_told():
    """Without negative films the AUCs do not exist, and the reason is named."""
    found = paired_aurocs([1, 1, 1], [[1, 2, 3], [3, 2, 1]])

    assert isinstance(found, Estimate)
    assert found.why == "no negative film"


def test_one_positive_has_a_difference_but_no_interval():
    """With a single positive film the difference stands alone."""
    found = paired_aurocs([1, 0, 0, 0], [[3, 1, 2, 0], [1, 0, 2, 3]])

    estimate = found.difference(0, 1)
    assert estimate.value == pytest.approx(1 / 3 - 1)
    assert (estimate.low, found.p_value(0, 1)) == (None, None)
    assert "at least 2 films of each label" in estimate.why
