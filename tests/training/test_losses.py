"""Losses: unstated labels have no part; perfect masks cost nothing."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from hilum.training.losses import bce_and_dice, mask_bce, masked_bce


def test_an_unstated_label_has_no_part_in_the_loss():
    """NaN means that nobody said; the film's logit gets no gradient."""
    logits = torch.tensor([[2.0], [-1.0]], requires_grad=True)

    loss = masked_bce(logits, torch.tensor([[1.0], [float("nan")]]))
    loss.backward()

    assert loss.item() == pytest.approx(0.126928, abs=1e-6)  # log(1 + exp(-2))
    assert logits.grad[1].item() == 0


def test_smoothing_teaches_less_than_certainty():
    """With smoothing s the loss is least at probability 1 - s/2."""
    best = torch.logit(torch.tensor([[0.95]]))

    near = masked_bce(best, torch.ones(1, 1), smoothing=0.1)

    assert near < masked_bce(best + 1, torch.ones(1, 1), smoothing=0.1)
    assert near < masked_bce(best - 1, torch.ones(1, 1), smoothing=0.1)


def test_a_perfect_mask_costs_almost_nothing():
    """And its opposite costs more than one."""
    mask = torch.zeros(1, 1, 8, 8)
    mask[:, :, 2:6, 2:6] = 1

    assert bce_and_dice(mask * 40 - 20, mask) < 1e-3
    assert bce_and_dice(20 - mask * 40, mask) > 1


def test_a_map_that_is_hot_in_the_mask_alone_costs_almost_nothing():
    """And one that is hot everywhere but there costs the most."""
    masks, visible = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    masks[:, :, :4, :4] = 1
    activation = F.adaptive_avg_pool2d(masks, 4) * 40 - 20

    assert mask_bce(activation, masks, visible) < 1e-6
    assert mask_bce(-activation, masks, visible) == pytest.approx(20)


def test_a_small_finding_counts_as_much_as_all_around_it():
    """One cell of sixteen, missed by a map of log odds 0 everywhere: each half costs log 2."""
    masks, visible = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    masks[:, :, :2, :2] = 1
    activation = torch.zeros(1, 1, 4, 4, requires_grad=True)

    loss = mask_bce(activation, masks, visible)
    loss.backward()

    assert loss.item() == pytest.approx(math.log(2))
    assert activation.grad[0, 0, 0, 0].item() == pytest.approx(-0.25)  # half of sigmoid(0)
    assert activation.grad.sum().item() == pytest.approx(0, abs=1e-6)


def test_a_healthy_films_map_must_be_cold_where_something_shows():
    """What is blanked has no part, hot or not."""
    masks, visible = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    visible[:, :, :, 4:] = 0
    activation = torch.full((1, 1, 4, 4), -20.0)
    activation[..., 2:] = 20

    assert mask_bce(activation, masks, visible) < 1e-6
    assert mask_bce(-activation, masks, visible) == pytest.approx(20)


def test_a_finding_out_of_sight_teaches_as_a_healthy_film_does():
    """Moved away or blanked, there is nothing left to point at."""
    masks, visible = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    masks[:, :, :, 4:] = 1
    visible[:, :, :, 4:] = 0

    assert mask_bce(torch.full((1, 1, 4, 4), -20.0), masks, visible) < 1e-6
