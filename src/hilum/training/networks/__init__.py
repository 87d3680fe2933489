"""Networks by name.

A classifier takes (N, 1, H, W) float32 and returns logits (N, K). One that ends in pooling and a linear layer
also has `features(film) -> (N, C, h, w)`, `classify(features) -> (N, K)`, and `head: nn.Linear`, from which
its class activation map is made; one that does not (the notebook's networks flatten) can be trained and
evaluated, but not exported. The registry holds `build(n_outputs, image_side)`.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from hilum.registry import Registry

NETWORKS = Registry(
    "network",
    "hilum.networks",
    {
        "hilum-small": "hilum.training.networks.small:build",
        "hilum-base": "hilum.training.networks.resnet50v2:build",
        "pasa": "hilum.training.networks.pasa:build",
        "densenet121": "hilum.training.networks.densenet:build",
        "notebook-baseline": "hilum.training.networks.notebook:build_baseline",
        "notebook-model-1": "hilum.training.networks.notebook:build_model_1",
        "notebook-model-2": "hilum.training.networks.notebook:build_model_2",
        "notebook-model-3": "hilum.training.networks.notebook:build_model_3",
        "notebook-model-4": "hilum.training.networks.notebook:build_model_4",
        "notebook-model-5": "hilum.training.networks.notebook:build_model_5",
    },
)


def activation_map(network: nn.Module, features: Tensor) -> Tensor:
    """The class activation map (N, K, h, w) of features (N, C, h, w); its mean is the logit.

    Zhou et al. 2016: average pooling and a linear layer commute, so the layer may be applied at every place.
    """
    head: nn.Linear = network.head  # type: ignore[assignment]
    return F.conv2d(features, head.weight[:, :, None, None], head.bias)
