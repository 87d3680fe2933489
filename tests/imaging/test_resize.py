"""Resizing by area: exact means, no aliasing, and nothing lost of 16 bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hilum.imaging.resize import area_resize, fit_within, fitted_size

few = settings(max_examples=40, deadline=None)  # a loaded machine is no failure
sides = st.integers(1, 40)


@st.composite
def grey_pictures(draw, dtypes=(np.uint8, np.uint16, np.float32)):
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    shape = draw(st.tuples(sides, sides))
    if dtype.kind == "f":
        return draw(arrays(dtype, shape, elements=st.floats(0, 1, width=32)))
    return draw(arrays(dtype, shape))


def slow_area(pixels, height, width):
    """Each pixel repeated so often that every new pixel covers whole ones, then plain means."""
    rows = np.repeat(pixels.astype(np.float64), height, axis=0).reshape(height, -1, pixels.shape[1]).mean(1)
    return np.repeat(rows, width, axis=1).reshape(height, width, -1).mean(2)


def tolerance(pixels):
    return 1e-6 * max(1.0, float(pixels.max(initial=0)))


@few
@given(grey_pictures(), st.data())
def test_shrinking_is_the_mean_of_what_a_pixel_covers(pixels, data):
    """A smaller picture holds the exact area averages, fractions of pixels included."""
    height = data.draw(st.integers(1, pixels.shape[0]))
    width = data.draw(st.integers(1, pixels.shape[1]))

    small = area_resize(pixels, height=height, width=width)

    assert small.dtype == np.float32
    np.testing.assert_allclose(small, slow_area(pixels, height, width), atol=tolerance(pixels), rtol=1e-6)


@few
@given(grey_pictures(), st.data())
def test_shrinking_keeps_the_mean(pixels, data):
    """The mean grey level of a smaller picture is that of the picture."""
    height = data.draw(st.integers(1, pixels.shape[0]))
    width = data.draw(st.integers(1, pixels.shape[1]))

    small = area_resize(pixels, height=height, width=width)

    assert small.mean(dtype=np.float64) == pytest.approx(
        pixels.mean(dtype=np.float64), rel=1e-5, abs=tolerance(pixels)
    )


@few
@given(st.floats(0, 1, width=32), sides, sides, sides, sides)
def test_a_constant_stays_constant(level, height, width, new_height, new_width):
    """A picture of one level has that level at any size, larger or smaller."""
    pixels = np.full((height, width), level, dtype=np.float32)

    resized = area_resize(pixels, height=new_height, width=new_width)

    assert resized.shape == (new_height, new_width)
    np.testing.assert_allclose(resized, level, atol=1e-6)


@few
@given(grey_pictures(), sides, sides, st.integers(1, 3))
def test_turning_and_resizing_may_change_places(pixels, height, width, quarters):
    """A quarter turn before resizing gives what one after it gives."""
    turned_size = (height, width) if quarters % 2 == 0 else (width, height)

    after = np.rot90(area_resize(pixels, height=height, width=width), quarters)
    before = area_resize(np.rot90(pixels, quarters), height=turned_size[0], width=turned_size[1])

    np.testing.assert_allclose(before, after, atol=2 * tolerance(pixels))


@few
@given(grey_pictures(), sides, sides)
def test_no_level_leaves_the_range_of_the_picture(pixels, height, width):
    """Resizing rings nowhere: every new level lies between the lowest and the highest."""
    resized = area_resize(pixels, height=height, width=width)

    assert resized.min() >= pixels.min() - tolerance(pixels)
    assert resized.max() <= pixels.max() + tolerance(pixels)


def test_a_16_bit_ramp_keeps_more_levels_than_8_bits_have():
    """Shrinking a 16-bit ramp to a quarter leaves a thousand levels, not 256."""
    ramp = np.tile(np.arange(0, 65536, 16, dtype=np.uint16), (8, 1))

    small = area_resize(ramp, height=2, width=1024)

    assert len(np.unique(small)) == 1024


def test_integers_and_floats_are_resized_alike(chance):
    """A film shrunk as integers agrees with the same film shrunk as floats."""
    stored = chance.integers(0, 65536, (301, 203)).astype(np.uint16)

    exact = area_resize(stored, height=57, width=31) / 65535
    floats = area_resize((stored / 65535).astype(np.float32), height=57, width=31)

    np.testing.assert_allclose(exact, floats, atol=1e-6)


def test_a_fine_grating_does_not_alias():
    """Stripes of one pixel become even grey when shrunk fourfold, not stripes of another width."""
    stripes = np.tile(np.array([0, 255], dtype=np.uint8), (64, 128))

    small = area_resize(stripes, height=16, width=64)

    np.testing.assert_allclose(small, 127.5, atol=1e-4)


def test_growing_is_linear_and_not_by_nearest_neighbour():
    """Two pixels grown to four hold levels in between."""
    grown = area_resize(np.array([[0.0, 1.0]], dtype=np.float32), height=1, width=4)

    # new centres lie at -0.25, 0.25, 0.75, 1.25 of the old; the outer two are held at the ends
    np.testing.assert_allclose(grown, [[0.0, 0.25, 0.75, 1.0]], atol=1e-6)


@few
@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 512))
def test_fitting_keeps_the_aspect(height, width, side):
    """The longest side is the one asked for and the other is right to the nearest pixel."""
    new_height, new_width = fitted_size(height, width, side)

    assert max(new_height, new_width) == side
    exact = min(height, width) * side / max(height, width)
    assert abs(min(new_height, new_width) - exact) <= max(0.5, 1 - exact)


@few
@given(grey_pictures(), st.integers(1, 60))
def test_fit_within_gives_the_fitted_size(pixels, side):
    """fit_within returns a float picture whose longest side is the one asked for."""
    fitted = fit_within(pixels, side)

    assert fitted.shape == fitted_size(*pixels.shape, side)
    assert fitted.dtype == np.float32


@pytest.mark.parametrize(
    ("shape", "size"), [((0, 4), (2, 2)), ((4, 4), (0, 2)), ((4, 4, 3), (2, 2)), ((4,), (2, 2))]
)
def test_an_impossible_size_is_refused(shape, size):
    """An empty picture, a colour picture, or an empty target is a mistake of the caller."""
    with pytest.raises(ValueError, match="cannot resize"):
        area_resize(np.zeros(shape, dtype=np.float32), height=size[0], width=size[1])
