"""Letters in figures: what the font lacks is spelt, and a name is never a formula."""

from __future__ import annotations

import warnings

from hilum.records import Estimate
from hilum.reports.evidence.forest import draw_forest
from hilum.reports.figures import png_bytes, svg_bytes


def test_a_letter_that_the_font_lacks_is_spelt_without_a_warning() -> None:
    """A Chinese site on an axis and a title comes out as codes; nothing warns of a missing glyph."""
    rows = [("all films", Estimate(0.9, 0.8, 0.95, 40)), ("site: 病", Estimate(0.8, 0.7, 0.9, 20))]
    figure = draw_forest(rows, title="AUC, 病", measure="AUC")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png_bytes(figure)
        svg_bytes(figure)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]

    assert names[1].startswith("site: [U+75C5]")
    assert figure.axes[0].get_title(loc="left") == "AUC, [U+75C5]"


def test_a_dollar_in_a_name_is_no_formula() -> None:
    """A name that is no valid formula between dollars stops no figure, however often it is saved."""
    figure = draw_forest([("a $_$", Estimate(0.9, 0.8, 0.95, 40))], title="$_^$", measure="AUC")

    assert png_bytes(figure) == png_bytes(figure)
