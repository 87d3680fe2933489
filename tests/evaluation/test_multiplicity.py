"""P values of several questions, against statsmodels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from hilum.evaluation.multiplicity import holm


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_is_statsmodels(p_values):
    """Every adjusted p value agrees."""
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-12)


def test_a_question_that_was_not_answered_is_not_counted():
    """None stays None, and the others are adjusted without it."""
    assert holm([0.01, None, 0.04]) == [0.02, None, 0.04]


def test_a_p_value_out_of_range_is_refused():
    """NaN and 1.5 are no chances."""
    for bad in (1.5, float("nan")):
        with pytest.raises(ValueError, match=r"0\.\.1"):
            holm([bad])
