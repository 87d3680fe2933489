"""What training minimises.

Labels are 1, 0, or NaN; NaN means that nobody said, and such a label has no part.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


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


def bce_and_dice(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy plus one minus the mean soft Dice coefficient (Milletari et al.

    2016), both (N, 1, H, W).
    """
    probability = torch.sigmoid(logits)
    overlap = 2 * (probability * masks).sum(dim=(1, 2, 3)) + 1
    total = (probability + masks).sum(dim=(1, 2, 3)) + 1
    return F.binary_cross_entropy_with_logits(logits, masks) + 1 - (overlap / total).mean()
