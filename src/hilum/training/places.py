"""Where a reading says that disease is, as further labels: each lung's, and each of the six zones'.

A film-level label teaches that something is wrong; these teach where, at no cost of drawing.
Trap: a reading that names one zone says nothing of the others of the same lung, so those stay unstated.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from hilum.findings import Laterality, Zone
from hilum.inference.zones import GRID, band_shares
from hilum.records import Film

ZONES = tuple(zone for line in GRID for zone in line)  # right and left by turns, from above
N_SIDES = 2
N_PLACES = N_SIDES + len(ZONES)  # the patient's right lung, the left, and the zones
MIRRORED = (1, 0, 3, 2, 5, 4, 7, 6)  # where each place is once the film is mirrored


def place_labels(film: Film) -> tuple[float, ...]:
    """The labels (8,) of 1, 0, NaN: two lungs, then `ZONES`.

    All are 0 on a normal film. On another the lung that the reading leaves out is taken for normal, with its
    zones; where it names neither lung, nothing is stated.
    """
    if film.label == 0:
        return (0.0,) * N_PLACES
    reading = film.reading
    if film.label is None or reading is None or reading.laterality is None:
        return (np.nan,) * N_PLACES
    lungs = tuple(float(reading.laterality in (side, Laterality.BILATERAL)) for side in SIDES)
    return lungs + tuple(_zone_label(zone, lungs, reading.zones) for zone in ZONES)


SIDES = (Laterality.RIGHT, Laterality.LEFT)


def _zone_label(zone: Zone, lungs: tuple[float, ...], named: tuple[Zone, ...]) -> float:
    if not lungs[ZONES.index(zone) % N_SIDES]:
        return 0.0
    return 1.0 if zone in named else np.nan


def side_logits(activation: Tensor) -> Tensor:
    """(N, 2): the mean of an activation map (N, 1, h, w) over the patient's right half and left half.

    The patient's right is on the left of the picture. In a map of odd width both share the middle column.
    """
    return F.adaptive_avg_pool2d(activation, (1, 2)).flatten(1)


def zone_logits(activation: Tensor) -> Tensor:
    """(N, 6): the mean of an activation map (N, 1, h, w) over halves and thirds of the crop, as `ZONES`.

    The crop is cut to the lungs, so its thirds are about theirs. Trap: a row that two thirds share counts in
    each by its part. Counted whole in both, as adaptive pooling does, it is pulled down by every zone but
    one, and the map learns stripes (docs/lab-notebook.md).
    """
    rows = _shares(activation, activation.shape[2], (0, 1 / 3, 2 / 3, 1))
    columns = _shares(activation, activation.shape[3], (0, 1 / 2, 1))
    return torch.einsum("zh,nhw,sw->nzs", rows, activation[:, 0], columns).flatten(1)


def _shares(activation: Tensor, n_cells: int, edges: tuple[float, ...]) -> Tensor:
    return torch.from_numpy(band_shares(n_cells, edges)).to(activation)


def mirrored_places(labels: Tensor, is_mirrored: Tensor) -> Tensor:
    """Labels (N, 8) with right and left exchanged where the film (N,) is mirrored."""
    return torch.where(is_mirrored[:, None], labels[:, list(MIRRORED)], labels)
