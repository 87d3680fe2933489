"""Pixels change size by area averaging: each new pixel is the mean of what it covers, fractions included.

The trap: libraries' "box" and "linear" filters alias or take whole pixels only (Pillow's BOX counts a
pixel by its centre), and Pillow resizes palette images by nearest neighbour whatever is asked; the sums
here are exact.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.records import Pixels

Grey = npt.NDArray[Any]  # (H, W) uint8, uint16, or float32


def area_resize(pixels: Grey, *, height: int, width: int) -> Pixels:
    """The picture at another size, (height, width) float32 in the units of `pixels`.

    A shrinking axis is averaged by area, which keeps the mean; a growing axis is interpolated linearly
    between pixel centres. Integer input is summed as it is, so a 9-megapixel film needs no float copy.

    Raises:
        ValueError: for a picture that is not (H, W) with both sides at least 1, or such a size asked for.
    """
    if pixels.ndim != 2 or min(pixels.shape) < 1 or min(height, width) < 1:
        raise ValueError(f"cannot resize an array of shape {pixels.shape} to {height}x{width}")
    rows = _resize_rows(pixels, height)  # (height, W)
    resized = _resize_rows(np.ascontiguousarray(rows.T), width).T  # (height, width)
    return np.ascontiguousarray(resized, dtype=np.float32)


def fit_within(pixels: Grey, side: int) -> Pixels:
    """The picture with its longest side at `side` pixels and its aspect kept to the nearest pixel."""
    height, width = fitted_size(pixels.shape[0], pixels.shape[1], side)
    return area_resize(pixels, height=height, width=width)


def fitted_size(height: int, width: int, side: int) -> tuple[int, int]:
    """Height and width, in pixels, once the longest side is `side`; no side falls under 1."""
    longest = max(height, width)
    return max(1, round(height * side / longest)), max(1, round(width * side / longest))


def _resize_rows(pixels: Grey, n_rows: int) -> npt.NDArray[Any]:
    n_before = pixels.shape[0]
    if n_rows == n_before:
        return pixels
    return _mean_rows(pixels, n_rows) if n_rows < n_before else _interpolate_rows(pixels, n_rows)


def _mean_rows(pixels: Grey, n_rows: int) -> npt.NDArray[np.float64]:
    """Row i is the mean of rows i*H/n to (i+1)*H/n, the first and last by the fraction that lies inside.

    With C(e) the sum of all rows above the edge e, row i is C(e[i+1]) - C(e[i]); only the whole rows need
    a pass over the picture.
    """
    n_before = pixels.shape[0]
    edges = np.arange(n_rows + 1, dtype=np.int64) * n_before  # in units of 1/n_rows of a row, so exact
    whole, fraction = edges // n_rows, (edges % n_rows) / n_rows
    # uint32 holds 65,537 rows of 16 bits; floats are summed in double precision
    wide = np.uint32 if pixels.dtype.kind == "u" else np.float64
    sums = np.empty((n_rows, pixels.shape[1]))
    for row, (top, bottom) in enumerate(
        pairwise(whole.tolist())
    ):  # reduceat is eight times slower (measured)
        sums[row] = pixels[top:bottom].sum(axis=0, dtype=wide)
    edge_rows = pixels[np.minimum(whole, n_before - 1)] * fraction[:, None]  # (n_rows + 1, W)
    sums += edge_rows[1:]
    sums -= edge_rows[:-1]
    sums *= n_rows / n_before
    return sums


def _interpolate_rows(pixels: Grey, n_rows: int) -> npt.NDArray[np.float64]:
    n_before = pixels.shape[0]
    centres = np.clip((np.arange(n_rows) + 0.5) * n_before / n_rows - 0.5, 0, n_before - 1)
    above = np.minimum(centres.astype(np.int64), max(n_before - 2, 0))
    below = np.minimum(above + 1, n_before - 1)
    weight = (centres - above)[:, None]
    blended: npt.NDArray[np.float64] = pixels[above] * (1 - weight) + pixels[below] * weight
    return blended
