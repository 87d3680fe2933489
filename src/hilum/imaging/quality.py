"""How well a film shows its lungs, and what else is on it: clipped, blurred, cut off, metal.

Trap: everything is measured where the lungs network found lungs, for a film's margins are often black, white,
or written on. All shares are of 0..1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from hilum.imaging.lungs import LungMask, connected_parts
from hilum.imaging.recipe import Canvas
from hilum.imaging.resize import area_resize
from hilum.records import Pixels

Mask = npt.NDArray[np.bool_]

_CLIPPED = 1.5 / 255  # of the grey scale, from its ends: the end itself and one level of 8 bits
_METAL = 0.97  # of the brightest thousandth of the film
_METAL_STEP = 0.1  # darker around it, of its brightness; bone and bowel fade: 3 of 696 chest films have such
_METAL_AREA = (0.0006, 0.023)  # of the canvas: 40 to 1,500 pixels of 256 x 256; a coin to a defibrillator


def clipped_in_lungs(canvas: Canvas, lungs: LungMask) -> tuple[float, float]:
    """The shares of the lungs that are black, and white, on the film's own scale.

    Args:
        canvas: the film.
        lungs: its lungs, not empty; so everywhere here.
    """
    levels = canvas.pixels[_on_canvas(canvas, lungs)]
    return float((levels <= _CLIPPED).mean()), float((levels >= 1 - _CLIPPED).mean())


def sharpness(canvas: Canvas, lungs: LungMask) -> float:
    """Standard deviation of the finest detail in the lungs (a pixel less the mean of its 3 x 3), in spreads
    of their grey."""
    inside = _on_canvas(canvas, lungs)
    low, high = np.quantile(canvas.pixels[inside], (0.25, 0.75))
    detail = (canvas.pixels - _mean_of_nine(canvas.pixels))[inside]
    return float(detail.std() / ((high - low) / 1.349 + 0.01))  # IQR to standard deviation of a normal law


def share_at_edge(canvas: Canvas, lungs: LungMask) -> float:
    """How much of the lungs lies on one edge of the picture, as a share of their box's height and width."""
    side = lungs.mask.shape[0]
    rows, columns = _field_of(canvas, side)
    inside = lungs.mask[rows, columns]
    edges = (inside[:2].any(0), inside[-2:].any(0), inside[:, :2].any(1), inside[:, -2:].any(1))
    left, top, right, bottom = lungs.box
    return float(max(edge.sum() for edge in edges) / (side * ((right - left) + (bottom - top))))


def metal_area(canvas: Canvas, lungs: LungMask) -> float:
    """Share of the canvas in the largest compact, very bright part within the lungs' box, 0 for none."""
    pixels = canvas.pixels
    labels = connected_parts(pixels >= _METAL * np.quantile(pixels, 0.999))
    areas = np.bincount(labels.ravel()) / labels.size
    areas[0] = 0
    least, most = _METAL_AREA
    side = labels.shape[0]
    left, top, right, bottom = lungs.box
    found = [0.0]
    for part in np.flatnonzero((areas >= least) & (areas <= most)):
        is_part = labels == part
        rows, columns = np.nonzero(is_part)
        is_within = left < columns.mean() / side < right and top < rows.mean() / side < bottom
        filled = rows.size / ((np.ptp(rows) + 1) * (np.ptp(columns) + 1))
        if is_within and filled > 0.5 and _step_around(pixels, is_part) > _METAL_STEP:
            found.append(float(areas[part]))
    return max(found)


def _step_around(pixels: Pixels, is_part: Mask) -> float:
    """How much darker it is around a part than in it, of its own brightness."""
    picture = Image.fromarray(is_part.astype(np.uint8) * 255)
    near, far = (np.asarray(picture.filter(ImageFilter.MaxFilter(reach))) > 0 for reach in (3, 9))
    around = far & ~near
    return float(1 - pixels[around].mean() / pixels[is_part].mean()) if around.any() else 0.0


def _on_canvas(canvas: Canvas, lungs: LungMask) -> Mask:
    side = canvas.pixels.shape[0]
    return np.asarray(area_resize(lungs.mask.astype(np.float32), height=side, width=side) > 0.5)


def _field_of(canvas: Canvas, side: int) -> tuple[slice, slice]:
    """Rows and columns of a square of `side` that the film's field takes; the rest is padding."""
    field = canvas.field
    height, width = field.bottom - field.top, field.right - field.left
    rows, columns = (round(side * length / max(height, width)) for length in (height, width))
    top, left = (side - rows) // 2, (side - columns) // 2
    return slice(top, top + rows), slice(left, left + columns)


def _mean_of_nine(pixels: Pixels) -> Pixels:
    height, width = pixels.shape
    padded = np.pad(pixels, 1, mode="edge")
    total = sum(padded[y : y + height, x : x + width] for y in range(3) for x in range(3))
    return np.asarray(total, np.float32) / np.float32(9)
