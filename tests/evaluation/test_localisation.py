"""Heat maps against masks and readings."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.evaluation.localisation import (
    agreement,
    energy_inside,
    film_localisation,
    hit_rate,
    mean_of,
)


@pytest.fixture
def mask():
    """A finding in the upper left quarter of 8 x 8 pixels."""
    mask = np.zeros((8, 8), np.bool_)
    mask[:4, :4] = True
    return mask


def test_a_map_in_the_finding_hits_it(mask):
    """Peak inside, three quarters of the energy inside, half of the mask covered by the hot part."""
    heat = np.zeros((8, 8), np.float32)
    heat[:2, :4] = 0.75  # 8 pixels, 6 in sum
    heat[0, 0] = 1.0  # 6.25
    heat[6, 6:] = 0.25
    found = film_localisation(heat, mask)

    assert found.is_hit
    assert found.energy_inside == pytest.approx(6.25 / 6.75)
    assert found.overlap == 8 / 16
    assert found.mask_share == 0.25


def test_a_map_beside_the_finding_misses_it(mask):
    """Nothing inside is nothing."""
    heat = np.zeros((8, 8), np.float32)
    heat[7, 7] = 1.0
    found = film_localisation(heat, mask)

    assert (found.is_hit, found.energy_inside, found.overlap) == (False, 0.0, 0.0)


@pytest.mark.parametrize("heat", [None, np.zeros((8, 8), np.float32)])
def test_an_empty_map_is_a_miss_and_not_left_out(heat, mask):
    """Its pixels order nothing, so their precision is the mask's share."""
    found = film_localisation(heat, mask)

    assert (found.is_hit, found.energy_inside, found.average_precision) == (False, 0.0, 0.25)
    assert hit_rate([found]).value == 0


def test_a_perfect_map_has_a_precision_of_one(mask):
    """Every pixel of the finding above every other."""
    assert film_localisation(mask.astype(np.float32), mask).average_precision == 1.0


def test_an_even_map_holds_what_the_mask_covers(mask):
    """What chance gives."""
    assert energy_inside(np.ones((8, 8), np.float32), mask) == 0.25


def test_a_mask_of_nothing_is_refused():
    """There is no finding to hit."""
    with pytest.raises(ValueError, match="hold something"):
        film_localisation(None, np.zeros((8, 8), np.bool_))


def test_agreement_stands_beside_its_chance():
    """Found R R L none against named R L L L: two of four; chance (2*1 + 1*3) / 16."""
    found = agreement(["R", "R", "L", None], ["R", "L", "L", "L"])

    assert (found.observed.value, found.observed.n) == (0.5, 4)
    assert found.by_chance == 5 / 16


def test_a_mean_carries_its_interval():
    """Over films; where there is none it says so."""
    found = mean_of([0.2, 0.4, 0.6, 0.8] * 10)

    assert found.value == pytest.approx(0.5)
    assert found.low < 0.5 < found.high
    assert mean_of([]).why == "no film"
