"""Weights out of the ONNX model zoo's ResNet50-v2 graph, under the names of our own trunk.

The graph was made from Gluon, which numbers a stage's layers in the order in which they are built: a block
has its three norms and three convolutions, and the first of a stage its shortcut's convolution after them.
Trap: the first blocks of a deeper ResNet have the same shapes, so a layer too many is refused as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from hilum.errors import ExtraMissing, SettingsInvalid
from hilum.training.networks.resnet50v2 import DEPTHS, Trunk
from hilum.training.pretrained import shown_differences

NORM = {"weight": "gamma", "bias": "beta", "running_mean": "running_mean", "running_var": "running_var"}


def read_zoo_trunk(path: Path) -> dict[str, Tensor]:
    """The state dict of `resnet50v2.Trunk`, float32.

    Raises:
        ExtraMissing: onnx is not installed.
        SettingsInvalid: it is no ONNX file, or no ResNet50-v2 of the zoo; the message names what differs.
    """
    found = _initialisers(path)
    prefix = _prefix(found, path)
    with torch.device("meta"):
        wanted = Trunk().state_dict()
    names = {ours: prefix + theirs for ours, theirs in zoo_names()}
    in_stages = re.compile(rf"{prefix}stage[1-{len(DEPTHS)}]_.*")
    differences = [f"{theirs} is missing" for theirs in names.values() if theirs not in found]
    differences += [
        f"{theirs} is {tuple(found[theirs].shape)}, not {tuple(wanted[ours].shape)}"
        for ours, theirs in names.items()
        if theirs in found and found[theirs].shape != wanted[ours].shape
    ]
    differences += [
        f"{name} has no place" for name in sorted(found.keys() - names.values()) if in_stages.fullmatch(name)
    ]
    if differences:
        raise SettingsInvalid(
            f"weights: {path} is no ResNet50-v2 of the ONNX model zoo: {shown_differences(differences)}"
        )
    counts = {name: torch.tensor(0) for name in wanted if name.endswith("num_batches_tracked")}
    return {ours: found[theirs] for ours, theirs in names.items()} | counts


def zoo_names() -> Iterator[tuple[str, str]]:
    """Each tensor of the trunk, by our name and by the zoo's without its prefix."""
    yield from _norm("bn0", "batchnorm0")
    yield "conv0.weight", "conv0_weight"
    yield from _norm("bn1", "batchnorm1")
    for stage, depth in enumerate(DEPTHS):
        n_convolutions = 0
        for block in range(depth):
            ours, theirs = f"stages.{stage}.{block}", f"stage{stage + 1}"
            layers = ["conv1", "conv2", "conv3", *(["downsample"] if block == 0 else [])]
            for layer in layers:
                yield f"{ours}.{layer}.weight", f"{theirs}_conv{n_convolutions}_weight"
                n_convolutions += 1
            for norm in range(3):
                yield from _norm(f"{ours}.bn{norm + 1}", f"{theirs}_batchnorm{3 * block + norm}")


def _norm(ours: str, theirs: str) -> Iterator[tuple[str, str]]:
    for name, zoo_name in NORM.items():
        yield f"{ours}.{name}", f"{theirs}_{zoo_name}"


def _initialisers(path: Path) -> dict[str, Tensor]:
    """The graph's tensors by name; those of whole numbers, which are shapes and axes, are left out."""
    try:
        import onnx
    except ModuleNotFoundError:
        raise ExtraMissing("reading weights from an ONNX file", "train") from None
    try:
        graph = onnx.load(path, load_external_data=False).graph
        arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    except Exception as error:  # protobuf's and onnx's errors for a damaged file share no base
        reason = str(error).partition("\n")[0]
        raise SettingsInvalid(f"weights: {path} is no ONNX file that can be read: {reason}") from None
    return {
        name: torch.from_numpy(array.astype("float32"))
        for name, array in arrays.items()
        if array.dtype.kind == "f"
    }


def _prefix(found: dict[str, Tensor], path: Path) -> str:
    """Gluon counts the networks of a process, so the zoo's files begin their names `resnetv2N_`."""
    prefixes = {match[1] for name in found if (match := re.fullmatch(r"(resnetv2\d*_)conv0_weight", name))}
    if len(prefixes) != 1:
        raise SettingsInvalid(
            f"weights: {path} is no ResNet50-v2 of the ONNX model zoo: "
            "it has no single tensor called resnetv2N_conv0_weight"
        )
    return prefixes.pop()
