"""Pasa's network for tuberculosis screening, about 202 thousand parameters.

Pasa F, Golkov V, Pfeiffer F, Cremers D, Pfeiffer D. Efficient deep network architectures for fast chest X-ray
tuberculosis screening and visualization. Scientific Reports 2019;9:6268. Five blocks of two 3x3 convolutions,
each averaged with a 1x1 convolution beside it, then average pooling and a linear layer, so that a class
activation map is exact. The paper takes one channel at 512 x 512. Widths inside the blocks are those of
Idiap's published code.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (
    (4, 16),
    (24, 32),
    (40, 48),
    (56, 64),
    (72, 80),
)  # channels after the two convolutions of each block


def build(n_outputs: int, image_side: int) -> PasaNetwork:
    """The network for K outputs; any image side of 128 or more will do."""
    return PasaNetwork(n_outputs)


class PasaNetwork(nn.Module):
    """(N, 1, H, W) -> logits (N, K)."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        inputs = (1, *(after for _, after in WIDTHS))
        self.blocks = nn.ModuleList(
            PasaBlock(n_in, between, n_out, stride=2 if n_in == 1 else 1)
            for n_in, (between, n_out) in zip(inputs, WIDTHS, strict=False)
        )
        self.head = nn.Linear(WIDTHS[-1][1], n_outputs)

    def features(self, film: Tensor) -> Tensor:
        """(N, 1, H, W) -> (N, 80, h, w); each of the five blocks but the last is followed by pooling."""
        x = self.blocks[0](film)
        for block in self.blocks[1:]:
            x = block(F.max_pool2d(x, kernel_size=3, stride=2))
        features: Tensor = x
        return features

    def classify(self, features: Tensor) -> Tensor:
        """(N, 80, h, w) -> (N, K)."""
        logits: Tensor = self.head(features.mean(dim=(2, 3)))
        return logits

    def forward(self, film: Tensor) -> Tensor:
        return self.classify(self.features(film))


class PasaBlock(nn.Module):
    """Two 3x3 convolutions, averaged with a 1x1 convolution of the same input."""

    def __init__(self, n_in: int, n_between: int, n_out: int, *, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            *_convolution(n_in, n_between, size=3, stride=stride),
            *_convolution(n_between, n_out, size=3, stride=stride),
        )
        self.parallel = nn.Sequential(*_convolution(n_in, n_out, size=1, stride=stride**2))

    def forward(self, x: Tensor) -> Tensor:
        mean: Tensor = (self.path(x) + self.parallel(x)) / 2
        return mean


def _convolution(n_in: int, n_out: int, *, size: int, stride: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(n_in, n_out, size, stride=stride, padding=size // 2), nn.BatchNorm2d(n_out), nn.ReLU()
