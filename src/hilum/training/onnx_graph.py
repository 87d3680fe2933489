"""From a torch network to an ONNX graph whose first axis, the films, may have any length."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from hilum.training.networks import activation_map

OPSET = 18  # onnxruntime 1.22 and newer read it; torch's exporter is native to it


class WithActivationMap(nn.Module):
    """A classifier of `features` and `head` that also returns its class activation map."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, film: Tensor) -> tuple[Tensor, Tensor]:
        features = self.network.features(film)  # type: ignore[operator]
        activation = activation_map(self.network, features)
        return activation.mean(dim=(2, 3)), activation


def write_graph(network: nn.Module, path: Path, *, example: Tensor, outputs: Sequence[str]) -> None:
    """Write a network of one input, `film`, as ONNX in a single file, whole or not at all."""
    draft = path.with_name(path.name + ".part")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch 2.13's exporter warns of its own deprecations
        torch.onnx.export(
            network.eval(), (example,), str(draft), input_names=["film"], output_names=list(outputs),
            opset_version=OPSET, dynamo=True, external_data=False, verbose=False,
            dynamic_shapes={"film": {0: torch.export.Dim("n_films", min=1)}},
        )  # fmt: skip
    draft.replace(path)
