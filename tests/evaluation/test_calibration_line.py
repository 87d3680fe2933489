"""Calibration slope, intercept, and calibration in the large, against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.calibration_line import EDGE, calibration_line


@pytest.fixture
def films(chance):
    """Labels and probabilities that are too bold by half."""
    logit = chance.normal(size=300) * 1.5 - 0.5
    truth = chance.random(300) < 1 / (1 + np.exp(-logit))
    return truth, 1 / (1 + np.exp(-1.5 * logit))


def fitted(truth, chances, **options):
    """The oracle's line."""
    logit = np.log(chances / (1 - chances))
    return sm.GLM(truth.astype(float), sm.add_constant(logit), family=sm.families.Binomial()).fit(**options)


def test_the_line_is_statsmodels(films):
    """Slope, intercept, and Wald's intervals."""
    found, expected = calibration_line(*films), fitted(*films)
    (intercept_low, intercept_high), (slope_low, slope_high) = expected.conf_int()

    assert (found.intercept.value, found.slope.value) == pytest.approx(expected.params, abs=1e-8)
    assert (found.slope.low, found.slope.high) == pytest.approx((slope_low, slope_high), abs=1e-5)
    assert (found.intercept.low, found.intercept.high) == pytest.approx(
        (intercept_low, intercept_high), abs=1e-5
    )


def test_calibration_in_the_large_is_statsmodels(films):
    """An intercept alone beside the log odds as an offset, its spread robust to the slope."""
    truth, chances = films
    offset = np.log(chances / (1 - chances))
    family = sm.families.Binomial()
    model = sm.GLM(truth.astype(float), np.ones(300), family=family, offset=offset).fit(cov_type="HC0")
    found = calibration_line(truth, chances).in_the_large

    assert found.value == pytest.approx(model.params[0], abs=1e-8)
    half = (model.conf_int()[0, 1] - found.value) * np.sqrt(300 / 299)
    assert found.high - found.value == pytest.approx(half, rel=1e-5)


def test_patients_widen_as_statsmodels_clusters_do(films):
    """Five films a patient: the sandwich over patients, without small-sample factors."""
    truth, chances = films
    codes = np.repeat(np.arange(60), 5)
    found = calibration_line(truth, chances, codes=codes).slope
    options = {"cov_type": "cluster", "cov_kwds": {"groups": codes, "use_correction": False}}
    half = 1.959963984540054 * fitted(truth, chances, **options).bse[1] * np.sqrt(60 / 59)

    assert found.high - found.value == pytest.approx(half, rel=1e-5)
    assert found.method == "Wald, by patient"


def test_copies_of_films_do_not_narrow_the_interval(films):
    """Ten copies of each film of a patient tell no more than one."""
    truth, chances = films
    copies = np.repeat(np.arange(300), 10)
    once = calibration_line(truth, chances, codes=np.arange(300)).slope
    told = calibration_line(truth[copies], chances[copies], codes=copies).slope

    assert told.high - told.low == pytest.approx(once.high - once.low, rel=1e-6)


def test_parted_labels_have_no_slope():
    """A slope without bound is not a number; calibration in the large still is one."""
    found = calibration_line([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.8])

    assert found.slope.value is None
    assert found.slope.why == "the scores part the labels wholly, so the slope has no bound"
    assert found.in_the_large.value is not None


@pytest.mark.parametrize(
    ("truth", "chances", "why"),
    [
        ([], [], "no film"),
        ([1, 1], [0.2, 0.4], "all films have the same label"),
        ([0, 1], [0.3, 0.3], "all probabilities are the same"),
    ],
)
def test_tables_without_a_line_say_why(truth, chances, why):
    """No film, one label, one probability."""
    found = calibration_line(truth, chances)

    assert (found.slope.value, found.slope.why) == (None, why)


def test_certain_probabilities_are_moved_and_counted(films):
    """0 and 1 have no log odds; they are taken at the edge, and the record says how many."""
    truth, chances = films
    chances = np.r_[chances, 0.0, 1.0, 1.0]
    truth = np.r_[truth, False, True, False]
    found = calibration_line(truth, chances)
    moved = calibration_line(truth, np.clip(chances, EDGE, 1 - EDGE))

    assert found.n_moved == 3
    assert found.slope == moved.slope


rows = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=30)


@given(rows)
def test_no_table_gives_a_line_that_is_not_finite(films):
    """Whatever the table, each number is finite or absent with a reason."""
    line = calibration_line(*zip(*films, strict=True))
    for one in (line.slope, line.intercept, line.in_the_large):
        numbers = [one.value, one.low, one.high]

        assert one.why if None in numbers else np.isfinite(numbers).all()


@given(rows)
def test_in_the_large_makes_the_mean_right(films):
    """Added to every log odds, it makes the mean probability the share of positives."""
    truth, chances = (np.array(column) for column in zip(*films, strict=True))
    found = calibration_line(truth, chances).in_the_large
    if found.value is None:
        return
    kept = np.clip(chances, EDGE, 1 - EDGE)
    moved = 1 / (1 + np.exp(-(np.log(kept) - np.log1p(-kept)) - found.value))

    assert moved.mean() == pytest.approx(truth.mean(), abs=1e-9)
