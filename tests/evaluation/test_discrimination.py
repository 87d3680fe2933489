"""AUC, its intervals, and the curves, against scikit-learn and the textbook."""

from __future__ import annotations

import time

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.discrimination import (
    auroc,
    average_precision,
    delong,
    precision_recall_curve,
    rank_films,
    roc_curve,
)
from hilum.evaluation.intervals import Resampling
from hilum.evaluation.resampled_ranking import CurvePoints, auroc_clustered, bootstrap_ranking
from hilum.evaluation.vectors import as_scores, as_truth


@st.composite
def tables(draw, least=1):
    """Labels and scores with many ties, with at least `least` films of each label."""
    n_positive, n_negative = draw(st.integers(least, 25)), draw(st.integers(least, 25))
    score = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6))
    scores = draw(st.lists(score, min_size=n_positive + n_negative, max_size=n_positive + n_negative))
    order = draw(st.permutations(range(len(scores))))
    truth = np.array([1] * n_positive + [0] * n_negative)[list(order)]
    return truth, np.array(scores)


def textbook_delong(truth, score):
    """DeLong 1988 by every pair: O(mn)."""
    x, y = score[truth == 1], score[truth == 0]
    psi = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])  # (m, n)
    return psi.mean(), psi.mean(1).var(ddof=1) / len(x) + psi.mean(0).var(ddof=1) / len(y)


@given(tables())
def test_the_auc_is_scikit_learns(table):
    """Ties and all, the AUC agrees with the oracle."""
    truth, score = table

    assert auroc(truth, score).value == pytest.approx(oracle.roc_auc_score(truth, score), abs=1e-12)


@given(tables(least=2))
def test_the_fast_variance_is_the_textbooks(table):
    """The sorted form of DeLong's variance equals that over all pairs to 1e-12."""
    truth, score = table
    ranking = rank_films(as_truth(truth), as_scores(score, like=as_truth(truth)))
    value, variance = delong(*ranking.counts())
    by_pairs, variance_by_pairs = textbook_delong(truth, score)

    assert value == pytest.approx(by_pairs, abs=1e-12)
    assert variance == pytest.approx(variance_by_pairs, abs=1e-12)


@given(tables(least=2))
def test_the_interval_holds_the_auc_and_has_width(table):
    """Whatever the table, the interval lies in 0..1, holds the value, and is no point."""
    area = auroc(*table)

    assert 0 <= area.low <= area.value <= area.high <= 1
    assert area.high > area.low


def test_the_interval_is_delongs():
    """The interval is the value and 1.96 standard errors."""
    truth, score = np.array([0, 0, 0, 1, 1, 1]), np.array([1.0, 2.0, 4.0, 3.0, 5.0, 6.0])
    value, variance = textbook_delong(truth, score)  # 8 of 9 pairs in order
    area = auroc(truth, score)

    assert area.method == "DeLong"
    assert (area.n, area.n_positive) == (6, 3)
    assert area.value == pytest.approx(8 / 9)
    assert area.low == pytest.approx(value - 1.959964 * variance**0.5, abs=1e-6)
    assert area.high == 1.0  # clipped


def test_a_perfect_ranking_is_not_certain():
    """DeLong's variance is nought there, so the interval is Newcombe's."""
    area = auroc([0, 0, 1, 1], [1, 2, 3, 4])

    assert (area.value, area.high, area.method) == (1.0, 1.0, "Newcombe")
    assert area.low < 0.5


@pytest.mark.parametrize(
    ("truth", "why"), [([], "no film"), ([1, 1], "no negative film"), ([0], "no positive film")]
)
def test_a_missing_class_gives_no_auc_and_says_why(truth, why):
    """One class alone is not an AUC of nought or one."""
    area = auroc(truth, np.arange(len(truth)))

    assert (area.value, area.low, area.high, area.why) == (None, None, None, why)
    assert area.n == len(truth)


def test_a_single_film_of_a_class_gives_no_interval():
    """One positive has no spread, so the AUC stands without interval and says why."""
    area = auroc([1, 0, 0], [2, 1, 3])

    assert (area.value, area.low, area.high) == (0.5, None, None)
    assert "at least 2" in area.why


@given(tables(), st.floats(0.1, 50), st.floats(-50, 50))
def test_scale_does_not_matter(table, slope, intercept):
    """Scores of 0..100 or logits rank as probabilities do, as long as no tie is made."""
    truth, score = table
    moved = slope * score + intercept
    if np.unique(moved).size == np.unique(score).size:
        assert auroc(truth, moved).value == pytest.approx(auroc(truth, score).value, abs=1e-12)


@given(tables())
def test_average_precision_is_scikit_learns(table):
    """Average precision agrees with the oracle."""
    truth, score = table
    expected = oracle.average_precision_score(truth, score)

    assert average_precision(truth, score).value == pytest.approx(expected, abs=1e-12)


def test_average_precision_without_positives_says_why():
    """No positive film, no recall."""
    assert average_precision([0, 0], [1, 2]).value is None
    assert average_precision([0, 0], [1, 2]).why == "no positive film"


@given(tables())
def test_the_roc_curve_is_scikit_learns(table):
    """Every point of the curve is the oracle's."""
    truth, score = table
    curve = roc_curve(truth, score)
    rates, sensitivity, cuts = oracle.roc_curve(truth, score, drop_intermediate=False)

    assert curve.false_positive_rate == pytest.approx(rates)
    assert curve.sensitivity == pytest.approx(sensitivity)
    assert curve.cuts[1:].tolist() == cuts[1:].tolist()


@given(tables())
def test_precision_and_recall_are_scikit_learns(table):
    """Every point is the oracle's, which lists them the other way and adds an end."""
    truth, score = table
    curve = precision_recall_curve(truth, score)
    precision, recall, _ = oracle.precision_recall_curve(truth, score)

    assert curve.precision[::-1] == pytest.approx(precision[:-1])
    assert curve.recall[::-1] == pytest.approx(recall[:-1])


def test_curves_of_one_class_are_refused():
    """A rate over no films has no curve."""
    with pytest.raises(ValueError, match="both labels"):
        roc_curve([1, 1], [1, 2])
    with pytest.raises(ValueError, match="positive"):
        precision_recall_curve([0, 0], [1, 2])


def test_repeated_patients_widen_the_interval(chance):
    """Ten copies of a film say no more than one: by patient the interval keeps its width."""
    truth = chance.random(80) < 0.5
    score = chance.normal(size=80) + truth
    copies = np.repeat(np.arange(80), 10)
    once = auroc(truth, score)
    by_film = auroc(truth[copies], score[copies])
    by_patient = auroc_clustered(truth[copies], score[copies], copies.tolist(), seed=1)

    assert by_patient.value == by_film.value == pytest.approx(once.value)
    assert by_film.high - by_film.low < 0.5 * (once.high - once.low)
    assert by_patient.high - by_patient.low == pytest.approx(once.high - once.low, rel=0.15)


def test_a_seed_gives_the_same_interval(chance):
    """The bootstrap repeats itself for a seed and moves for another."""
    truth, score = chance.random(50) < 0.5, chance.random(50)
    patients = chance.integers(0, 20, 50).tolist()
    first, again = (auroc_clustered(truth, score, patients, n_draws=200, seed=3) for _ in range(2))
    other = auroc_clustered(truth, score, patients, n_draws=200, seed=4)

    assert first == again != other


def test_films_without_patients_are_drawn_one_by_one(chance):
    """With no patient named, the bootstrap agrees with DeLong."""
    truth = chance.random(400) < 0.5
    score = chance.normal(size=400) + truth
    by_film, drawn = auroc(truth, score), auroc_clustered(truth, score, [None] * 400, seed=2)

    assert drawn.low == pytest.approx(by_film.low, abs=0.01)
    assert drawn.high == pytest.approx(by_film.high, abs=0.01)


def test_one_patient_with_all_positives_gives_no_interval():
    """The spread between patients cannot be seen in one of them."""
    area = auroc_clustered(
        [1, 1, 1, 0, 0, 0], [3, 4, 1, 0, 1, 2], ["a", "a", "a", "b", "c", "d"], n_draws=100
    )

    assert area.value is not None
    assert area.low is None
    assert "2 patients" in area.why


def test_a_perfect_ranking_of_patients_is_not_certain(chance):
    """Where every sample ranks perfectly, the interval is Newcombe's over patients."""
    truth = np.repeat([0, 1], 60)
    area = auroc_clustered(truth, truth + 0.0, np.repeat(np.arange(20), 6).tolist(), n_draws=100)

    assert (area.value, area.high) == (1.0, 1.0)
    assert area.low < 0.95  # 10 patients of each label, not 60 films


def test_patients_must_be_as_many_as_films():
    """A patient for each film."""
    with pytest.raises(ValueError, match="2 labels but 3 patients"):
        auroc_clustered([0, 1], [1, 2], ["a", "b", "c"])


def test_the_band_covers_the_curve(chance):
    """The ROC curve of the table lies within the draws' band nearly everywhere."""
    truth = chance.random(300) < 0.4
    score = chance.normal(size=300) + truth
    grid = np.linspace(0, 1, 51)
    points = CurvePoints(false_positive_rates=grid)
    draws = bootstrap_ranking(truth, score, Resampling(np.arange(300), chance, 300), points=points)
    low, high = np.quantile(draws.sensitivity, [0.025, 0.975], axis=0)
    curve = roc_curve(truth, score)
    own = np.interp(grid, curve.false_positive_rate, curve.sensitivity)

    assert ((low <= own + 1e-9) & (own <= high + 1e-9)).mean() > 0.9


@pytest.mark.slow
def test_delongs_interval_covers_as_often_as_it_says(chance):
    """Over 1,000 tables of known AUC, about 95 in 100 intervals hold it."""
    truth = np.repeat([0, 1], 60)
    known = 0.7602499389065233  # of two unit normals 1 apart: Phi(1 / sqrt 2)
    areas = [auroc(truth, chance.normal(size=120) + truth) for _ in range(1000)]
    covered = np.mean([area.low <= known <= area.high for area in areas])

    assert 0.92 < covered < 0.97


@pytest.mark.slow
def test_a_million_films_take_seconds(chance):
    """AUC with DeLong's interval on a million films is a matter of one sort."""
    truth = chance.random(1_000_000) < 0.1
    score = chance.normal(size=truth.size) + truth
    start = time.process_time()
    area = auroc(truth, score)

    assert area.high - area.low < 0.01
    assert time.process_time() - start < 5


@pytest.mark.slow
def test_the_quick_form_is_the_textbooks_and_far_quicker(chance):
    """On 20,000 scores with ties: every pair gives the same AUC and variance, in twenty times the time."""
    truth = np.arange(20_000) % 2 == 1
    score = np.round(chance.normal(size=truth.size) + truth, 2)
    start = time.process_time()
    wins, losses = np.zeros(10_000), np.zeros(10_000)
    for at, one in enumerate(score[truth]):
        beaten = (one > score[~truth]) + 0.5 * (one == score[~truth])
        wins[at] = beaten.mean()
        losses += beaten / 10_000
    slow_s, start = time.process_time() - start, time.process_time()
    value, variance = delong(*rank_films(truth, score).counts())
    quick_s = time.process_time() - start

    assert value == pytest.approx(wins.mean(), abs=1e-12)
    assert variance == pytest.approx(wins.var(ddof=1) / 10_000 + losses.var(ddof=1) / 10_000, abs=1e-12)
    assert slow_s > 20 * quick_s
