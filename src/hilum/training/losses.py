"""What training minimises.

Labels are 1, 0, or NaN; NaN means that nobody said, and such a label has no part.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_LEAST = 0.02  # cells of a map; a finding of less is as good as out of sight


def masked_bce(logits: Tensor, labels: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """Binary cross-entropy over stated labels only.

    Args:
        logits: (N, K).
        labels: (N, K) of 1, 0, NaN.
        smoothing: 0.1 teaches 0.95 and 0.05 in place of 1 and 0 (Szegedy et al. 2016).
    """
    stated = ~labels.isnan()
    targets = labels[stated] * (1 - smoothing) + smoothing / 2
    return F.binary_cross_entropy_with_logits(logits[stated], targets)


def mask_bce(activation: Tensor, masks: Tensor, visible: Tensor) -> Tensor:
    """Cross-entropy of an activation map against masks of findings, place by place, where the film shows
    something.

    Inside and outside of a film's finding count alike, however small it is; a healthy film has an outside
    only. A map with a finding that the film does not show (blanked, erased, moved away) has none either.

    Args:
        activation: (N, 1, h, w), log odds.
        masks: (N, 1, H, W) of 0..1; all 0 for a healthy film.
        visible: (N, 1, H, W), 1 where the film shows something.
    """
    side = (activation.shape[2], activation.shape[3])
    shown = F.adaptive_avg_pool2d(visible, side)
    inside, outside = (
        (F.adaptive_avg_pool2d(part, side) * shown).flatten(1) for part in (masks, 1 - masks)
    )  # (N, h * w)
    logits = activation.flatten(1)
    missed = (inside * F.softplus(-logits)).sum(1) / inside.sum(1).clamp(min=_LEAST)
    alarmed = (outside * F.softplus(logits)).sum(1) / outside.sum(1).clamp(min=_LEAST)
    has_finding = inside.sum(1) > _LEAST
    return torch.where(has_finding, (missed + alarmed) / 2, alarmed).mean()


def bce_and_dice(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy plus one minus the mean soft Dice coefficient (Milletari et al.

    2016), both (N, 1, H, W).
    """
    probability = torch.sigmoid(logits)
    overlap = 2 * (probability * masks).sum(dim=(1, 2, 3)) + 1
    total = (probability + masks).sum(dim=(1, 2, 3)) + 1
    return F.binary_cross_entropy_with_logits(logits, masks) + 1 - (overlap / total).mean()
