"""Zones: whose side, which third, and that they add up to the film."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilum.findings import Zone
from hilum.inference.zones import GRID, zone_probabilities, zone_sentence


@pytest.mark.parametrize(("row", "column"), [(i, j) for i in range(3) for j in range(2)])
def test_a_bright_cell_belongs_to_its_zone(row, column):
    """The patient's right is on the left of the picture."""
    activation = np.full((6, 6), -4.0, np.float32)
    activation[2 * row : 2 * row + 2, 3 * column : 3 * column + 3] = 4.0

    zones = zone_probabilities(activation, top=0.0, bottom=1.0)

    assert max(zones, key=lambda zone: zones[zone]) is GRID[row][column]
    assert zones[GRID[row][column]] == pytest.approx(1 / (1 + np.exp(-4)))


@given(st.integers(1, 9), st.integers(1, 9), st.floats(0, 0.3), st.floats(0.7, 1), st.integers(0, 99))
def test_the_films_log_odds_are_the_mean_of_its_zones(height, width, top, bottom, seed):
    """Weighted by the zones' heights; their widths are equal."""
    activation = np.random.default_rng(seed).normal(0, 2, (height, width)).astype(np.float32)
    zones = zone_probabilities(activation, top=top, bottom=bottom)
    third = (bottom - top) / 3
    heights = np.array([top + third, third, 1 - bottom + third])
    log_odds = np.array([[np.log(zones[zone] / (1 - zones[zone])) for zone in line] for line in GRID])

    assert (heights @ log_odds.mean(axis=1)) == pytest.approx(float(activation.mean()), abs=1e-5)


def test_thirds_are_of_the_lungs_and_not_of_the_crop():
    """With lungs from a half down, the cells above belong to the upper zone."""
    activation = np.full((12, 2), -3.0, np.float32)
    activation[:6] = 3.0

    zones = zone_probabilities(activation, top=0.5, bottom=1.0)

    assert zones[Zone.RIGHT_UPPER] > 0.5
    assert zones[Zone.RIGHT_MIDDLE] < 0.1


def test_the_sentence_names_the_highest_zone_first():
    """Only zones at or above the threshold."""
    zones = dict.fromkeys(Zone, 0.1) | {Zone.LEFT_UPPER: 0.34, Zone.RIGHT_UPPER: 0.91}

    assert zone_sentence(zones, 0.34) == "Right upper zone 0.91, left upper zone 0.34."


def test_a_quiet_film_has_a_sentence_too():
    """Where no zone stands above the threshold the text says so."""
    assert zone_sentence(dict.fromkeys(Zone, 0.1), 0.3) == "No zone stands above the threshold."


def test_many_zones_are_counted_and_all_are_one_word():
    """Three are named; a film hot all over names none."""
    zones = dict.fromkeys(Zone, 0.9) | {Zone.LEFT_LOWER: 0.1, Zone.RIGHT_UPPER: 0.95}

    assert zone_sentence(zones, 0.5).endswith(", and 2 more.")
    assert zone_sentence(dict.fromkeys(Zone, 0.9), 0.5) == "All lung zones stand above the threshold."
