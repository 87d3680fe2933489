"""What the controls of a network need of each film, from one reading: border and brightness, small copies,
and the shape of the lungs.

Trap: what a lungs network finds is no anatomy. A lung that disease has turned white may not be found, so the
lungs' shape is not free of the disease.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.data.explore.pixels import MEASURED_SIDE, FilmMeasure, measure_film
from hilum.data.explore.scan import OnFilm, UnreadableFilm
from hilum.errors import UnreadableImage
from hilum.imaging.lungs import LungMask
from hilum.imaging.read import read_radiograph
from hilum.imaging.recipe import Canvas, Recipe, film_canvas
from hilum.imaging.resize import area_resize, fit_within
from hilum.records import Film, Pixels

COPY_SIDE = 16  # pixels of the copy that one film is recognised by among others
THUMBNAIL_SIDE = 64  # pixels; twice what the second look at near-duplicates compares
LUNG_SHAPE = ("lungs_area", "lungs_width", "lungs_height", "lungs_aspect", "lungs_left_share", "lungs_parts")

Find = Callable[[Canvas], LungMask]


@dataclass(frozen=True, slots=True)
class FilmLook:
    """What is kept of one film."""

    measure: FilmMeasure
    copy: Pixels  # (COPY_SIDE, COPY_SIDE) of the recipe's whole-film canvas
    thumbnail: Pixels  # (THUMBNAIL_SIDE, THUMBNAIL_SIDE) of the film, its aspect lost
    lung_shape: tuple[float, ...] | None  # LUNG_SHAPE; None where no lungs were found or looked for


@dataclass(frozen=True, slots=True)
class Looks:
    """What one reading of the films has left."""

    by_film: dict[str, FilmLook]  # readable films only
    unreadable: tuple[UnreadableFilm, ...]


def read_looks(
    films: Sequence[Film], recipe: Recipe, *, find: Find | None = None, on_film: OnFilm | None = None
) -> Looks:
    """Read every film once; one is held at a time.

    Args:
        films: any.
        recipe: gives the size of the whole film's canvas.
        find: finds the lungs on a canvas; None where nobody looks for them.
        on_film: told how many films are done and how many there are, after each.
    """
    looks: dict[str, FilmLook] = {}
    unreadable: list[UnreadableFilm] = []
    for done, film in enumerate(films, start=1):
        try:
            looks[film.film] = _look(film, recipe, find)
        except UnreadableImage as error:
            unreadable.append(UnreadableFilm(film.film, error.code, error.reason))
        if on_film is not None:
            on_film(done, len(films))
    return Looks(looks, tuple(unreadable))


def lung_shape(lungs: LungMask) -> tuple[float, ...]:
    """`LUNG_SHAPE` of lungs that are not empty; lengths are shares of the canvas side.

    The left share is that of the mask on the left of its box's middle, which is the patient's right lung.
    """
    left, top, right, bottom = lungs.box
    middle = round((left + right) / 2 * lungs.mask.shape[1])
    width, height = right - left, bottom - top
    left_share = float(lungs.mask[:, :middle].sum() / lungs.mask.sum())
    return lungs.area, width, height, width / height, left_share, float(lungs.n_parts)


def small_copy(square: Pixels) -> Pixels:
    """A square picture (S, S) at `COPY_SIDE` pixels."""
    return area_resize(square, height=COPY_SIDE, width=COPY_SIDE)


def flat_rows(pictures: Sequence[Pixels]) -> npt.NDArray[np.float64]:
    """Pictures of one size as rows of features (N, F)."""
    return np.stack([picture.ravel() for picture in pictures]).astype(np.float64)


def _look(film: Film, recipe: Recipe, find: Find | None) -> FilmLook:
    pixels = read_radiograph(film.image_path, max_side=max(MEASURED_SIDE, recipe.film_side)).pixels
    reduced = fit_within(pixels, MEASURED_SIDE)
    canvas = film_canvas(pixels, recipe)
    lungs = None if find is None else find(canvas)
    return FilmLook(
        measure=measure_film(reduced),
        copy=small_copy(canvas.pixels),
        thumbnail=area_resize(reduced, height=THUMBNAIL_SIDE, width=THUMBNAIL_SIDE),
        lung_shape=None if lungs is None or lungs.n_parts == 0 else lung_shape(lungs),
    )
