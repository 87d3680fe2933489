"""What one film's pixels say without looking into the lungs: border, brightness, contrast, padding.

Trap: a film is first reduced to `MEASURED_SIDE` by area averaging, so that films of every size are measured
alike; a black rim thinner than a 256th of the film is then not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hilum.records import Pixels

MEASURED_SIDE = 256  # pixels of the longer side; the recipe's whole film has as many
BORDER_SHARE = 1 / 16  # width of a border strip, of the side it is cut from
BLACK = 0.02  # of the displayed range; assumed, five grey levels of 255


@dataclass(frozen=True, slots=True)
class FilmMeasure:
    """Grey levels are in 0..1 of the film's displayed range, the rest are shares of the film in 0..1."""

    border_top: float  # mean grey level of the strip
    border_bottom: float
    border_left: float  # left of the picture, which is the patient's right
    border_right: float
    brightness: float  # mean grey level
    contrast: float  # standard deviation of grey levels
    dark_level: float  # 5th percentile
    bright_level: float  # 95th percentile
    black_share: float  # of pixels at or below BLACK
    padding_top: float  # share of the height in uniform rows at that edge
    padding_bottom: float
    padding_left: float
    padding_right: float


def measure_film(reduced: Pixels) -> FilmMeasure:
    """Measure a film (h, w) whose longer side is `MEASURED_SIDE`."""
    height, width = reduced.shape
    rows, columns = max(1, round(height * BORDER_SHARE)), max(1, round(width * BORDER_SHARE))
    dark, bright = np.quantile(reduced, (0.05, 0.95))
    flat_rows, flat_columns = np.ptp(reduced, axis=1) <= BLACK, np.ptp(reduced, axis=0) <= BLACK
    return FilmMeasure(
        border_top=float(reduced[:rows].mean()),
        border_bottom=float(reduced[-rows:].mean()),
        border_left=float(reduced[:, :columns].mean()),
        border_right=float(reduced[:, -columns:].mean()),
        brightness=float(reduced.mean()),
        contrast=float(reduced.std()),
        dark_level=float(dark),
        bright_level=float(bright),
        black_share=float((reduced <= BLACK).mean()),
        padding_top=_leading_share(flat_rows),
        padding_bottom=_leading_share(flat_rows[::-1]),
        padding_left=_leading_share(flat_columns),
        padding_right=_leading_share(flat_columns[::-1]),
    )


def _leading_share(is_flat: np.ndarray) -> float:
    """The share of the edge's run of uniform lines; a film that is uniform all over counts as all padding."""
    busy = np.flatnonzero(~is_flat)
    return float(busy[0] if busy.size else is_flat.size) / is_flat.size
