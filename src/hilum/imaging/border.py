"""The exposed field of a film: what is left once even borders are cut away.

Collimators, scanners, and exports leave black or white borders, and how wide they are tells of the hospital,
never of the lungs. Trap: a border with writing on it is not even, and stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.records import Pixels

EVEN = 0.02  # of the grey scale; rows whose 5th to 95th percentile spans less are border
MOST = 0.4  # of a side, from each edge; a film darker than this all over keeps its middle


@dataclass(frozen=True, slots=True)
class Field:
    """A part of a film, in its own pixels."""

    left: int
    top: int
    right: int  # one past the last column
    bottom: int  # one past the last row

    @classmethod
    def whole(cls, shape: tuple[int, ...]) -> Field:
        """All of a film of this height and width."""
        return cls(0, 0, shape[1], shape[0])

    def scaled(self, down: float, across: float) -> Field:
        """The same part of the film at another size, to the nearest pixel."""
        left, right = round(self.left * across), round(self.right * across)
        return Field(left, round(self.top * down), right, round(self.bottom * down))

    def cut(self, pixels: Pixels) -> Pixels:
        """The field's pixels, (bottom - top, right - left)."""
        return pixels[self.top : self.bottom, self.left : self.right]


def exposed_field(pixels: Pixels) -> Field:
    """The film (H, W), 0..1, without its even borders; the rows first, then the columns of what is left."""
    top, bottom = _uneven(pixels)
    left, right = _uneven(pixels[top:bottom].T)
    return Field(left, top, right, bottom)


def _uneven(pixels: Pixels) -> tuple[int, int]:
    """First row that is not border, and one past the last."""
    low, high = np.quantile(pixels, (0.05, 0.95), axis=1)
    is_even = high - low < EVEN
    return _run(is_even), len(pixels) - _run(is_even[::-1])


def _run(is_even: npt.NDArray[np.bool_]) -> int:
    """How many rows from the start on are even, `MOST` of them at most."""
    first = int(np.argmin(is_even)) if not is_even.all() else is_even.size
    return min(first, int(MOST * is_even.size))
