"""Drawings have few tones and films have many, however they are stored."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bundles import draw_film
from hilum.imaging.tones import measure_tones


def drawn_mask(side: int = 300) -> np.ndarray:
    """A lung-like mask, 0 and 255."""
    return (draw_film(side) < 120).astype(np.uint8) * 255


def noisy_film(chance, side: int = 300) -> np.ndarray:
    """Grey levels like a film's: a slope and noise, 8 bits."""
    slope = np.linspace(40, 220, side)[None, :] + chance.normal(0, 12, (side, side))
    return np.clip(slope, 0, 255).astype(np.uint8)


def test_a_mask_has_two_levels_and_nothing_else():
    """The whole of it lies on its two tones."""
    tones = measure_tones(drawn_mask())

    assert (tones.n_levels, tones.two_tone_share) == (2, 1.0)


def test_one_tone_is_no_more_than_two():
    """A blank picture has one level, and no range to scale it by."""
    tones = measure_tones(np.full((40, 50), 7, np.uint16))

    assert (tones.n_levels, tones.two_tone_share) == (1, 1.0)


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_a_mask_saved_as_jpeg_still_has_two_tones(quality):
    """JPEG rings at the edges, and two narrow bands still hold almost all of it."""
    stream = io.BytesIO()
    Image.fromarray(drawn_mask(600)).save(stream, "JPEG", quality=quality)

    tones = measure_tones(np.asarray(Image.open(stream)))

    assert tones.n_levels > 2
    assert tones.two_tone_share > 0.95


@pytest.mark.parametrize("scale", [1, 1 / 16, 16])
def test_a_film_has_many_tones_on_any_scale(chance, scale):
    """A film on a sixteenth of its range, or of twelve bits, is no drawing."""
    tones = measure_tones(noisy_film(chance).astype(np.float32) * scale)

    assert tones.n_levels > 100
    assert tones.two_tone_share < 0.2


def test_a_film_with_half_of_it_black_has_many_tones(chance):
    """A collimated film is black for the most part and still a film: 70 % and a little of the rest."""
    film = noisy_film(chance)
    film[:, :210] = 0

    tones = measure_tones(film)

    assert tones.n_levels > 50
    assert 0.7 < tones.two_tone_share < 0.8


def test_levels_are_counted_as_they_are_displayed():
    """Where a window turns a thousand patterns to black and white, there are two tones."""
    patterns = np.arange(1000, dtype=np.uint16).reshape(25, 40)
    table = (np.arange(1000) > 500).astype(np.float32)

    assert measure_tones(patterns).n_levels == 1000
    assert measure_tones(patterns, table).n_levels == 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (255, 257), (2000, 3)])
def test_any_shape_is_measured(shape):
    """Thin and tiny pictures have tones too."""
    assert measure_tones(np.zeros(shape, np.uint8)).n_levels == 1
