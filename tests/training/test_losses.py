"""Losses: unstated labels have no part; perfect masks cost nothing."""

from __future__ import annotations

import pytest
import torch

from hilum.training.losses import bce_and_dice, masked_bce


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
