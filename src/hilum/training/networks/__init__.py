"""Networks by name.

A classifier takes (N, 1, H, W) float32 and returns logits (N, K). One that ends in pooling and a linear layer
also has `features(x) -> (N, C, h, w)` and `head: nn.Linear`, from which export writes its class activation
map; one that does not (the notebook's networks flatten) can be trained and evaluated, but not exported to a
bundle with heat maps. `build(n_outputs)` is what the registry holds: a function of K and of the input side.
"""

from __future__ import annotations

from hilum.registry import Registry

NETWORKS = Registry(
    "network",
    "hilum.networks",
    {
        "hilum-small": "hilum.training.networks.small:build",
        "pasa": "hilum.training.networks.pasa:build",
        "notebook-baseline": "hilum.training.networks.notebook:build_baseline",
        "notebook-model-1": "hilum.training.networks.notebook:build_model_1",
        "notebook-model-2": "hilum.training.networks.notebook:build_model_2",
        "notebook-model-3": "hilum.training.networks.notebook:build_model_3",
        "notebook-model-4": "hilum.training.networks.notebook:build_model_4",
        "notebook-model-5": "hilum.training.networks.notebook:build_model_5",
    },
)
