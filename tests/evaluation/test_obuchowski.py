"""The AUC's interval over patients without resampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.discrimination import auroc
from hilum.evaluation.obuchowski import auroc_by_patient
from hilum.evaluation.resampled_ranking import auroc_clustered

films = st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 6)), min_size=1, max_size=40)


@given(films)
def test_single_films_have_delongs_interval(rows):
    """Where every film is another patient's, the two are one."""
    truth, score, _ = zip(*rows, strict=True)

    assert auroc_by_patient(truth, score, np.arange(len(rows))) == auroc(truth, score)


def test_copies_tell_no_more_than_one_film(chance):
    """Ten copies of each film keep the interval, up to the factors of n / (n - 1)."""
    truth = chance.random(80) < 0.5
    score = chance.normal(size=80) + truth
    copies = np.repeat(np.arange(80), 10)
    once, told = auroc(truth, score), auroc_by_patient(truth[copies], score[copies], copies)

    assert told.value == pytest.approx(once.value)
    assert told.high - told.low == pytest.approx(once.high - once.low, rel=1e-9)


def test_the_interval_is_about_the_bootstraps(chance):
    """Patients with three films each, of both labels among them."""
    patient = np.repeat(np.arange(120), 3)
    truth = chance.random(360) < 0.4
    score = chance.normal(size=120)[patient] + chance.normal(size=360) + truth
    quick = auroc_by_patient(truth, score, patient)
    slow = auroc_clustered(truth, score, patient.tolist(), n_draws=2000)

    assert (quick.low, quick.high) == pytest.approx((slow.low, slow.high), abs=0.012)


@given(films)
def test_any_table_has_an_interval_or_a_reason(rows):
    """Few patients, one label, perfect ranking: never a point and never NaN."""
    truth, score, codes = zip(*rows, strict=True)
    area = auroc_by_patient(truth, score, np.array(codes))

    assert area.why if area.low is None else area.low < area.high
