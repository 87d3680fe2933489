"""Lung area from masks."""

from __future__ import annotations

import numpy as np
import pytest

from explorable import film_row, write_grey
from hilum.data.explore.lungs import lung_area_by_label, lung_share, measure_lungs, read_lung_mask
from hilum.errors import UnreadableImage


def half(side: str) -> np.ndarray:
    """A mask of 128 x 128 whose left or right quarter is lung."""
    mask = np.zeros((128, 128))
    mask[:, slice(0, 32) if side == "left" else slice(96, 128)] = 255
    return mask


def test_left_and_right_masks_are_joined(tmp_path):
    """A quarter each is half the film."""
    paths = [write_grey(tmp_path / f"{side}.png", half(side)) for side in ("left", "right")]

    assert lung_share(paths) == 0.5


def test_a_mask_of_two_bright_lungs_is_not_inverted(tmp_path):
    """As a film it would be one with bone dark, which the film reader mends; a mask is read as it is."""
    mask = np.zeros((128, 128))
    mask[20:110, 15:50] = mask[20:110, 78:113] = 255

    assert lung_share([write_grey(tmp_path / "mask.png", mask)]) == pytest.approx(90 * 70 / 128**2)


def test_any_grey_above_nought_is_lung(tmp_path):
    """Masks of 0 and 1 count as those of 0 and 255 do."""
    mask = half("left") / 255

    assert lung_share([write_grey(tmp_path / "mask.png", mask)]) == 0.25


def test_masks_of_two_sizes_are_refused(tmp_path):
    """They cannot be of one film."""
    shapes = {"a.png": half("left"), "b.png": np.zeros((64, 128))}
    paths = [write_grey(tmp_path / name, pixels) for name, pixels in shapes.items()]

    with pytest.raises(UnreadableImage, match="128 x 128 and 128 x 64"):
        read_lung_mask(paths)


def test_a_missing_mask_is_listed_and_the_rest_goes_on(tmp_path):
    """The film without its file has no area; the other has."""
    there = write_grey(tmp_path / "there.png", half("left"))
    films = [film_row("a", lung_mask_paths=(tmp_path / "gone.png",)), film_row("b", lung_mask_paths=(there,))]

    lungs = measure_lungs(films)

    assert lungs.areas == {"b": 0.25}
    assert [(film.film, film.code) for film in lungs.unreadable] == [("a", "not-found")]


def test_a_mask_that_is_no_picture_is_listed(tmp_path):
    """A text file in the place of a mask stops nothing."""
    (tmp_path / "mask.png").write_text("not a picture")

    lungs = measure_lungs([film_row("a", lung_mask_paths=(tmp_path / "mask.png",))])

    assert (lungs.areas, len(lungs.unreadable)) == ({}, 1)


def test_areas_are_given_by_label_with_how_many_were_measured(tmp_path):
    """A label without masks keeps its row, without a spread."""
    films = [
        film_row("a", lung_mask_paths=(write_grey(tmp_path / "a.png", half("left")),)),
        film_row("b", label=1),
    ]

    normal, tuberculosis = lung_area_by_label(films, measure_lungs(films))

    assert normal.area is not None
    assert (normal.area.n, normal.area.median) == (1, 0.25)
    assert (tuberculosis.n_films, tuberculosis.area) == (1, None)
