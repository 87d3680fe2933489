"""Even borders are cut off, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hilum.imaging.border import MOST, Field, exposed_field
from hilum.imaging.recipe import Recipe, film_canvas


@pytest.fixture
def film(chance):
    """A noisy film of 120 x 100 pixels."""
    return chance.uniform(0.3, 0.7, (120, 100)).astype(np.float32)


def test_a_film_without_border_keeps_all_of_it(film):
    """Noise from edge to edge is no border."""
    assert exposed_field(film) == Field.whole(film.shape)


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
@settings(max_examples=20)
@given(edges=st.tuples(*[st.integers(0, 30)] * 4))
def test_an_even_border_of_any_grey_is_cut_off(grey, edges):
    """Whatever its width on each side."""
    top, bottom, left, right = edges
    film = np.random.default_rng(0).uniform(0.3, 0.7, (120, 100)).astype(np.float32)
    framed = np.pad(film, ((top, bottom), (left, right)), constant_values=grey)

    assert exposed_field(framed) == Field(left, top, left + 100, top + 120)


def test_a_faint_border_is_a_border(film, chance):
    """A scanner's noise of half a per cent is even."""
    framed = np.pad(film, 20)
    framed += chance.normal(0, 0.002, framed.shape).astype(np.float32)

    assert exposed_field(framed) == Field(20, 20, 120, 140)


def test_writing_keeps_its_border(film):
    """A marker wider than a twentieth of the edge is not even."""
    framed = np.pad(film, 20)
    framed[:20, 40:60] = 1.0

    assert exposed_field(framed).top == 0


def test_an_even_film_keeps_its_middle():
    """Where all is border, so much is cut off as ever is."""
    field = exposed_field(np.zeros((100, 100), np.float32))

    assert field == Field(40, 40, 60, 60)
    assert MOST == 0.4


def test_a_border_does_not_move_the_canvas(film):
    """With the border trimmed, a framed film and the film itself give one canvas."""
    recipe = Recipe(film_side=160, border="trim")
    framed = np.pad(film, ((30, 10), (0, 25)))

    np.testing.assert_allclose(
        film_canvas(framed, recipe).pixels, film_canvas(film, recipe).pixels, atol=1e-6
    )


def test_a_trimmed_canvas_knows_its_way_back(film):
    """Its middle is the middle of the field, in pixels of the whole film."""
    canvas = film_canvas(np.pad(film, ((30, 10), (0, 25))), Recipe(film_side=160, border="trim"))

    assert canvas.field == Field(0, 30, 100, 150)
    assert canvas.to_native(0.5, 0.5) == (50, 90)
    assert canvas.box == (-10, 30, 110, 150)


def test_a_border_is_kept_where_the_recipe_keeps_it(film):
    """As bundles from before the trimming were taught."""
    framed = np.pad(film, 20)

    assert film_canvas(framed, Recipe(film_side=160, border="keep")).field == Field.whole(framed.shape)
