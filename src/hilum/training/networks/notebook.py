"""The notebook's networks, layer for layer: the baseline and models 1 to 5 of the Keras study that Hilum grew
from.

Keras' 'same' padding of a 2x2 kernel at stride 1 adds a row below and a column at the right, which torch's
own padding does not; at stride 2 an even side needs none. Parameter counts for 256 x 256 x 3 and two outputs
are asserted in the tests: 524,498 / 141,618 / 32,780,046 / 141,618 / 12,594 / 141,618. Trap: they flatten, so
their size depends on the film's side, and they have no class activation map.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

N_CHANNELS = 3  # the notebook read grey films as RGB


@dataclass(frozen=True)
class NotebookLayers:
    """What tells one of the notebook's networks from another."""

    widths: Sequence[int] = (16, 32, 64)  # channels after each convolution
    stride: int = 1  # of every convolution
    dense: int | None = None  # units of a hidden dense layer
    dropout: float = 0.0  # before the last layer
    activation: Callable[[], nn.Module] = nn.ReLU  # after every convolution and the hidden dense layer


BASELINE = NotebookLayers(widths=(16,))
MODEL_1 = NotebookLayers()
MODEL_2 = NotebookLayers(dense=500)
MODEL_3 = NotebookLayers(dropout=0.3)
MODEL_4 = NotebookLayers(stride=2)
MODEL_5 = NotebookLayers(activation=nn.Sigmoid)


class NotebookNetwork(nn.Module):
    """(N, 1 or 3, H, W) -> logits (N, K); a grey film is repeated into three channels."""

    def __init__(self, layers: NotebookLayers, n_outputs: int, image_side: int) -> None:
        super().__init__()
        inputs = (N_CHANNELS, *layers.widths[:-1])
        self.blocks = nn.Sequential(
            *(_block(n_in, n_out, layers) for n_in, n_out in zip(inputs, layers.widths, strict=True))
        )
        n_features = layers.widths[-1] * _last_side(image_side, layers) ** 2
        hidden = [] if layers.dense is None else [nn.Linear(n_features, layers.dense), layers.activation()]
        self.dense = nn.Sequential(*hidden, nn.Dropout(layers.dropout))
        self.out = nn.Linear(layers.dense or n_features, n_outputs)

    def forward(self, film: Tensor) -> Tensor:
        film = film.expand(-1, N_CHANNELS, -1, -1)
        logits: Tensor = self.out(self.dense(self.blocks(film).flatten(1)))
        return logits


class SameConvolution(nn.Module):
    """Keras' Conv2D(n_out, kernel_size=2, padding='same')."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.convolution = nn.Conv2d(n_in, n_out, 2, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        below, right = (0 if self.stride == 2 and side % 2 == 0 else 1 for side in x.shape[-2:])
        padded: Tensor = self.convolution(F.pad(x, (0, right, 0, below)))
        return padded


def build_baseline(n_outputs: int, image_side: int) -> NotebookNetwork:
    """One convolution of 16."""
    return _build(BASELINE, n_outputs, image_side)


def build_model_1(n_outputs: int, image_side: int) -> NotebookNetwork:
    """Convolutions of 16, 32, and 64."""
    return _build(MODEL_1, n_outputs, image_side)


def build_model_2(n_outputs: int, image_side: int) -> NotebookNetwork:
    """Model 1 with a dense layer of 500."""
    return _build(MODEL_2, n_outputs, image_side)


def build_model_3(n_outputs: int, image_side: int) -> NotebookNetwork:
    """Model 1 with dropout of 0.3."""
    return _build(MODEL_3, n_outputs, image_side)


def build_model_4(n_outputs: int, image_side: int) -> NotebookNetwork:
    """Model 1 with convolutions of stride 2."""
    return _build(MODEL_4, n_outputs, image_side)


def build_model_5(n_outputs: int, image_side: int) -> NotebookNetwork:
    """Model 1 with sigmoid in place of ReLU."""
    return _build(MODEL_5, n_outputs, image_side)


def _build(layers: NotebookLayers, n_outputs: int, image_side: int) -> NotebookNetwork:
    network = NotebookNetwork(layers, n_outputs, image_side)
    for module in network.modules():  # Keras' default start: Glorot and Bengio 2010, zero biases
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            assert module.bias is not None
            nn.init.zeros_(module.bias)
    return network


def _last_side(image_side: int, layers: NotebookLayers) -> int:
    """The side that is flattened: 'same' rounds up at each stride, the pool of 2 rounds down."""
    side = image_side
    for _ in layers.widths:
        side = -(-side // layers.stride) // 2
    return side


def _block(n_in: int, n_out: int, layers: NotebookLayers) -> nn.Sequential:
    return nn.Sequential(SameConvolution(n_in, n_out, layers.stride), layers.activation(), nn.MaxPool2d(2))
