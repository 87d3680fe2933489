"""The lungs network.

A U-Net (Ronneberger et al. 2015) of 0.7 M parameters on a whole film of 128 pixels a side.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (12, 24, 48, 96, 96)  # channels at each depth; the side halves from one to the next


class LungsNetwork(nn.Module):
    """(N, 1, S, S) -> logits (N, 1, S, S); S is a multiple of 16."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (1, *WIDTHS[:-1])
        self.down = nn.ModuleList(_double(n_in, n_out) for n_in, n_out in zip(inputs, WIDTHS, strict=True))
        pairs = list(zip(WIDTHS[:-1], WIDTHS[1:], strict=True))[::-1]
        self.up = nn.ModuleList(_double(shallow + deep, shallow) for shallow, deep in pairs)
        self.out = nn.Conv2d(WIDTHS[0], 1, 1)

    def forward(self, film: Tensor) -> Tensor:
        depths: list[Tensor] = []
        x = film
        for depth, stage in enumerate(self.down):
            x = stage(F.max_pool2d(x, 2) if depth else x)
            depths.append(x)
        depths.pop()
        for stage in self.up:
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = stage(torch.cat([x, depths.pop()], dim=1))
        logits: Tensor = self.out(x)
        return logits


def _double(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
        nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
    )
