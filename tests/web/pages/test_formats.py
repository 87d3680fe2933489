"""Numbers as a language writes them."""

from __future__ import annotations

import pytest

from hilum.web.pages.formats import LEFT_TO_RIGHT, Formats


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "-0.27"), ("fr", "-0,27"), ("ar", f"{LEFT_TO_RIGHT}-0.27")]
)
def test_a_minus_stays_before_its_number(language, shown):
    """Amid Arabic a sign without a mark would be drawn on the number's other side."""
    assert Formats(language).number(-0.27, 2) == shown


def test_a_share_keeps_its_sign_at_its_number():
    """Between two marks amid Arabic, and with none elsewhere."""
    assert Formats("ar").share(0.9) == f"{LEFT_TO_RIGHT}90\u00a0%{LEFT_TO_RIGHT}"
    assert Formats("fr").share(0.905, 1) == "90,5\u00a0%"
