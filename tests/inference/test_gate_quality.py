"""A chest film that does not show its lungs is refused, and what lies on it is told."""

from __future__ import annotations

import numpy as np
import pytest

from bundles import draw_film
from hilum.errors import UnreadableImage
from hilum.imaging.border import Field
from hilum.imaging.lungs import LungMask, lung_mask
from hilum.imaging.recipe import Canvas
from hilum.imaging.resize import area_resize
from hilum.inference.gate import GateLimits
from hilum.inference.gate.quality import check_quality, warnings_of
from hilum.records import RefusalCode

LIMITS = GateLimits(minimum_age_years=15.0, views=("PA", "AP"))
SIDE = 256


def drawn() -> tuple[Canvas, LungMask]:
    """A film with grain in its lungs."""
    pixels = draw_film(SIDE).astype(np.float32) / 255
    inside = pixels < 0.5
    pixels += 0.03 * np.random.default_rng(0).standard_normal(pixels.shape).astype(np.float32)
    return Canvas(pixels, Field.whole(pixels.shape)), lung_mask(inside[::2, ::2].astype(np.float32))


def refusal(canvas: Canvas, lungs: LungMask) -> tuple[RefusalCode, str]:
    """The code and reason of what must be refused."""
    with pytest.raises(UnreadableImage) as caught:
        check_quality(canvas, lungs, LIMITS)
    return RefusalCode(caught.value.code), caught.value.reason


def test_an_ordinary_film_passes_without_a_word():
    """Neither refused nor warned of."""
    canvas, lungs = drawn()
    check_quality(canvas, lungs, LIMITS)

    assert warnings_of(canvas, lungs) == ()


@pytest.mark.parametrize(("level", "code"), [(0.0, RefusalCode.TOO_DARK), (1.0, RefusalCode.TOO_BRIGHT)])
def test_lungs_without_grey_are_refused(level, code):
    """Six tenths of them at an end of the scale, where half is the most."""
    canvas, lungs = drawn()
    rows, columns = np.nonzero(np.kron(lungs.mask, np.ones((2, 2), np.bool_)))
    n = int(0.6 * rows.size)
    canvas.pixels[rows[:n], columns[:n]] = level
    found, reason = refusal(canvas, lungs)

    assert found == code
    assert "60" in reason
    assert "50%" in reason


def test_a_blurred_film_is_refused():
    """The detail and its limit are named."""
    canvas, lungs = drawn()
    small = area_resize(canvas.pixels, height=12, width=12)
    blurred = Canvas(area_resize(small, height=SIDE, width=SIDE), canvas.field)
    code, reason = refusal(blurred, lungs)

    assert code == RefusalCode.BLURRED
    assert "0.012" in reason


def test_lungs_cut_off_are_refused():
    """The lungs fill the picture to its edge."""
    canvas, _ = drawn()
    everything = lung_mask(np.ones((128, 128), np.float32))
    code, reason = refusal(canvas, everything)

    assert code == RefusalCode.CUT_OFF
    assert "42%" in reason


def test_metal_is_warned_of_and_not_refused():
    """A pacemaker is its bearer's own."""
    canvas, lungs = drawn()
    canvas.pixels[110:136, 115:140] = 2.0
    check_quality(canvas, lungs, LIMITS)

    (note,) = warnings_of(canvas, lungs)
    assert "pacemaker" in note
