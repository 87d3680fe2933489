"""The six lung zones of a film, each with a probability: thirds of the lungs' height, right and left.

A zone's log odds are the mean of the class activation map over it, so the film's own log odds are the mean of
its zones', weighted by their size: a zone answers "what if all of the lungs looked like this part?".
Trap: the map has a cell for every sixteenth of the crop or coarser, so neighbouring zones share cells; the
zones of a lung that was not found still have a probability, that of what lies in its place.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hilum.findings import Zone
from hilum.records import Pixels

MOST_NAMED = 3  # zones in a sentence
GRID = (
    (Zone.RIGHT_UPPER, Zone.LEFT_UPPER),
    (Zone.RIGHT_MIDDLE, Zone.LEFT_MIDDLE),
    (Zone.RIGHT_LOWER, Zone.LEFT_LOWER),
)  # as on a frontal film: the patient's right is on the left of the picture


def zone_probabilities(activation: Pixels, *, top: float, bottom: float) -> dict[Zone, float]:
    """The probability of each zone, 0..1.

    Args:
        activation: (h, w) calibrated log odds, place by place, of the classifier's square crop.
        top: where the lungs begin, as a fraction of the crop's height.
        bottom: where they end; the upper and lower zone reach on to the crop's edges.
    """
    third = (bottom - top) / 3
    rows = band_shares(activation.shape[0], (0.0, top + third, bottom - third, 1.0))  # (3, h)
    columns = band_shares(activation.shape[1], (0.0, 0.5, 1.0))  # (2, w)
    log_odds = rows @ activation.astype(np.float64) @ columns.T  # (3, 2)
    chances = 0.5 * (1 + np.tanh(0.5 * log_odds))
    return {zone: float(chances[i, j]) for i, line in enumerate(GRID) for j, zone in enumerate(line)}


def zone_sentence(zones: Mapping[Zone, float], threshold: float) -> str:
    """The zones at or above the threshold, the highest first, for a reader in a hurry.

    More than `MOST_NAMED` are counted; where all six are hot, none is told from the others.
    """
    above = sorted((zone for zone in zones if zones[zone] >= threshold), key=lambda zone: -zones[zone])
    if not above:
        return "No zone stands above the threshold."
    if len(above) == len(zones):
        return "All lung zones stand above the threshold."
    named = ", ".join(f"{zone.value} zone {zones[zone]:.2f}" for zone in above[:MOST_NAMED])
    more = f", and {len(above) - MOST_NAMED} more" if len(above) > MOST_NAMED else ""
    return f"{named[0].upper()}{named[1:]}{more}."


def band_shares(n_cells: int, edges: tuple[float, ...]) -> Pixels:
    """(Z, n): the share of each band between edges, 0 to 1, that lies in each of n cells; rows sum to 1."""
    cells = np.arange(n_cells + 1) / n_cells
    starts, ends = np.array(edges[:-1])[:, None], np.array(edges[1:])[:, None]
    lengths = np.clip(np.minimum(ends, cells[1:]) - np.maximum(starts, cells[:-1]), 0, None)
    shares: Pixels = lengths / lengths.sum(axis=1, keepdims=True)
    return shares
