"""Weights learnt elsewhere, that a network's trunk starts from.

Trap: a file is read as tensors and nothing else. Pickled modules run code when they are read, so none is.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from hilum.errors import SettingsInvalid
from hilum.imaging.hashing import file_sha256


def pretrained_trunk(weights: str) -> dict[str, Tensor]:
    """A trunk's state dict, float32.

    Args:
        weights: a file of a state dict, as `torch.save` writes it.

    Raises:
        SettingsInvalid: there is no such file, or it holds other things than tensors by name.
    """
    path = weights_file(weights)
    try:
        table = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's errors for a damaged or pickled file share no base
        reason = str(error).partition("\n")[0]
        raise SettingsInvalid(f"weights: {path} is no state dict that can be read: {reason}") from None
    if not isinstance(table, dict) or not all(isinstance(value, Tensor) for value in table.values()):
        raise SettingsInvalid(f"weights: {path} holds other things than tensors by name; give a state dict")
    return {str(name): value.float() if value.is_floating_point() else value for name, value in table.items()}


def weights_file(weights: str) -> Path:
    """The file that the settings' `weights` stands for."""
    path = Path(weights).expanduser()
    if not path.is_file():
        raise SettingsInvalid(f"weights: there is no file {weights}")
    return path


def weights_sha256(weights: str | None) -> str | None:
    """SHA-256 of what `weights` stands for, 64 hex digits; None for a random start."""
    return None if weights is None else file_sha256(weights_file(weights))


def load_trunk(network: nn.Module, weights: str) -> None:
    """Put pretrained weights into the network's trunk; all else stays as it was.

    Raises:
        SettingsInvalid: the network has no trunk, or the weights are of another one.
    """
    trunk = getattr(network, "trunk", None)
    if not isinstance(trunk, nn.Module):
        raise SettingsInvalid("weights: this network has no trunk that could take pretrained weights")
    given, wanted = pretrained_trunk(weights), trunk.state_dict()
    differences = [f"{name} is missing" for name in wanted if name not in given]
    differences += [f"{name} is not of this trunk" for name in given if name not in wanted]
    differences += [
        f"{name} is {tuple(given[name].shape)}, not {tuple(wanted[name].shape)}"
        for name in wanted
        if name in given and given[name].shape != wanted[name].shape
    ]
    if differences:
        more = f", and {len(differences) - 3} more" if len(differences) > 3 else ""
        raise SettingsInvalid(
            f"weights: {weights} does not fit the network's trunk: {'; '.join(differences[:3])}{more}"
        )
    trunk.load_state_dict(given)
