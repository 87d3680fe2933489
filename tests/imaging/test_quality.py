"""How the lungs are shown, on ovals that are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.imaging.border import Field
from hilum.imaging.lungs import LungMask, lung_mask
from hilum.imaging.quality import clipped_in_lungs, metal_area, share_at_edge, sharpness
from hilum.imaging.recipe import Canvas
from hilum.imaging.resize import area_resize

SIDE = 256


def drawn(*, top: float = 0.5) -> tuple[Canvas, LungMask]:
    """Two ovals with noise in them on a grey body; `top` is the height of their centres."""
    y, x = (np.mgrid[0:SIDE, 0:SIDE] + 0.5) / SIDE
    inside = (((np.abs(x - 0.5) - 0.2) / 0.13) ** 2 + ((y - top) / 0.3) ** 2) < 1
    noise = 0.05 * np.random.default_rng(0).standard_normal((SIDE, SIDE))
    pixels = np.where(inside, 0.3 + noise, 0.7).astype(np.float32)
    return canvas_of(pixels), lung_mask(inside[::2, ::2].astype(np.float32))


def canvas_of(pixels) -> Canvas:
    """Pixels as a canvas of a square film."""
    return Canvas(pixels, Field.whole(pixels.shape))


def inside_of(lungs: LungMask):
    """The mask at the canvas's size."""
    return np.kron(lungs.mask, np.ones((2, 2), np.bool_))


def test_nothing_is_clipped_on_an_ordinary_film():
    """Grey lungs hold neither black nor white."""
    assert clipped_in_lungs(*drawn()) == (0, 0)


@pytest.mark.parametrize(("level", "expected"), [(0.0, (1, 0)), (1.0, (0, 1))])
def test_black_and_white_lungs_are_clipped(level, expected):
    """What lies at an end of the scale is lost."""
    canvas, lungs = drawn()
    canvas.pixels[inside_of(lungs)] = level

    assert clipped_in_lungs(canvas, lungs) == expected


def test_a_blurred_film_has_less_detail():
    """Reduced by eight and enlarged again, the noise is gone."""
    canvas, lungs = drawn()
    small = area_resize(canvas.pixels, height=SIDE // 8, width=SIDE // 8)
    blurred = canvas_of(area_resize(small, height=SIDE, width=SIDE))

    assert sharpness(blurred, lungs) < 0.2 * sharpness(canvas, lungs)


def test_lungs_inside_the_picture_touch_no_edge():
    """Whole lungs are not cut off."""
    assert share_at_edge(*drawn()) == 0


def test_lungs_at_the_edge_are_measured():
    """Cut at their middle, both ovals lie on the edge with their full widths: 0.52 of 0.66 + 0.3."""
    assert share_at_edge(*drawn(top=0.0)) == pytest.approx(0.52 / (0.66 + 0.3), abs=0.02)


def test_padding_beside_a_film_is_no_edge():
    """Of a wide film the edge is where the film ends, not the square it lies on."""
    canvas, lungs = drawn()
    height = SIDE * 4 // 10  # the ovals reach from 0.2 to 0.8
    wide = Canvas(canvas.pixels, Field(0, 0, SIDE, height))
    mask = lungs.mask.copy()
    mask[: round(0.3 * 128)] = mask[round(0.7 * 128) :] = False

    assert share_at_edge(wide, lung_mask(mask.astype(np.float32))) > 0.35


def test_a_pacemaker_is_seen():
    """A compact white block of 1 % of the picture between the lungs."""
    canvas, lungs = drawn()
    canvas.pixels[100:126, 115:140] = 1

    assert metal_area(canvas, lungs) == pytest.approx(26 * 25 / SIDE**2, rel=0.05)


def test_a_marker_outside_the_chest_is_no_metal():
    """Letters in the corner are burned in on every second film."""
    canvas, lungs = drawn()
    canvas.pixels[8:24, 8:40] = 1

    assert metal_area(canvas, lungs) == 0
