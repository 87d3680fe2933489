"""A threshold as it is printed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.cuts import GIVEN, OperatingPoint
from hilum.reports.evidence.wording import point_words
from hilum.reports.page import cut_text


@given(st.floats(-1e6, 1e6), st.sampled_from([4, 6]))
def test_a_printed_threshold_flags_the_film_that_set_it(threshold, digits):
    """It is rounded down, never up."""
    assert float(cut_text(threshold, digits)) <= threshold


def test_a_point_is_named_by_its_threshold_rounded_down():
    """0.12345678 to six digits is 0.123456, though 0.123457 is nearer."""
    point = OperatingPoint("Youden", 0.12345678, GIVEN, None)

    assert point_words(point) == "Youden, threshold 0.123456"
