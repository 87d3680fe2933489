"""What is in the lungs and around them tells a chest from a drawing of one."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.imaging.border import Field
from hilum.imaging.chest import lung_spread, lungs_likeness
from hilum.imaging.lungs import LungMask, lung_mask
from hilum.imaging.recipe import Canvas

SIDE = 128


def drawn_chest(*, centre: float = 0.5, scale: float = 1.0) -> tuple[Canvas, LungMask]:
    """Two dark ovals with a slope in them on a grey body, black beside it; their mask at half the size."""
    y, x = (np.mgrid[0:SIDE, 0:SIDE] + 0.5) / SIDE
    x, y = (x - centre) / scale, (y - 0.5) / scale
    lungs = (((np.abs(x) - 0.2) / 0.13) ** 2 + (y / 0.3) ** 2) < 1
    body = (np.abs(x) < 0.45) & (np.abs(y) < 0.45)
    pixels = np.where(lungs, 0.2 + 0.2 * (y + 0.3), np.where(body, 0.7, 0.0)).astype(np.float32)
    mask = lung_mask(lungs[::2, ::2].astype(np.float32))
    return Canvas(pixels, Field.whole((SIDE, SIDE))), mask


def test_the_spread_is_that_of_the_lungs_alone():
    """The slope runs over 0.12 of grey; the middle half of an oval's rows holds 40 % of its height."""
    canvas, lungs = drawn_chest()

    assert lung_spread(canvas, lungs) == pytest.approx(0.4 * 0.12, abs=0.006)


def test_lungs_of_one_tone_have_no_spread():
    """A lung-shaped hole in a real film gives the network nothing but zeros."""
    canvas, lungs = drawn_chest()
    canvas.pixels[np.kron(lungs.mask, np.ones((2, 2), np.bool_))] = 0.3

    assert lung_spread(canvas, lungs) == 0


def test_a_chest_looks_like_one():
    """Dark lungs on both sides of a bright spine."""
    assert lungs_likeness(*drawn_chest()) > 0.6


def test_bright_lungs_do_not_look_like_a_chest():
    """The negative of the drawing has the negative likeness."""
    canvas, lungs = drawn_chest()

    assert lungs_likeness(Canvas(1 - canvas.pixels, Field.whole((SIDE, SIDE))), lungs) < -0.2


@pytest.mark.parametrize(("centre", "scale"), [(0.35, 1.0), (0.7, 0.6), (0.5, 0.5)])
def test_where_on_the_plate_the_patient_stands_matters_little(centre, scale):
    """A small or off-centre patient on a large black plate keeps a clear likeness."""
    assert lungs_likeness(*drawn_chest(centre=centre, scale=scale)) > 0.5


def test_a_picture_without_structure_has_no_likeness():
    """Dark blots on an even ground are not told to be a chest by their place alone."""
    canvas, lungs = drawn_chest()

    assert lungs_likeness(Canvas(np.full_like(canvas.pixels, 0.5), Field.whole((SIDE, SIDE))), lungs) == 0
