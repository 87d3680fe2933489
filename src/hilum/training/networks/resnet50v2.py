"""The first three stages of ResNet50-v2, for weights learnt on ImageNet, pooled over the lungs.

Pre-activation residual blocks as in He et al. 2016, "Identity mappings in deep residual networks"; layout and
names as in the ONNX model zoo's `resnet50-v2-7`. The fourth stage is left out: on 550 films its 15 million
parameters learn films by heart. Trap: the statistics of every batch norm stay ImageNet's, and so do all
weights before the third stage; only what follows learns.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from hilum.errors import SettingsInvalid

DEPTHS = (3, 4, 6)  # blocks a stage
WIDTHS = (256, 512, 1024)  # channels after each stage
N_FROZEN = 2  # stages whose weights stay as they were loaded
STRIDE = 16  # of the feature map
GREY_SCALE = 0.8  # of the standardised film, on ImageNet's own standard deviation of 1
DROPOUT = 0.3


def build(n_outputs: int, image_side: int) -> ResNet50V2:
    """The network for K outputs at a random start; any image side that `STRIDE` divides will do."""
    if image_side % STRIDE:
        raise SettingsInvalid(f"crop_side must be a multiple of {STRIDE} for this network, not {image_side}")
    return ResNet50V2(n_outputs)


class ResNet50V2(nn.Module):
    """(N, 1, H, W) -> logits (N, K)."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.norm = nn.BatchNorm2d(WIDTHS[-1])
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(WIDTHS[-1], n_outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def features(self, film: Tensor) -> Tensor:
        """(N, 1, H, W) -> (N, 1024, H/16, W/16), weighted so that their mean is the mean over the lungs.

        Out of training they are the mean of the film's and its mirror's, and so are scores and maps.
        """
        if self.training:
            return self._seen(film)
        return (self._seen(film) + self._seen(film.flip(3)).flip(3)) / 2

    def _seen(self, film: Tensor) -> Tensor:
        side = (film.shape[-2] // STRIDE, film.shape[-1] // STRIDE)
        visible = F.adaptive_avg_pool2d((film.abs() > 1e-6).float(), side)  # the recipe blanks all but lungs
        share = visible / visible.mean(dim=(2, 3), keepdim=True).clamp(min=1e-3)
        found: Tensor = F.relu(self.norm(self.trunk(film * GREY_SCALE)))
        return found * share

    def classify(self, features: Tensor) -> Tensor:
        """(N, 1024, h, w) -> (N, K)."""
        logits: Tensor = self.head(self.dropout(features.mean(dim=(2, 3))))
        return logits

    def forward(self, film: Tensor) -> Tensor:
        return self.classify(self.features(film))


class Trunk(nn.Module):
    """(N, 1, H, W), zero mean and spread of about one -> (N, 1024, H/16, W/16), before activation."""

    def __init__(self) -> None:
        super().__init__()
        self.bn0 = nn.BatchNorm2d(3)
        self.conv0 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = (64, *WIDTHS)
        self.stages = nn.ModuleList(
            _stage(n_in, n_out, depth=depth, stride=1 if n_in == inputs[0] else 2)
            for n_in, n_out, depth in zip(inputs, WIDTHS, DEPTHS, strict=False)
        )
        for part in (self.bn0, self.conv0, self.bn1, *self.stages[:N_FROZEN]):
            part.requires_grad_(False)

    def forward(self, film: Tensor) -> Tensor:
        x: Tensor = self.bn0(film.expand(-1, 3, -1, -1))
        x = F.max_pool2d(F.relu(self.bn1(self.conv0(x))), 3, stride=2, padding=1)
        for stage in self.stages:
            x = stage(x)
        return x

    def train(self, mode: bool = True) -> Trunk:
        """As any module's, but batch norm keeps the statistics that it was loaded with."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.training = False
        return self


class Bottleneck(nn.Module):
    """1x1, 3x3, and 1x1 convolution, each after its norm and ReLU, beside a shortcut."""

    def __init__(self, n_in: int, n_out: int, *, stride: int, is_first: bool) -> None:
        super().__init__()
        middle = n_out // 4
        self.bn1 = nn.BatchNorm2d(n_in)
        self.conv1 = nn.Conv2d(n_in, middle, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(middle)
        self.conv2 = nn.Conv2d(middle, middle, 3, stride=stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(middle)
        self.conv3 = nn.Conv2d(middle, n_out, 1, bias=False)
        self.downsample = nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False) if is_first else None

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.bn1(x))
        shortcut = x if self.downsample is None else self.downsample(active)
        middle = F.relu(self.bn2(self.conv1(active)))
        middle = F.relu(self.bn3(self.conv2(middle)))
        out: Tensor = self.conv3(middle) + shortcut
        return out


def _stage(n_in: int, n_out: int, *, depth: int, stride: int) -> nn.Sequential:
    first = Bottleneck(n_in, n_out, stride=stride, is_first=True)
    rest = (Bottleneck(n_out, n_out, stride=1, is_first=False) for _ in range(depth - 1))
    return nn.Sequential(first, *rest)
