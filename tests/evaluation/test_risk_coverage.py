"""Error among the surest films, against brute force, the bootstrap, and simulation."""

from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.labelled import labelled_films
from hilum.evaluation.risk_coverage import area_under_risk, measure_risk_coverage, risk_curve
from hilum.evaluation.summary import EvaluationSettings, summarise
from hilum.records import Prediction

few_films = st.lists(st.tuples(st.booleans(), st.integers(0, 3)), min_size=1, max_size=6)


def films_of(truth, score, patients=None):
    """Labelled films, a patient each unless told otherwise."""
    rows = [
        Prediction(f"f{at}", int(one), float(score[at]), patient=None if patients is None else patients[at])
        for at, one in enumerate(truth)
    ]
    return labelled_films(rows, n_draws=100, seed=0)


def mean_area(wrong, confidence):
    """The area by hand: each film kept in turn, over every order that the confidence allows."""
    areas = []
    for order in permutations(range(len(wrong))):
        if all(confidence[one] >= confidence[other] for one, other in zip(order, order[1:], strict=False)):
            kept = np.array([wrong[at] for at in order], float)
            areas.append((np.cumsum(kept) / np.arange(1, kept.size + 1)).mean())
    return np.mean(areas)


@given(few_films)
def test_the_area_is_the_mean_over_all_orders_of_tied_films(films):
    """Counted by trying every order of up to six films."""
    wrong, confidence = zip(*films, strict=True)

    assert area_under_risk(wrong, confidence) == pytest.approx(mean_area(wrong, confidence), abs=1e-12)


@given(few_films)
def test_each_point_is_the_error_of_the_films_at_least_so_sure(films):
    """Share and error at every distinct confidence are counts of the films at or above it."""
    wrong, confidence = (np.array(column) for column in zip(*films, strict=True))
    curve = risk_curve(wrong, confidence)
    levels = np.unique(confidence)[::-1]

    assert curve.share == pytest.approx([(confidence >= level).mean() for level in levels])
    assert curve.error == pytest.approx([wrong[confidence >= level].mean() for level in levels])


def test_the_table_is_counted_by_hand():
    """Ten films at 0.5: the two errors lie nearest to the threshold, so the surest eight have none."""
    score = [0.9, 0.8, 0.7, 0.65, 0.45, 0.55, 0.3, 0.2, 0.1, 0.05]
    truth = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    found = measure_risk_coverage(films_of(truth, score), 0.5)
    at = {round(one.share, 2): one for one in found.kept}

    assert (at[1.0].error.value, at[1.0].error.n) == (0.2, 10)
    assert (at[0.8].error.value, at[0.8].error.n) == (0.0, 8)
    assert at[1.0].sensitivity.value == at[1.0].specificity.value == 4 / 5
    assert at[0.8].sensitivity.n == 4
    assert found.area.value == found.best_area == pytest.approx((1 / 9 + 2 / 10) / 10)


def test_confidence_by_chance_has_the_error_of_all_films(chance):
    """Where every film is as sure as every other, the area is the overall error."""
    wrong = chance.random(80) < 0.3

    assert area_under_risk(wrong, np.zeros(80)) == pytest.approx(wrong.mean())


def test_the_best_area_is_that_of_errors_least_sure():
    """One error of four films, at the end: (0 + 0 + 0 + 1 / 4) / 4."""
    found = measure_risk_coverage(films_of([1, 1, 0, 1], [0.9, 0.8, 0.1, 0.05]), 0.5)

    assert found.best_area == pytest.approx(1 / 16)
    assert found.area.value == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)


@pytest.mark.parametrize("per_patient", [1, 4])
def test_the_areas_interval_is_as_wide_as_the_bootstraps(chance, per_patient):
    """Over films and over patients of four, whose films err together."""
    n = 200 * per_patient
    truth = np.repeat(chance.random(200) < 0.5, per_patient)
    shift = np.repeat(chance.normal(size=200), per_patient)
    score = 1 / (1 + np.exp(-(shift + 0.3 * chance.normal(size=n) + 1.6 * truth - 0.8)))
    patients = [f"p{at // per_patient}" for at in range(n)]
    found = measure_risk_coverage(films_of(truth, score, patients), 0.5).area
    wrong, apart = (score >= 0.5) != truth, np.abs(score - 0.5)
    drawn = [
        area_under_risk(wrong[chosen], apart[chosen])
        for chosen in (
            (chance.integers(200, size=(200, 1)) * per_patient + np.arange(per_patient)).ravel()
            for _ in range(400)
        )
    ]
    low, high = np.quantile(drawn, (0.025, 0.975))

    assert found.high - found.low == pytest.approx(high - low, rel=0.2)
    assert found.method.endswith("by patient") == (per_patient > 1)


def test_the_areas_interval_holds_the_truth(chance):
    """Of 300 samples of 80 films about 95 % hold the area of 200,000; fewer than 91.5 % is rare."""
    truth, score = drawn_films(chance, 200_000)
    true = area_under_risk((score >= 0.5) != truth, np.abs(score - 0.5))
    areas = [measure_risk_coverage(films_of(*drawn_films(chance, 80)), 0.5).area for _ in range(300)]

    assert np.mean([one.low <= true <= one.high for one in areas]) > 0.915


def drawn_films(chance, n):
    """Labels, and scores that err where they are near to a half."""
    truth = chance.random(n) < 0.5
    return truth, 1 / (1 + np.exp(-(1.5 * chance.normal(size=n) + 2.5 * truth - 1.25)))


def test_films_that_tie_are_kept_together():
    """Of scores that are all alike none can be left out, so the table has one row."""
    found = measure_risk_coverage(films_of([0, 1] * 5, [0.7] * 10), 0.5)

    assert [one.share for one in found.kept] == [1.0]
    assert found.kept[0].sensitivity.value == 1.0


def test_films_without_an_error_have_an_area_of_nought_and_no_interval():
    """No spread is not certainty; each share's own interval has width."""
    found = measure_risk_coverage(films_of([0, 1] * 5, [0.1, 0.9] * 5), 0.5)

    assert (found.area.value, found.area.low) == (0.0, None)
    assert found.area.why == "no interval: all films are told alike"
    assert found.error.high > 0.2


@pytest.mark.parametrize("scores", [(-1e308, 1e308), (1e-320, 0.0), (5.0, 5.0)])
def test_enormous_and_equal_scores_are_numbers_in_json(scores):
    """A distance that is infinite becomes null, and nothing warns."""
    rows = [Prediction(f"f{at}", at % 2, scores[at // 2 % 2]) for at in range(8)]
    evaluation = summarise(rows, EvaluationSettings(thresholds=(1.0,), n_draws=100))

    assert json.loads(json.dumps(evaluation.as_json(), allow_nan=False))["risk_coverage"]["kept"]


def test_without_a_threshold_there_is_no_curve():
    """One label and no threshold: there is nothing to be sure of."""
    evaluation = summarise([Prediction("f", 1, 0.5)], EvaluationSettings(n_draws=100))

    assert evaluation.risk_coverage is None
    assert evaluation.as_json()["risk_coverage"] is None


@pytest.mark.parametrize(
    ("wrong", "confidence", "said"),
    [([], [], "needs a film"), ([0, 2], [1, 1], "0 or 1"), ([0, 1], [1.0, np.nan], "finite")],
)
def test_what_cannot_be_ranked_is_refused(wrong, confidence, said):
    """No film, an error that is neither 0 nor 1, a confidence that is no number."""
    for figure in (risk_curve, area_under_risk):
        with pytest.raises(ValueError, match=said):
            figure(wrong, confidence)
