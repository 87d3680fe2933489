"""From a torch network to an ONNX graph whose first axis, the films, may have any length."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from hilum.training.networks import activation_map

HALVED_FROM = 1024  # numbers of a tensor; smaller ones are norms and biases, which halving would not shrink
OPSET = 18  # onnxruntime 1.22 and newer read it; torch's exporter is native to it


OUTPUTS = ("logits", "map", "features")  # of `ForScreening`, in its order


class ForScreening(nn.Module):
    """A classifier of `features` and `head` as a bundle holds it: logits (N, K), class activation map
    (N, K, h, w), and pooled features (N, C), by which films can be likened to one another.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, film: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.network.features(film)  # type: ignore[operator]
        activation = activation_map(self.network, features)
        return activation.mean(dim=(2, 3)), activation, features.mean(dim=(2, 3))


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
    forget_sources(draft)
    draft.replace(path)


def forget_sources(path: Path) -> None:
    """Take out of a graph what torch notes at each node: stack traces, with paths of the machine."""
    model = onnx.load(path)
    graph = model.graph
    parts = (graph, *graph.node, *graph.initializer, *graph.value_info, *graph.input, *graph.output)
    for part in parts:
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(model, path)


def store_in_half(path: Path) -> None:
    """Rewrite a graph with its large tensors in half precision, widened again on loading: half the size.

    What is computed stays single precision; only the weights are rounded, by up to 1 part in 2,000.

    Raises:
        ValueError: a weight is too large for half precision (65,504).
    """
    model = onnx.load(path)
    kept, casts = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < HALVED_FROM:
            kept.append(tensor)
            continue
        if np.abs(values).max() > np.finfo(np.float16).max:
            raise ValueError(f"{path.name}: {tensor.name} is too large for half precision")
        half = f"{tensor.name}_half"
        kept.append(numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [tensor.name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    draft = path.with_name(path.name + ".part")
    onnx.save(model, draft)
    draft.replace(path)
