"""DenseNet-121, for comparison: seven million parameters, each layer fed by all before it in its block.

Huang et al. 2017, "Densely connected convolutional networks": growth 32, bottlenecks of 4 x 32, blocks of 6,
12, 24, and 16 layers, halved in between. A grey film is repeated into three channels, so that the trunk has
the tensors, by name and shape, of torchvision's `densenet121().features`; its state dict may be the weights.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GROWTH = 32  # channels that a layer adds
DEPTHS = (6, 12, 24, 16)  # layers of each block
STEM = 64  # channels
DROPOUT = 0.1  # of what each layer adds, as in mednet's configuration


def build(n_outputs: int, image_side: int) -> DenseNet121:
    """The network for K outputs at a random start; any image side of 64 or more will do."""
    return DenseNet121(n_outputs)


class DenseNet121(nn.Module):
    """(N, 1, H, W) -> logits (N, K)."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        self.trunk, n_channels = _trunk()
        self.head = nn.Linear(n_channels, n_outputs)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(self.head.bias)

    def features(self, film: Tensor) -> Tensor:
        """(N, 1, H, W) -> (N, 1024, H/32, W/32)."""
        return F.relu(self.trunk(film.expand(-1, 3, -1, -1)))

    def classify(self, features: Tensor) -> Tensor:
        """(N, 1024, h, w) -> (N, K)."""
        logits: Tensor = self.head(features.mean(dim=(2, 3)))
        return logits

    def forward(self, film: Tensor) -> Tensor:
        return self.classify(self.features(film))


class DenseLayer(nn.Module):
    """What is there already, and `GROWTH` channels made of it by a 1x1 and a 3x3 convolution."""

    def __init__(self, n_in: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(n_in)
        self.conv1 = nn.Conv2d(n_in, 4 * GROWTH, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * GROWTH)
        self.conv2 = nn.Conv2d(4 * GROWTH, GROWTH, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        narrow = self.conv1(F.relu(self.norm1(x)))
        added = F.dropout(self.conv2(F.relu(self.norm2(narrow))), DROPOUT, self.training)
        return torch.cat([x, added], dim=1)


def _trunk() -> tuple[nn.Sequential, int]:
    """All before the last ReLU, and its channels; the names are torchvision's."""
    parts: OrderedDict[str, nn.Module] = OrderedDict(
        conv0=nn.Conv2d(3, STEM, 7, stride=2, padding=3, bias=False),
        norm0=nn.BatchNorm2d(STEM),
        relu0=nn.ReLU(inplace=True),
        pool0=nn.MaxPool2d(3, stride=2, padding=1),
    )
    n_channels = STEM
    for number, depth in enumerate(DEPTHS, start=1):
        if number > 1:
            parts[f"transition{number - 1}"] = _transition(n_channels)
            n_channels //= 2
        layers = [(f"denselayer{at + 1}", DenseLayer(n_channels + at * GROWTH)) for at in range(depth)]
        parts[f"denseblock{number}"] = nn.Sequential(OrderedDict(layers))
        n_channels += depth * GROWTH
    parts["norm5"] = nn.BatchNorm2d(n_channels)
    return nn.Sequential(parts), n_channels


def _transition(n_in: int) -> nn.Sequential:
    """Half the channels at half the side."""
    return nn.Sequential(
        OrderedDict[str, nn.Module](
            norm=nn.BatchNorm2d(n_in),
            relu=nn.ReLU(inplace=True),
            conv=nn.Conv2d(n_in, n_in // 2, 1, bias=False),
            pool=nn.AvgPool2d(2),
        )
    )
