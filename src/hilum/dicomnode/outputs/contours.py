"""Outlines of a heat map, for viewers that draw lines over the film itself.

Trap: DICOM counts from a pixel's corner, 0 to the film's width and height (PS3.3 C.10.5.1.1, PIXEL), and
marching squares from its centre: half a pixel of the map lies between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from contourpy import contour_generator

from hilum.records import Pixels

LEVELS = (0.25, 0.5, 0.75)  # of the map's own peak
LEAST_POINTS = 8  # of a closed line; smaller specks are of the map's interpolation
TOLERANCE = 0.35  # map pixels that a line may lie beside the true one; halves its points and more

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Contour:
    """One closed line: the first point is the last."""

    level: float  # of the peak
    points: Points  # (N, 2): column, row, in pixels of the film


def heat_contours(heat: Pixels, *, rows: int, columns: int) -> list[Contour]:
    """Closed lines around the places at or above each of `LEVELS`, on a film of rows x columns.

    Args:
        heat: (H, W) of 0..1, laid over the whole film.
        rows: of the film's file.
        columns: of the film's file.
    """
    height, width = heat.shape
    framed = np.pad(np.asarray(heat, np.float64), 1)  # so that a line closes at the film's edge
    generator = contour_generator(z=framed, line_type="Separate")
    scale = np.array([columns / width, rows / height])
    largest = np.array([columns, rows], np.float64)
    found = []
    for level in LEVELS:
        for line in generator.lines(level):
            points = _thinned(np.asarray(line, np.float64))
            if len(points) >= LEAST_POINTS:
                found.append(Contour(level, np.clip((points - 0.5) * scale, 0, largest)))
    return found


def _thinned(line: Points) -> Points:
    """A line with fewer points (D. Douglas and T. Peucker 1973); it stays closed where it was."""
    kept = np.zeros(len(line), bool)
    kept[[0, -1]] = True
    spans = [(0, len(line) - 1)]
    while spans:
        start, end = spans.pop()
        if end - start < 2:
            continue
        distances = _distances(line[start + 1 : end], line[start], line[end])
        farthest = int(distances.argmax())
        if distances[farthest] > TOLERANCE:
            middle = start + 1 + farthest
            kept[middle] = True
            spans += [(start, middle), (middle, end)]
    return line[kept]


def _distances(points: Points, start: Points, end: Points) -> Points:
    """Of points from the straight line between two; from the first where both are one."""
    along = end - start
    length = float(np.hypot(*along))
    away = points - start
    if length < 1e-9:
        return np.hypot(away[:, 0], away[:, 1])
    crossed: Points = np.abs(along[0] * away[:, 1] - along[1] * away[:, 0]) / length
    return crossed
