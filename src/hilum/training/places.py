"""Where a reading says that disease is, as further labels: each lung's.

A film-level label teaches that something is wrong; these teach on which side, at no cost of drawing. Trap: a
reading of one side is taken to say that the other is normal, which it does not strictly say.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from hilum.findings import Laterality
from hilum.records import Film

SIDES = (Laterality.RIGHT, Laterality.LEFT)  # of the patient


def side_labels(film: Film) -> tuple[float, float]:
    """The labels of the patient's right lung and left lung, each 1, 0, or NaN.

    Both are 0 on a normal film. On another the lung that the reading leaves out is taken for normal; where it
    names neither, nothing is stated.
    """
    if film.label == 0:
        return 0.0, 0.0
    reading = film.reading
    if film.label is None or reading is None or reading.laterality is None:
        return np.nan, np.nan
    right, left = (float(reading.laterality in (side, Laterality.BILATERAL)) for side in SIDES)
    return right, left


def side_logits(activation: Tensor) -> Tensor:
    """(N, 2): the mean of an activation map (N, 1, h, w) over the patient's right half and left half.

    The patient's right is on the left of the picture. In a map of odd width both share the middle column.
    """
    return F.adaptive_avg_pool2d(activation, (1, 2)).flatten(1)


def mirrored_sides(labels: Tensor, is_mirrored: Tensor) -> Tensor:
    """Labels (N, 2) with right and left exchanged where the film (N,) is mirrored."""
    return torch.where(is_mirrored[:, None], labels.flip(1), labels)
