"""A heat map lies where the evidence is, on the film as it was."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from hilum.imaging.lungs import LungMask
from hilum.inference.heat_map import (
    FAINTEST,
    INFERNO,
    draw_layer,
    draw_overlay,
    film_preview,
    lay_over_film,
    lungs_on_film,
    read_layer,
    scale_colours,
)


def opened(png: bytes) -> np.ndarray:
    """A PNG's pixels."""
    return np.asarray(Image.open(BytesIO(png)))


def test_a_map_is_laid_into_its_box():
    """One hot cell of 2 x 2, over the right half: its centre is at 7/8 of the width, 1/8 of the height."""
    activation = np.array([[0.0, 5.0], [0.0, 0.0]], np.float32)
    heat = lay_over_film(activation, (500, 0, 1000, 500), native=(500, 1000), within=np.ones((100, 200)))
    y, x = np.unravel_index(heat.argmax(), heat.shape)

    assert heat.shape == (100, 200)
    assert heat.max() == 1
    assert (heat[:, :95] == 0).all()
    assert x >= 150
    assert y < 50


def test_a_box_may_reach_past_the_film():
    """The part outside is cut off, and what is inside keeps its place."""
    activation = np.zeros((4, 4), np.float32)
    activation[2, 2] = 1.0  # centre at 5/8 of a box from -100 to 300: 150 in x and y
    heat = lay_over_film(activation, (-100, -100, 300, 300), native=(200, 200), within=np.ones((200, 200)))
    y, x = np.unravel_index(heat.argmax(), heat.shape)

    assert abs(x - 150) <= 2
    assert abs(y - 150) <= 2


@pytest.mark.parametrize("shape", [(40, 120), (120, 40)])
def test_a_wide_and_a_tall_film_keep_their_maps(shape):
    """Height and width do not change places: the last cell is hot, and so is the last corner."""
    activation = np.zeros((4, 4), np.float32)
    activation[3, 3] = 1.0
    heat = lay_over_film(activation, (0, 0, shape[1], shape[0]), native=shape, within=np.ones(shape))

    assert heat.shape == shape
    assert heat[-1, -1] > 0.9


def test_no_evidence_is_no_map():
    """Where nothing is above 0 there is nothing to show."""
    activation = np.full((3, 3), -1.0, np.float32)

    assert lay_over_film(activation, (0, 0, 90, 90), native=(90, 90), within=np.ones((90, 90))) is None


def test_what_is_below_zero_is_no_evidence():
    """Negative cells leave the film bare."""
    activation = np.array([[-9.0, -9.0], [-9.0, 1.0]], np.float32)
    heat = lay_over_film(activation, (0, 0, 100, 100), native=(100, 100), within=np.ones((100, 100)))

    assert (heat >= 0).all()
    assert heat[:40, :40].max() == 0


@pytest.mark.parametrize("box", [(-300, 0, -200, 100), (0, 150, 100, 250), (500, 500, 600, 600)])
def test_a_box_beside_the_film_shows_nothing(box):
    """Lungs that were found in the border around a film leave no map, and no error."""
    hot = np.ones((4, 4), np.float32)

    assert lay_over_film(hot, box, native=(100, 100), within=np.ones((100, 100))) is None


def test_a_map_shows_in_the_lungs_alone():
    """A hot place outside is left out, and the peak is that of what is shown."""
    activation = np.array([[9.0, 1.0], [9.0, 1.0]], np.float32)
    right = np.repeat([[0.0, 1.0]], 100, axis=0).repeat(50, axis=1)
    heat = lay_over_film(activation, (0, 0, 100, 100), native=(100, 100), within=right)

    assert heat[:, :50].max() == 0
    assert heat.max() == 1


def test_an_edge_cannot_be_the_peak():
    """Strong evidence just outside the lungs, where the weight is faint, is nothing localised."""
    activation = np.array([[9.0, -1.0], [9.0, -1.0]], np.float32)
    within = np.repeat([[0.1, 1.0]], 100, axis=0).repeat(50, axis=1)

    # the smooth map crosses 0 beyond the middle, so the weight is 1 only well to the right
    within[:, 50:75] = 0.1
    assert lay_over_film(activation, (0, 0, 100, 100), native=(100, 100), within=within) is None


@pytest.mark.parametrize("shape", [(100, 100), (60, 100), (100, 60)])
def test_lungs_lie_in_the_middle_of_the_films_square(shape):
    """The mask of a wide or tall film is cut where the film lies in it."""
    mask = np.zeros((64, 64), np.bool_)
    mask[24:40, 24:40] = True
    square = ((shape[1] - 100) / 2, (shape[0] - 100) / 2, (shape[1] + 100) / 2, (shape[0] + 100) / 2)
    picture = lungs_on_film(LungMask(mask, 0.06, 1, 1.0), square, native=shape, shape=shape)

    assert picture.shape == shape
    assert picture[shape[0] // 2, shape[1] // 2] > 0.99
    assert picture[0, 0] < 0.01


def test_an_overlay_without_heat_is_the_film(chance):
    """Where nothing is localised, the picture is the film itself."""
    film = chance.integers(0, 256, (30, 50)).astype(np.uint8)

    assert (opened(draw_overlay(film, None)) == film[:, :, None]).all()


def test_an_overlay_colours_only_the_heat():
    """Cold places keep their grey; the hottest gets 60 % of inferno's last colour."""
    film = np.full((10, 10), 100, np.uint8)
    heat = np.zeros((10, 10), np.float32)
    heat[5, 5] = 1.0
    colours = opened(draw_overlay(film, heat))

    assert (colours[0, 0] == 100).all()
    assert (colours[5, 5] == np.floor(0.4 * 100 + 0.6 * INFERNO[-1] + 0.5)).all()


def test_a_scale_has_the_colours_of_an_overlay():
    """Its ends are those of a picture of middle grey: bare at the faintest, full at the peak."""
    film = np.full((1, 2), 128, np.uint8)
    ends = opened(draw_overlay(film, np.array([[FAINTEST, 1.0]], np.float32)))[0]

    assert (scale_colours(9)[[0, -1]] == ends).all()
    assert (ends[0] == 128).all()


def test_the_colours_grow_lighter_evenly():
    """A perceptual map: luma rises from each colour to the next."""
    luma = INFERNO @ (0.299, 0.587, 0.114)

    assert (np.diff(luma) > 0).all()


def test_a_preview_is_at_most_768_pixels_and_uses_the_whole_scale():
    """A dark, large film is shown small and bright."""
    ramp = np.tile(np.linspace(0, 0.06, 1600, dtype=np.float32), (800, 1))
    preview = film_preview(ramp)

    assert preview.shape == (384, 768)
    assert (preview.min(), preview.max()) == (0, 255)


def test_a_small_film_is_not_blown_up():
    """A preview invents no pixels."""
    assert film_preview(np.eye(120, dtype=np.float32)).shape == (120, 120)


def test_a_layer_gives_its_heat_map_back():
    """What shows on the film can be told from the kept picture; what was too faint to show is none."""
    heat = np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20)
    back = read_layer(draw_layer(heat))

    shown = heat > FAINTEST + 0.01
    assert np.abs(back - heat)[shown].max() < 0.01
    assert back[heat <= FAINTEST].max() == 0
