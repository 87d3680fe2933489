"""Each lung's own label: from the reading to the half of the activation map that must bear it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from hilum.errors import SettingsInvalid
from hilum.findings import Laterality
from hilum.records import ClinicalReading
from hilum.training.augment import augmented
from hilum.training.checkpoint import build_network
from hilum.training.places import mirrored_sides, side_labels, side_logits
from hilum.training.settings import AugmentSettings


def with_side(film, side):
    return replace(film, label=1, reading=ClinicalReading("text", laterality=side))


def test_a_reading_of_one_side_labels_that_lung_alone(arrays):
    """Right first, as the patient has it; bilateral is both; a normal film is neither."""
    film = arrays.films[0]

    assert side_labels(with_side(film, Laterality.RIGHT)) == (1, 0)
    assert side_labels(with_side(film, Laterality.LEFT)) == (0, 1)
    assert side_labels(with_side(film, Laterality.BILATERAL)) == (1, 1)
    assert side_labels(replace(film, label=0)) == (0, 0)


def test_a_reading_without_a_side_states_nothing(arrays):
    """So the loss leaves both lungs out."""
    assert all(math.isnan(label) for label in side_labels(replace(arrays.films[0], label=1, reading=None)))
    assert all(math.isnan(label) for label in side_labels(with_side(arrays.films[0], None)))


def test_the_patients_right_lung_is_the_pictures_left_half():
    """A map that is hot on the left of the picture speaks for the right lung."""
    activation = torch.zeros(1, 1, 4, 6)
    activation[..., :3] = 2.0

    assert side_logits(activation).tolist() == [[2.0, 0.0]]


def test_mirroring_exchanges_right_and_left():
    """For the film that is mirrored, and for no other."""
    labels = torch.tensor([[1.0, 0.0], [1.0, 0.0]])

    assert mirrored_sides(labels, torch.tensor([True, False])).tolist() == [[0, 1], [1, 0]]


def test_a_mirrored_film_says_so():
    """The loop turns the lungs' labels over for just those films."""
    settings = AugmentSettings(0, 0, 0, 0, 0.5, 0, 0, 0, 0)
    films = torch.arange(16.0).repeat(20, 1, 16, 1)

    moved, move = augmented(films, settings, torch.Generator().manual_seed(0))

    assert 0 < move.is_mirrored.sum() < 20
    assert ((moved[:, 0, 8, 2] > moved[:, 0, 8, 12]) == move.is_mirrored).all()


def test_a_network_without_a_feature_map_cannot_learn_sides(settings):
    """It is refused when it is built, not after an epoch."""
    with pytest.raises(SettingsInvalid, match="keeps no feature map"):
        build_network(replace(settings, network="notebook-model-1", side_weight=1.0))
