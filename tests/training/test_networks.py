"""Every network keeps the contract; the published ones have their published size."""

from __future__ import annotations

import pytest
import torch

from hilum.training.networks import NETWORKS
from hilum.training.onnx_graph import ForScreening

POOLED = ("hilum-small", "pasa", "densenet121")  # end in pooling and a linear layer


@pytest.mark.parametrize("name", NETWORKS.names())
def test_a_network_gives_a_logit_a_finding_and_film(name):
    """(N, 1, 128, 128) becomes (N, K), whatever N and K."""
    network = NETWORKS.load(name)(3, 128).eval()

    assert network(torch.zeros(2, 1, 128, 128)).shape == (2, 3)


@pytest.mark.parametrize("name", POOLED)
def test_the_mean_of_the_activation_map_is_the_logit(name):
    """Pooling and a linear layer commute, so the exported map averages to the score."""
    torch.manual_seed(0)
    network = NETWORKS.load(name)(1, 128).eval()
    film = torch.randn(2, 1, 128, 128)

    logits, activation, features = ForScreening(network)(film)

    torch.testing.assert_close(logits, network(film))
    torch.testing.assert_close(network.classify(network.features(film)), network(film))
    torch.testing.assert_close(activation.mean(dim=(2, 3)), logits)
    torch.testing.assert_close(network.head(features), logits)


def test_pasa_has_its_published_size():
    """Pasa et al. 2019 give about 202 thousand parameters."""
    network = NETWORKS.load("pasa")(1, 512)

    assert sum(parameter.numel() for parameter in network.parameters()) == 201_905


def test_densenet_has_its_published_size_and_names():
    """7,978,856 parameters for ImageNet's 1,000 classes, 1,025,000 of them in the last layer."""
    network = NETWORKS.load("densenet121")(1, 224)

    assert sum(parameter.numel() for parameter in network.trunk.parameters()) == 7_978_856 - 1_025_000
    names = network.trunk.state_dict()
    assert {"conv0.weight", "denseblock3.denselayer24.conv2.weight", "transition3.conv.weight",
            "norm5.running_var"} <= names.keys()  # fmt: skip


def test_the_small_network_is_small():
    """At most 1.5 million parameters, so that a clinic's computer runs it."""
    network = NETWORKS.load("hilum-small")(1, 192)

    assert sum(parameter.numel() for parameter in network.parameters()) <= 1_500_000
