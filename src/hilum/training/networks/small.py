"""Hilum's small network: residual, 0.7 M parameters, stride 16, ending in average pooling and a linear layer.

Basic blocks as in He et al. 2016 (ResNet), with the shortcut of He et al. 2019 ("Bag of tricks", ResNet-D),
which averages before it strides. Small because 550 films teach no more, and a clinic's computer has no GPU.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (24, 32, 64, 128)  # channels after the stem and after each stage; measured in docs/lab-notebook.md
DROPOUT = 0.2


def build(n_outputs: int, image_side: int) -> SmallNetwork:
    """The network for K outputs; any image side of 64 or more will do."""
    return SmallNetwork(n_outputs)


class SmallNetwork(nn.Module):
    """(N, 1, H, W) -> logits (N, K)."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        stem, first, second, third = WIDTHS
        self.trunk = nn.Sequential(
            nn.Conv2d(1, stem, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(inplace=True),
            ResidualBlock(stem, first, stride=2),
            ResidualBlock(first, second, stride=2),
            ResidualBlock(second, second, stride=1),
            ResidualBlock(second, third, stride=2),
            ResidualBlock(third, third, stride=1),
        )
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(third, n_outputs)

    def features(self, film: Tensor) -> Tensor:
        """(N, 1, H, W) -> (N, 128, H/16, W/16)."""
        features: Tensor = self.trunk(film)
        return features

    def classify(self, features: Tensor) -> Tensor:
        """(N, 128, h, w) -> (N, K)."""
        logits: Tensor = self.head(self.dropout(features.mean(dim=(2, 3))))
        return logits

    def forward(self, film: Tensor) -> Tensor:
        return self.classify(self.features(film))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, n_in: int, n_out: int, *, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.shortcut = _shortcut(n_in, n_out, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.path(x) + self.shortcut(x), inplace=True)


def _shortcut(n_in: int, n_out: int, stride: int) -> nn.Module:
    if n_in == n_out and stride == 1:
        return nn.Identity()
    return nn.Sequential(
        nn.AvgPool2d(stride) if stride > 1 else nn.Identity(),
        nn.Conv2d(n_in, n_out, 1, bias=False),
        nn.BatchNorm2d(n_out),
    )
