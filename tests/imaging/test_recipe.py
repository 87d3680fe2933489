"""The one pixel recipe: pinned by a golden vector, and blind to what must not vote."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hilum.imaging.border import Field
from hilum.imaging.lungs import LungMask
from hilum.imaging.recipe import (
    Canvas,
    Recipe,
    film_canvas,
    lungs_input,
    model_input,
    square_box,
    without_lungs,
    without_surroundings,
)

RECIPE = Recipe(film_side=128, lungs_side=64, crop_side=64)


def build_film() -> np.ndarray:
    """A grey ramp with two dark ellipses, 160 x 200 pixels, made of arithmetic alone."""
    y, x = np.mgrid[0:160, 0:200]
    film = 0.5 + 0.4 * np.sin(x / 9.0) * np.cos(y / 7.0) / 2 + x / 1000
    for centre in (60, 140):
        film[((x - centre) / 28.0) ** 2 + ((y - 85) / 55.0) ** 2 < 1] -= 0.3
    return np.clip(film, 0, 1).astype(np.float32)


def build_lungs() -> LungMask:
    """The ellipses of `build_film`, on the lungs network's square."""
    y, x = np.mgrid[0:64, 0:64] * (200 / 64) + np.array([-20.0, 0.0])[:, None, None]
    mask = np.zeros((64, 64), bool)
    for centre in (60, 140):
        mask |= ((x - centre) / 28.0) ** 2 + ((y - 85) / 55.0) ** 2 < 1
    return LungMask(mask, float(mask.mean()), 2, 0.9)


def test_the_recipe_gives_its_golden_vector():
    """A change of any of these numbers is a change of every bundle's input: say so in the changelog.

    Made by this very function on 2026-11-24; mean, standard deviation, and five pixels.
    """
    array = model_input(film_canvas(build_film(), RECIPE), build_lungs(), RECIPE).array[0]

    measured = [array.mean(), array.std(), *(array[row, column] for row, column in GOLDEN_PLACES)]
    np.testing.assert_allclose(measured, GOLDEN, atol=2e-3)


GOLDEN_PLACES = ((32, 12), (32, 52), (20, 16), (44, 48), (32, 32))
GOLDEN = (0.1787, 0.695, -0.6545, -0.8418, -1.1151, 0.0426, 0.0203)


def test_brightness_and_contrast_do_not_vote():
    """The same film, darker and flatter, gives the same array, but for the guard of flat lungs."""
    film, lungs = build_film(), build_lungs()

    plain = model_input(film_canvas(film, RECIPE), lungs, RECIPE).array
    dull = model_input(film_canvas(0.2 + film * 0.6, RECIPE), lungs, RECIPE).array

    np.testing.assert_allclose(plain, dull, atol=0.25)


def test_borders_and_markers_do_not_vote():
    """What lies outside the lungs is blank, whatever it was."""
    film, lungs = build_film(), build_lungs()
    marked = film.copy()
    marked[:12, :] = 0
    marked[:, :12] = 1
    marked[140:, 90:110] = 1

    plain = model_input(film_canvas(film, RECIPE), lungs, RECIPE).array
    other = model_input(film_canvas(marked, RECIPE), lungs, RECIPE).array

    np.testing.assert_allclose(plain, other, atol=5e-3)  # the soft edge lets thousandths through


def test_size_does_not_vote():
    """A film of four times the pixels is read as the same film."""
    film, lungs = build_film(), build_lungs()

    plain = model_input(film_canvas(film, RECIPE), lungs, RECIPE).array
    large = model_input(film_canvas(np.kron(film, np.ones((4, 4), np.float32)), RECIPE), lungs, RECIPE).array

    np.testing.assert_allclose(plain, large, atol=1e-3)


def test_lungs_painted_over_leave_nothing_of_them():
    """The control: inside the grown lungs two films become one and the same, outside nothing changed."""
    canvas, lungs = film_canvas(build_film(), RECIPE), build_lungs()
    other = Canvas(canvas.pixels**3, canvas.field)

    painted = without_lungs(canvas, lungs)

    changed = painted.pixels != canvas.pixels
    lungs_on_canvas = np.kron(lungs.mask, np.ones((2, 2), bool))
    assert (painted.pixels == without_lungs(other, lungs).pixels)[lungs_on_canvas].all()
    assert 0 < changed.mean() < 2 * lungs.area


def test_what_stays_of_the_surroundings_is_what_the_lungs_leave():
    """The two controls share the film out: each pixel is kept by one of them."""
    canvas, lungs = film_canvas(build_film(), RECIPE), build_lungs()

    kept = [
        painted(canvas, lungs).pixels == canvas.pixels for painted in (without_lungs, without_surroundings)
    ]

    assert (kept[0] | kept[1]).all()
    assert (kept[0] & kept[1]).mean() < 0.01  # where the clouds happen to be as grey


def test_lungs_painted_over_hide_the_exposure_too():
    """Painted over, a film and its darker copy are the same array: no rim of the old film is made loud."""
    canvas, lungs = film_canvas(build_film(), RECIPE), build_lungs()
    dark = Canvas(canvas.pixels * 0.3, canvas.field)

    first, second = (model_input(without_lungs(film, lungs), lungs, RECIPE).array for film in (canvas, dark))

    np.testing.assert_allclose(first, second, atol=0.05)


def test_the_whole_film_is_kept_where_the_region_is_the_film():
    """Aspect kept, on black; the box is the canvas in native pixels, past the film where it is padded."""
    view = model_input(film_canvas(build_film(), RECIPE), None, replace(RECIPE, region="film"))

    assert view.array.shape == (1, 64, 64)
    assert (view.array[0, :6] == 0).all()  # 160 of 200 rows: a tenth is padding above
    assert view.box == pytest.approx((0, -20, 200, 180))


def test_the_crop_says_where_it_lies_on_the_film():
    """The lungs' box with its margin, square, in native pixels."""
    view = model_input(film_canvas(build_film(), RECIPE), build_lungs(), RECIPE)

    left, top, right, bottom = view.box
    assert right - left == pytest.approx(bottom - top)
    assert (left + right) / 2 == pytest.approx(100, abs=3)
    assert right - left == pytest.approx(136 * 1.12, abs=8)  # 32 to 168, margin of 6 % each side


def test_a_point_of_the_canvas_finds_its_native_pixel():
    """The middle is the middle; a corner of the square lies above a film wider than high."""
    canvas = Canvas(np.zeros((128, 128), np.float32), Field.whole((160, 200)))

    assert canvas.to_native(0.5, 0.5) == (100, 80)
    assert canvas.to_native(0, 0) == (0, -20)


def test_the_lungs_network_sees_its_percentiles():
    """The 1st and 99th percentiles lie at -1 and 1, and nothing far past them."""
    array = lungs_input(film_canvas(build_film(), RECIPE), RECIPE)

    assert array.shape == (1, 64, 64)
    low, high = np.quantile(array, (0.01, 0.99))
    assert (low, high) == (pytest.approx(-1, abs=0.01), pytest.approx(1, abs=0.01))
    assert array.min() >= -1.2
    assert array.max() <= 1.2


def test_a_square_box_keeps_centre_and_margin():
    """0.2 x 0.4 on (0.5, 0.5) with a margin of a tenth: a square of 0.48."""
    assert square_box((0.4, 0.3, 0.6, 0.7), 0.1) == pytest.approx((0.26, 0.26, 0.74, 0.74))
