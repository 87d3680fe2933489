"""Border, brightness, contrast, and padding of one film."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.data.explore.features import BORDER_AND_BRIGHTNESS
from hilum.data.explore.pixels import measure_film


def framed(*, top: int = 0, left: int = 0) -> np.ndarray:
    """A busy film, 256 x 256, with black rows and columns at two edges."""
    pixels = np.tile(np.linspace(0.2, 0.9, 256, dtype=np.float32), (256, 1))
    pixels = (pixels + pixels.T) / 2
    pixels[:top] = 0
    pixels[:, :left] = 0
    return pixels


def test_a_uniform_film_has_no_contrast_and_is_all_padding():
    """Every border has the film's one grey level."""
    measure = measure_film(np.full((200, 256), 0.5, np.float32))

    assert measure.contrast == 0
    assert (measure.border_top, measure.border_right, measure.brightness) == (0.5, 0.5, 0.5)
    assert (measure.padding_top, measure.padding_left) == (1, 1)


def test_padding_is_measured_at_each_edge():
    """32 of 256 rows are an eighth, 64 columns a quarter."""
    measure = measure_film(framed(top=32, left=64))

    assert (measure.padding_top, measure.padding_left) == (0.125, 0.25)
    assert (measure.padding_bottom, measure.padding_right) == (0, 0)


def test_a_white_rim_is_padding_too():
    """What makes padding is that a line is uniform, not that it is black."""
    pixels = framed()
    pixels[-16:] = 1

    assert measure_film(pixels).padding_bottom == 16 / 256


def test_borders_are_told_apart():
    """A film that is bright at its right edge alone has one bright border."""
    pixels = framed()
    pixels[:, -16:] = 1

    measure = measure_film(pixels)

    assert measure.border_right == 1
    assert max(measure.border_left, measure.border_top) < 0.7


def test_black_pixels_are_counted_as_a_share():
    """64 of 256 columns are black."""
    assert measure_film(framed(left=64)).black_share == pytest.approx(0.25)


def test_nine_features_make_up_border_and_brightness():
    """The control's name and number stand in reports, so they do not drift."""
    measure = measure_film(framed())

    assert len({name: getattr(measure, name) for name in BORDER_AND_BRIGHTNESS}) == 9


def test_a_film_one_pixel_high_can_be_measured():
    """A strip has borders as well, at least one pixel wide."""
    assert measure_film(np.full((1, 256), 0.25, np.float32)).border_top == 0.25
