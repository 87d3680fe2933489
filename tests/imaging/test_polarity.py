"""Bone is bright, whatever the file said, where the film plainly shows a chest."""

from __future__ import annotations

import numpy as np
import png_files
import pytest

from hilum.imaging.polarity import chest_likeness, with_bone_bright
from hilum.imaging.read import read_radiograph
from hilum.records import Radiograph


@pytest.fixture
def chest():
    """A crude frontal film: bright body, two dark lungs, a bright middle; (160, 128) float32."""
    down, across = np.mgrid[:160, :128] / np.array([160, 128]).reshape(2, 1, 1)
    film = np.full((160, 128), 0.6)
    for centre in (0.28, 0.72):
        film -= 0.4 * np.exp(-(((across - centre) / 0.13) ** 4) - ((down - 0.45) / 0.3) ** 4)
    return (film + 0.2 * np.exp(-(((across - 0.5) / 0.08) ** 2))).astype(np.float32)


def film_of(pixels):
    return Radiograph(pixels=pixels.astype(np.float32), bit_depth=8, file_format="png")


def test_a_chest_is_like_a_chest_and_its_negative_is_the_opposite(chest):
    """Likeness changes its sign with the film."""
    assert chest_likeness(chest) > 0.6
    assert chest_likeness(1 - chest) == pytest.approx(-chest_likeness(chest), abs=1e-5)


def test_brightness_and_size_do_not_matter(chest):
    """A darker, flatter, smaller copy is as like a chest as the film."""
    assert chest_likeness(0.1 + 0.3 * chest[::2, ::2]) == pytest.approx(chest_likeness(chest), abs=0.01)


def test_an_inverted_chest_is_turned_over_with_a_note(chest):
    """A film with bone dark comes out with bone bright and says so."""
    mended = with_bone_bright(film_of(1 - chest))

    np.testing.assert_allclose(mended.pixels, chest, atol=1e-6)
    assert mended.notes == ("The file shows bone dark; the film was inverted.",)


def test_a_chest_with_bone_bright_is_left_alone(chest):
    """A film that is right is the same record afterwards."""
    film = film_of(chest)

    assert with_bone_bright(film) is film


def test_what_shows_no_chest_is_left_alone(chance):
    """Noise, ramps, and blank films are never inverted."""
    ramp = np.tile(np.linspace(0, 1, 100), (100, 1))
    for pixels in (
        chance.random((100, 100)),
        ramp,
        ramp.T,
        1 - ramp,
        np.zeros((100, 100)),
        np.ones((99, 64)),
    ):
        film = film_of(pixels)
        assert with_bone_bright(film) is film


def test_a_small_picture_is_left_alone(chest):
    """Under 64 pixels there is too little to judge by."""
    film = film_of(1 - chest[::4, ::4])

    assert with_bone_bright(film) is film


def test_an_inverted_scan_is_mended_on_reading(write, chest):
    """A PNG of a negative goes through the one door and comes out with bone bright."""
    stored = np.rint((1 - chest) * 255).astype(np.uint8)

    film = read_radiograph(write(png_files.png_bytes(stored[..., None], 8, 0)))

    np.testing.assert_allclose(film.pixels, chest, atol=0.003)
    assert len(film.notes) == 1
