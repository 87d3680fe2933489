"""Whether groups differ: Cochran's Q, against scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2
from statsmodels.stats.meta_analysis import combine_effects

from hilum.evaluation.heterogeneity import chi_squared_tail, cochran_q
from hilum.evaluation.intervals import wilson
from hilum.records import Estimate

Z = 1.959963984540054


@given(st.floats(0, 400), st.integers(1, 60))
def test_the_tail_is_scipys(statistic, degrees):
    """The closed form, over odd and even degrees and far into the tail."""
    assert chi_squared_tail(statistic, degrees) == pytest.approx(
        chi2.sf(statistic, degrees), rel=1e-9, abs=1e-300
    )


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.01, 1)), min_size=2, max_size=8))
def test_q_is_statsmodels(groups):
    """Estimates with normal intervals give Cochran's Q of their variances."""
    estimates = [Estimate(value, value - Z * se, value + Z * se, n=50) for value, se in groups]
    values, spreads = (np.array(column) for column in zip(*groups, strict=True))
    with np.errstate(all="ignore"):  # of its other figures, where the groups are alike
        expected = combine_effects(values, spreads**2, method_re="dl").q

    assert cochran_q(estimates).statistic == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_perfect_group_counts_with_its_doubt():
    """20 of 20 has a spread by Wilson, and so does not weigh without end."""
    found = cochran_q([wilson(20, 20), wilson(18, 20)])

    assert found.n_groups == 2
    assert 0.05 < found.p_value < 1


def test_groups_without_an_interval_take_no_part():
    """One group alone is no test."""
    found = cochran_q([wilson(3, 10), Estimate(None, None, None, n=2, why="few")])

    assert (found.p_value, found.n_groups) == (None, 1)


@pytest.mark.parametrize(("statistic", "degrees"), [(-1.0, 2), (1.0, 0), (float("nan"), 1)])
def test_a_tail_that_is_none_is_refused(statistic, degrees):
    """Chi squared is at least 0 and has a degree of freedom."""
    with pytest.raises(ValueError, match="chi squared"):
        chi_squared_tail(statistic, degrees)
