"""Whether what the lungs network found sits in a chest: what is in the lungs, and what is around them.

Trap: both are measured on the film's canvas, never on the classifier's array, which is scaled by what is in
the lungs and so looks the same for a chest and for a drawing of one.
"""

from __future__ import annotations

import numpy as np

from hilum.imaging.border import exposed_field
from hilum.imaging.lungs import LungMask
from hilum.imaging.polarity import chest_likeness
from hilum.imaging.recipe import Canvas, square_box
from hilum.imaging.resize import area_resize, fit_within
from hilum.records import Pixels

_MARGIN = 0.1  # of the lungs' box, on each side: ribs and shoulders, and little of what lies beside them


def lung_spread(canvas: Canvas, lungs: LungMask) -> float:
    """Interquartile range of the grey levels in the lungs, of 1; 0 for lungs of one tone.

    Args:
        canvas: the film.
        lungs: its lungs, not empty.
    """
    side = lungs.mask.shape[0]
    small = area_resize(canvas.pixels, height=side, width=side)
    low, high = np.quantile(small[lungs.mask], (0.25, 0.75))
    return float(high - low)


def lungs_likeness(canvas: Canvas, lungs: LungMask) -> float:
    """`chest_likeness` of the square around the lungs, -1 to 1, black where it reaches past the canvas.

    The box of the lungs takes out where on the plate the patient stands, and how much of it is black.

    Args:
        canvas: the film.
        lungs: its lungs, not empty.
    """
    side = canvas.pixels.shape[0]
    left, top, right, bottom = (round(edge * side) for edge in square_box(lungs.box, _MARGIN))
    pad = max(0, -left, -top, right - side, bottom - side)
    padded = np.pad(canvas.pixels, pad)
    return chest_likeness(padded[top + pad : bottom + pad, left + pad : right + pad])


def whole_picture(canvas: Canvas, side: int) -> Pixels:
    """All of a picture but its even borders, for a network that tells what it is of: (1, side, side).

    Its 1st to 99th percentile lie on -1..1, so that exposure says nothing.
    """
    field = exposed_field(canvas.pixels).cut(canvas.pixels)
    height, width = field.shape
    longest = max(height, width)
    square = np.zeros((longest, longest), np.float32)
    top, left = (longest - height) // 2, (longest - width) // 2
    square[top : top + height, left : left + width] = field
    square = fit_within(square, side)
    low, high = np.quantile(square, (0.01, 0.99))
    scaled = np.clip((square - low) / (high - low + 1e-3), -0.1, 1.1) * 2 - 1
    return np.asarray(scaled, np.float32)[None]
