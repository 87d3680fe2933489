"""The partial AUC, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.intervals import Resampling
from hilum.evaluation.partial_auc import partial_auroc, partial_auroc_from

scored = st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=40).filter(
    lambda rows: 0 < sum(label for label, _ in rows) < len(rows)
)


@given(scored, st.sampled_from([0.0, 0.5, 0.7, 0.9, 0.99]))
def test_the_standardised_area_is_scikit_learns(rows, least):
    """roc_auc_score with max_fpr gives McClish's area too."""
    truth, score = zip(*rows, strict=True)
    found = partial_auroc_from(truth, score, least_specificity=least)

    assert found.standardised.value == pytest.approx(
        oracle.roc_auc_score(truth, score, max_fpr=1 - least), abs=1e-9
    )


def test_a_perfect_score_fills_the_range():
    """All of the width, which is 1 standardised, and no interval, for all samples are alike."""
    found = partial_auroc([0, 0, 1, 1] * 10, [0, 0, 1, 1] * 10, resampling=resampling(40))

    assert found.area.value == pytest.approx(0.3)
    assert found.standardised.value == pytest.approx(1)
    assert found.standardised.why == "no interval: all samples are alike"


def test_the_interval_holds_the_area(chance):
    """By resampled patients, in both units of the area."""
    truth = chance.random(200) < 0.3
    found = partial_auroc(truth, chance.normal(size=200) + truth, resampling=resampling(200))

    for one in (found.area, found.standardised):
        assert one.low < one.value < one.high
        assert one.method == "bootstrap by patient, 200 draws"


@pytest.mark.parametrize("least", [-0.1, 1.0, float("nan")])
def test_a_range_that_is_none_is_refused(least):
    """Specificity of 1 leaves no range."""
    with pytest.raises(ValueError, match="least specificity"):
        partial_auroc_from([0, 1], [0, 1], least_specificity=least)


def test_one_label_has_no_partial_area():
    """The reason is given, and no number."""
    found = partial_auroc([1, 1], [0, 1], resampling=resampling(2))

    assert (found.area.value, found.area.why) == (None, "no negative film")


def resampling(n):
    """Two hundred draws of n patients."""
    return Resampling(np.arange(n), np.random.default_rng(1), 200)
