"""Each lung's and zone's own label: from the reading to the part of the activation map that must bear it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from hilum.errors import SettingsInvalid
from hilum.findings import Laterality, Zone
from hilum.records import ClinicalReading
from hilum.training.augment import augmented
from hilum.training.checkpoint import build_network
from hilum.training.places import (
    MIRRORED,
    ZONES,
    mirrored_places,
    place_labels,
    side_logits,
    zone_logits,
)
from hilum.training.settings import AugmentSettings


def with_side(film, side, *zones):
    return replace(film, label=1, reading=ClinicalReading("text", laterality=side, zones=zones))


def test_a_reading_of_one_side_labels_that_lung_alone(arrays):
    """Right first, as the patient has it; bilateral is both; a normal film is neither."""
    film = arrays.films[0]

    assert place_labels(with_side(film, Laterality.RIGHT))[:2] == (1, 0)
    assert place_labels(with_side(film, Laterality.LEFT))[:2] == (0, 1)
    assert place_labels(with_side(film, Laterality.BILATERAL))[:2] == (1, 1)
    assert place_labels(replace(film, label=0)) == (0,) * 8


def test_a_named_zone_is_labelled_and_its_lungs_others_stay_unstated(arrays):
    """The other lung's zones are normal where the reading names one lung alone."""
    film = with_side(arrays.films[0], Laterality.RIGHT, Zone.RIGHT_UPPER)
    labels = dict(zip(ZONES, place_labels(film)[2:], strict=True))

    assert labels[Zone.RIGHT_UPPER] == 1
    assert math.isnan(labels[Zone.RIGHT_MIDDLE])
    assert math.isnan(labels[Zone.RIGHT_LOWER])
    assert [labels[zone] for zone in ZONES if zone.value.startswith("left")] == [0, 0, 0]


def test_zones_named_on_both_lungs_are_labelled_on_both(arrays):
    """As in "bilateral upper"."""
    film = with_side(arrays.films[0], Laterality.BILATERAL, Zone.RIGHT_UPPER, Zone.LEFT_UPPER)

    assert place_labels(film)[:4] == (1, 1, 1, 1)


def test_a_reading_without_a_side_states_nothing(arrays):
    """So the loss leaves both lungs out."""
    assert all(math.isnan(label) for label in place_labels(replace(arrays.films[0], label=1, reading=None)))
    assert all(math.isnan(label) for label in place_labels(with_side(arrays.films[0], None)))


def test_the_patients_right_lung_is_the_pictures_left_half():
    """A map that is hot on the left of the picture speaks for the right lung."""
    activation = torch.zeros(1, 1, 4, 6)
    activation[..., :3] = 2.0

    assert side_logits(activation).tolist() == [[2.0, 0.0]]


def test_each_zone_is_the_mean_of_its_part():
    """Rows of thirds, columns of halves, as `ZONES`."""
    activation = torch.arange(6.0).reshape(1, 1, 3, 2).repeat_interleave(2, dim=2).repeat_interleave(4, dim=3)

    assert zone_logits(activation).tolist() == [[0, 1, 2, 3, 4, 5]]


def test_mirroring_exchanges_right_and_left():
    """For the film that is mirrored, and twice is as before."""
    labels = torch.arange(16.0).reshape(2, 8)
    turned = mirrored_places(labels, torch.tensor([True, False]))

    assert turned.tolist() == [[float(place) for place in MIRRORED], labels[1].tolist()]
    assert all(ZONES[place - 2].value.split()[0] != ZONES[at - 2].value.split()[0]
               for at, place in enumerate(MIRRORED) if at >= 2)  # fmt: skip


def test_a_mirrored_film_says_so():
    """The loop turns the lungs' labels over for just those films."""
    settings = AugmentSettings(0, 0, 0, 0, 0.5, 0, 0, 0, 0)
    films = torch.arange(16.0).repeat(20, 1, 16, 1)

    moved, is_mirrored = augmented(films, settings, torch.Generator().manual_seed(0))

    assert 0 < is_mirrored.sum() < 20
    assert ((moved[:, 0, 8, 2] > moved[:, 0, 8, 12]) == is_mirrored).all()


def test_a_network_without_a_feature_map_cannot_learn_sides(settings):
    """It is refused when it is built, not after an epoch."""
    with pytest.raises(SettingsInvalid, match="keeps no feature map"):
        build_network(replace(settings, network="notebook-model-1", side_weight=1.0))


def test_a_row_that_two_thirds_share_counts_in_each_by_its_part():
    """Of eight rows the third lies two thirds in the upper zone and one third in the middle one."""
    activation = torch.zeros(1, 1, 8, 2)
    activation[0, 0, 2] = 1.0
    upper, middle, lower = zone_logits(activation).reshape(3, 2)[:, 0].tolist()

    assert upper == pytest.approx((2 / 3) / (8 / 3))
    assert middle == pytest.approx((1 / 3) / (8 / 3))
    assert lower == 0
