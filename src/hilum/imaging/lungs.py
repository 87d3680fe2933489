"""Lungs as a mask: the largest two connected parts of a probability picture, with their area and box.

Connected parts are found by runs of rows, not by SciPy, which the reading station does not install.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.records import Pixels

MIN_PART_SHARE = (
    0.1  # a part below this share of the largest one is not a lung; assumed, looked at on 550 films
)


@dataclass(frozen=True, slots=True)
class LungMask:
    """The lungs on a square canvas.

    Coordinates are fractions of its side, so that any size of it can use them.
    """

    mask: npt.NDArray[np.bool_]  # (S, S)
    area: float  # share of the canvas, 0..1
    n_parts: int  # 0, 1, or 2
    confidence: float  # mean probability inside the mask, 0..1; 0 for an empty one

    @property
    def box(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) as fractions of the canvas side.

        Where one lung is white and not found, the box takes in the mirror image of the other, so that scale
        holds.
        """
        rows, columns = np.flatnonzero(self.mask.any(axis=1)), np.flatnonzero(self.mask.any(axis=0))
        assert rows.size, "an empty mask has no box; ask n_parts first"
        side = self.mask.shape[0]
        left, right = columns[0] / side, (columns[-1] + 1) / side
        if self.n_parts == 1:
            left, right = min(left, 1 - right), max(right, 1 - left)
        return left, rows[0] / side, right, (rows[-1] + 1) / side


def lung_mask(probability: Pixels) -> LungMask:
    """Keep the largest two parts of `probability` (S, S) above one half."""
    labels = connected_parts(probability > 0.5)
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    largest = np.argsort(areas)[::-1][:2]
    kept = [int(part) for part in largest if areas[part] > MIN_PART_SHARE * areas.max()]
    mask = np.isin(labels, kept)
    confidence = float(probability[mask].mean()) if kept else 0.0
    return LungMask(mask, float(mask.mean()), len(kept), confidence)


def connected_parts(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """Number the 4-connected parts of a mask (H, W) from 1; 0 is background."""
    labels = np.zeros(mask.shape, np.int32)
    parent = [0]
    for y, row in enumerate(mask):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.view(np.int8), [0]))))
        for start, end in edges.reshape(-1, 2):
            above = np.unique(labels[y - 1, start:end])[::-1] if y else np.zeros(0, np.int32)
            touching = [_root(parent, int(label)) for label in above if label]
            if not touching:
                parent.append(len(parent))
                touching = [len(parent) - 1]
            for other in touching:
                parent[other] = min(touching)
            labels[y, start:end] = min(touching)
    roots = np.array([_root(parent, label) for label in range(len(parent))], np.int32)[labels]
    return np.searchsorted(np.unique(np.append(roots, 0)), roots).astype(np.int32)


def _root(parent: list[int], label: int) -> int:
    while parent[label] != label:
        label = parent[label]
    return label
