"""The notebook's networks are Keras' own: sizes, padding, and first weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from hilum.training.networks import NETWORKS
from hilum.training.networks.notebook import SameConvolution

PUBLISHED_SIZES = {
    "notebook-baseline": 524_498,
    "notebook-model-1": 141_618,
    "notebook-model-2": 32_780_046,
    "notebook-model-3": 141_618,
    "notebook-model-4": 12_594,
    "notebook-model-5": 141_618,
}


def ones_convolution(stride: int) -> SameConvolution:
    """A 2x2 kernel of ones without bias: every output is the sum of the four pixels under it."""
    convolution = SameConvolution(1, 1, stride)
    nn.init.ones_(convolution.convolution.weight)
    nn.init.zeros_(convolution.convolution.bias)
    return convolution


@pytest.mark.parametrize(("name", "size"), PUBLISHED_SIZES.items())
def test_a_network_has_the_size_keras_printed(name, size):
    """At 256 x 256 x 3 and two outputs each network has the notebook's number of parameters."""
    with torch.device("meta"):  # sizes alone, no 32.8 million numbers
        network = NETWORKS.load(name)(2, 256)

    assert sum(parameter.numel() for parameter in network.parameters()) == size


def test_same_padding_adds_a_row_below_and_a_column_at_the_right():
    """At stride 1 Keras pads a 2x2 kernel behind the film, not before it."""
    film = torch.tensor([[[[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]]])

    # 1+2+4+5, 2+3+5+6, 3+0+6+0; 4+5+7+8, 5+6+8+9, 6+0+9+0; 7+8, 8+9, 9
    expected = [[12.0, 16, 9], [24, 28, 15], [15, 17, 9]]
    assert ones_convolution(1)(film)[0, 0].tolist() == expected


def test_same_padding_at_stride_2_pads_odd_sides_alone():
    """An odd side gets its last column from one pixel and nothing; an even side is cut without padding."""
    film = torch.tensor([[[[1.0, 2, 3], [4, 5, 6]]]])

    # width 3: 1+2+4+5 and 3+0+6+0; height 2: one row
    assert ones_convolution(2)(film)[0, 0].tolist() == [[12.0, 9.0]]


@pytest.mark.parametrize("name", ["notebook-baseline", "notebook-model-1", "notebook-model-4"])
@pytest.mark.parametrize("side", [64, 65, 101, 120, 127])
def test_any_side_flattens_to_what_the_last_layer_expects(name, side):
    """'Same' rounds up and pooling rounds down, so odd sides fit too."""
    network = NETWORKS.load(name)(2, side).eval()

    assert network(torch.zeros(1, 1, side, side)).shape == (1, 2)


def test_a_grey_film_and_its_rgb_copy_give_the_same():
    """The notebook read grey films as RGB; a single channel is repeated."""
    network = NETWORKS.load("notebook-model-4")(2, 64).eval()
    film = torch.rand(2, 1, 64, 64)

    torch.testing.assert_close(network(film), network(film.repeat(1, 3, 1, 1)))


def test_weights_start_as_keras_starts_them():
    """Glorot's uniform law, whose limit is sqrt(6 / (fan in + fan out)), and biases of zero."""
    torch.manual_seed(0)
    network = NETWORKS.load("notebook-model-1")(2, 64)
    last = network.out  # fan in 64 * 8 * 8 = 4096, fan out 2

    limit = np.sqrt(6 / 4098)
    assert 0.99 * limit < float(last.weight.detach().abs().max()) <= limit
    assert not last.bias.detach().any()
