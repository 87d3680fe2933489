"""Grey levels as a file stores them, on their way to a Radiograph: integers, until the very last step.

Keeping 8 and 16 bits as they are makes a 9-megapixel film cost 9 or 18 MB, not 36, and lets it be shrunk
exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.errors import UnreadableImage
from hilum.imaging.resize import area_resize, fit_within, fitted_size
from hilum.records import Pixels, RefusalCode

MAX_PIXELS = 150_000_000  # the largest film scanners give 60 megapixels (35 x 43 cm at 50 micrometres)
_USUAL_DEPTHS = (8, 10, 12, 14, 16)


@dataclass(frozen=True, slots=True)
class GreyLevels:
    """A film as stored: black is 0 and white is `white`, bone bright or not."""

    levels: npt.NDArray[Any]  # (H, W) uint8 or uint16
    white: int
    bit_depth: int
    notes: tuple[str, ...] = ()
    coloured_share: float = 0.0  # 0..1


def refuse_size(width: int, height: int) -> None:
    """Refuse a picture too large to be a film, by its header, before any of it is unpacked.

    Raises:
        UnreadableImage: UNSUPPORTED over `MAX_PIXELS`.
    """
    if width * height > MAX_PIXELS:
        raise UnreadableImage(
            RefusalCode.UNSUPPORTED,
            f"The picture is too large: {width} x {height} is {width * height / 1e6:,.0f} megapixels, "
            f"and the limit is {MAX_PIXELS / 1e6:.0f}.",
        )


def displayed(grey: GreyLevels, max_side: int | None) -> Pixels:
    """The grey levels as 0..1, reduced by area where the longest side is over `max_side` pixels."""
    height, width = grey.levels.shape
    if max_side is not None and max(height, width) > max_side:
        height, width = fitted_size(height, width, max_side)
        pixels = area_resize(grey.levels, height=height, width=width)
    else:
        pixels = grey.levels.astype(np.float32)
    pixels /= np.float32(grey.white)
    return pixels


def reduced(table: Pixels, patterns: npt.NDArray[Any], max_side: int | None) -> Pixels:
    """What bit patterns are displayed as, reduced by area where a side is over `max_side` pixels."""
    pixels: Pixels = table[patterns]  # (H, W)
    return pixels if max_side is None or max(pixels.shape) <= max_side else fit_within(pixels, max_side)


def true_depth(largest: int, stored: int) -> int:
    """Bits the grey levels really use: the least of 8, 10, 12, 14, 16 to hold `largest`, at most `stored`.

    Films of 10 and 12 bits are often saved as 16 without being scaled, and would come out black.
    """
    return min(stored, *(depth for depth in _USUAL_DEPTHS if largest < 2**depth))
