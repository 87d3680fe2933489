"""The one pixel recipe: a film becomes the classifier's array, the same in training and in serving.

Trap: everything here runs before augmentation. A change of any number is a change of every bundle's input, so
the golden-vector test in tests/imaging/test_recipe.py must change with it, and the changelog says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageFilter

from hilum.imaging.border import Field, exposed_field
from hilum.imaging.lungs import LungMask
from hilum.imaging.resize import fit_within
from hilum.records import Pixels

Box = tuple[float, float, float, float]  # left, top, right, bottom

CLIP = 4.0  # standardised grey levels beyond this many spreads are cut; a wire or a marker says no more


@dataclass(frozen=True)
class Recipe:
    """The steps' sizes; a bundle carries them, so that it is read as it was trained."""

    film_side: int = 256  # pixels; the whole film's longest side, reached by area averaging
    border: Literal["trim", "keep"] = "keep"  # whether even borders are cut off before anything else
    region: Literal["lungs", "film"] = "lungs"  # what the classifier sees
    lungs_side: int = 128  # pixels; input of the lungs network
    crop_side: int = 192  # pixels; input of the classifier
    margin: float = 0.06  # of the lungs' box, added on each side before the crop
    outside: Literal["blank", "keep"] = "blank"  # what becomes of the crop outside the lungs


@dataclass(frozen=True, slots=True)
class Canvas:
    """A film's field on a black square; keeps the way back to native pixels."""

    pixels: Pixels  # (S, S), 0..1
    field: Field  # of the film, in native pixels; all of it where borders are kept

    @property
    def native_side(self) -> int:
        return max(self.field.bottom - self.field.top, self.field.right - self.field.left)

    @property
    def box(self) -> Box:
        """The whole square in native pixels; may reach past the film."""
        return (*self.to_native(0, 0), *self.to_native(1, 1))

    def to_native(self, x: float, y: float) -> tuple[float, float]:
        """Native pixel coordinates of a point given in fractions of the canvas side."""
        side, field = self.native_side, self.field
        middle_x, middle_y = (field.left + field.right) / 2, (field.top + field.bottom) / 2
        return middle_x + (x - 0.5) * side, middle_y + (y - 0.5) * side


@dataclass(frozen=True, slots=True)
class ModelInput:
    """What the classifier sees, and where on the film it lies."""

    array: Pixels  # (1, crop_side, crop_side)
    box: Box  # in native pixels; may reach past the film


def film_canvas(pixels: Pixels, recipe: Recipe) -> Canvas:
    """Put a film (H, W) in the middle of a square of `film_side`, aspect kept, its borders cut off where the
    recipe says so.

    Borders are looked for at `film_side`, so that a film reduced on reading loses the same as a whole one.
    """
    small, field = fit_within(pixels, recipe.film_side), Field.whole(pixels.shape)
    if recipe.border == "trim":
        exposed = exposed_field(small)
        if exposed != Field.whole(small.shape):
            field = exposed.scaled(pixels.shape[0] / small.shape[0], pixels.shape[1] / small.shape[1])
            small = fit_within(field.cut(pixels), recipe.film_side)
    height, width = small.shape
    square = np.zeros((recipe.film_side, recipe.film_side), np.float32)
    top, left = (recipe.film_side - height) // 2, (recipe.film_side - width) // 2
    square[top : top + height, left : left + width] = small
    return Canvas(square, field)


def lungs_input(canvas: Canvas, recipe: Recipe) -> Pixels:
    """The lungs network's array (1, L, L): the whole film, its 1st to 99th percentile on -1..1."""
    small = fit_within(canvas.pixels, recipe.lungs_side)
    low, high = np.quantile(small, (0.01, 0.99))
    scaled = np.clip((small - low) / (high - low + 1e-3), -0.1, 1.1) * 2 - 1
    return np.asarray(scaled, np.float32)[None]


def model_input(canvas: Canvas, lungs: LungMask | None, recipe: Recipe) -> ModelInput:
    """The classifier's array.

    Args:
        canvas: the film.
        lungs: its lungs, not empty; None only where the recipe's region is the whole film.
        recipe: the sizes.
    """
    if recipe.region == "film":
        whole = fit_within(canvas.pixels, recipe.crop_side)
        return ModelInput(whole[None], canvas.box)
    assert lungs is not None
    box = square_box(lungs.box, recipe.margin)
    crop = _cut(canvas.pixels, box, recipe.crop_side)
    soft = _cut(_grown(lungs), box, recipe.crop_side)
    inside = _cut(lungs.mask.astype(np.float32), box, recipe.crop_side) > 0.5
    array = standardise(crop, inside)
    if recipe.outside == "blank":
        array = array * soft
    left, top, right, bottom = box
    return ModelInput(array[None], (*canvas.to_native(left, top), *canvas.to_native(right, bottom)))


def without_lungs(canvas: Canvas, lungs: LungMask) -> Canvas:
    """The film with its lungs, and a little around them, painted over with clouds: a control.

    What still tells the label once the lungs are gone is not the disease in them. The clouds are the same on
    every film, neither its own grey, which would tell its exposure, nor one flat grey: standardised by a
    spread of nothing, the faint rim around a flat patch becomes the loudest thing on the film.
    """
    return _painted_over(canvas, _widely_lungs(canvas, lungs))


def without_surroundings(canvas: Canvas, lungs: LungMask) -> Canvas:
    """The film with everything but its lungs, and a little around them, painted over with the same clouds.

    What `without_lungs` paints over stays, and what it leaves is painted over.
    """
    return _painted_over(canvas, ~_widely_lungs(canvas, lungs))


def square_box(box: Box, margin: float) -> Box:
    """The smallest square around a box with its margin, in the box's own units and on the same centre."""
    left, top, right, bottom = box
    half = max(right - left, bottom - top) * (0.5 + margin)
    x, y = (left + right) / 2, (top + bottom) / 2
    return x - half, y - half, x + half, y + half


def standardise(pixels: Pixels, inside: np.ndarray) -> Pixels:
    """Grey levels less their median in the lungs, over their interquartile spread there, cut at `CLIP`."""
    low, middle, high = np.quantile(pixels[inside], (0.25, 0.5, 0.75))
    spread = (high - low) / 1.349 + 0.01  # IQR to standard deviation of a normal law; 0.01 guards flat lungs
    return np.asarray(np.clip((pixels - middle) / spread, -CLIP, CLIP), np.float32)


def _widely_lungs(canvas: Canvas, lungs: LungMask) -> np.ndarray:
    """Where the canvas shows lungs or a little around them: (S, S) truth values."""
    return _resized_mask(_grown(lungs), canvas.pixels.shape[0]) > 0.005


def _painted_over(canvas: Canvas, where: np.ndarray) -> Canvas:
    pixels = np.where(where, _clouds(canvas.pixels.shape[0]), canvas.pixels)
    return Canvas(pixels, canvas.field)


def _grown(lungs: LungMask) -> Pixels:
    """The mask widened by 3 % of the canvas with a soft edge, so that pleura and hila stay in sight."""
    reach = 2 * round(lungs.mask.shape[0] * 0.015) + 1
    picture = Image.fromarray(lungs.mask.astype(np.uint8) * 255)
    picture = picture.filter(ImageFilter.MaxFilter(reach)).filter(ImageFilter.GaussianBlur(reach / 3))
    return np.asarray(picture, np.float32) / np.float32(255)


def _clouds(side: int) -> Pixels:
    """Smooth grey noise (side, side) about 0.5, a tenth of the grey scale strong; the same at every call."""
    coarse = np.random.default_rng(0).standard_normal((32, 32)).astype(np.float32)
    picture = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
    fine = np.asarray(picture, np.float32)
    return np.asarray(np.clip(0.5 + 0.1 * fine / fine.std(), 0, 1), np.float32)


def _resized_mask(mask: Pixels, side: int) -> Pixels:
    picture = Image.fromarray(mask).resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(picture, np.float32)


def _cut(pixels: Pixels, box: Box, side: int) -> Pixels:
    """Cut a box (fractions of the picture's side; may reach past it, black there) out to `side` pixels."""
    size = pixels.shape[0]
    pad = int(np.ceil(max(0.0, -min(box), max(box) - 1) * size)) + 1
    padded = np.pad(pixels, pad)
    bounds = [edge * size + pad for edge in box]
    picture = Image.fromarray(padded).resize((side, side), Image.Resampling.BILINEAR, box=tuple(bounds))
    return np.asarray(picture, np.float32)
