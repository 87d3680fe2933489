"""Weights learnt elsewhere, that a network's trunk starts from.

Trap: a file is read as tensors and nothing else. Pickled modules run code when they are read, so none is.
"""

from __future__ import annotations

import difflib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from hilum.data.web_file import WebFile, fetch_web_file
from hilum.errors import FetchFailed, OutputRefused, SettingsInvalid
from hilum.imaging.hashing import file_sha256

if TYPE_CHECKING:  # a run's folder asks for a checksum before torch is loaded
    from torch import Tensor, nn

PRETRAINED = {
    # ResNet50-v2 on ImageNet, of the ONNX model zoo, Apache-2.0; size and SHA-256 are those of the zoo's
    # Git-LFS pointer at this commit
    "resnet50v2-imagenet": WebFile(
        "https://github.com/onnx/models/raw/b9a54e89508f101a1611cd64f4ef56b9cb62c7cf"
        "/vision/classification/resnet/model/resnet50-v2-7.onnx",
        n_bytes=102_442_450,
        sha256="1e80e8a7c8eec8e8b20c440d7dd7f2f8590779c7c2859dc4514870dc463845d3",
    )
}
N_SHOWN = 3  # differences that a message names


def pretrained_trunk(weights: str) -> dict[str, Tensor]:
    """A trunk's state dict, float32 on the CPU.

    Args:
        weights: a name of `PRETRAINED`, an .onnx file of the model zoo's ResNet50-v2, or a file of a state
            dict as `torch.save` writes it.

    Raises:
        SettingsInvalid: no such name or file, or the file holds other things than finite tensors by name.
        FetchFailed: see `weights_file`.
    """
    path = weights_file(weights)
    if path.suffix.lower() == ".onnx":
        from hilum.training.zoo_graph import read_zoo_trunk

        table = read_zoo_trunk(path)
    else:
        table = _read_state_dict(path)
    for name, value in table.items():
        if not value.isfinite().all():
            raise SettingsInvalid(f"weights: {name} in {path} holds values that are not finite")
    return table


def load_trunk(network: nn.Module, weights: str) -> None:
    """Put pretrained weights into the network's trunk; all else stays as it was.

    Raises:
        SettingsInvalid: see `fitting_trunk`.
    """
    given = fitting_trunk(network, weights)
    network.trunk.load_state_dict(given)  # type: ignore[union-attr]


def fitting_trunk(network: nn.Module, weights: str) -> dict[str, Tensor]:
    """Pretrained weights that have the names, shapes, and types of the network's trunk; it stays as it was.

    Raises:
        SettingsInvalid: the network has no trunk, or the weights are of another one.
    """
    trunk: nn.Module | None = getattr(network, "trunk", None)
    if trunk is None:
        raise SettingsInvalid("weights: this network has no trunk that could take pretrained weights")
    given, wanted = pretrained_trunk(weights), trunk.state_dict()
    differences = [f"{name} is missing" for name in wanted if name not in given]
    differences += [f"{name} is not of this trunk" for name in given if name not in wanted]
    differences += [
        f"{name} is {_kind(given[name])}, not {_kind(wanted[name])}"
        for name in wanted
        if name in given and _kind(given[name]) != _kind(wanted[name])
    ]
    if differences:
        raise SettingsInvalid(
            f"weights: {weights} does not fit the network's trunk: {shown_differences(differences)}"
        )
    return given


def shown_differences(differences: list[str]) -> str:
    """The first `N_SHOWN` of them, and how many more there are."""
    more = f", and {len(differences) - N_SHOWN} more" if len(differences) > N_SHOWN else ""
    return f"{'; '.join(differences[:N_SHOWN])}{more}"


def weights_sha256(weights: str | None) -> str | None:
    """SHA-256 of the file that `weights` stands for, 64 hex digits; None for a random start."""
    return None if weights is None else file_sha256(weights_file(weights))


def weights_file(weights: str) -> Path:
    """The file that the settings' `weights` stands for; a name's is downloaded once into the cache folder.

    Raises:
        SettingsInvalid: no such name or file.
        FetchFailed: it could not be downloaded, or came damaged.
        OutputRefused: the cache folder cannot be written to, or the disk is too small.
    """
    if weights in PRETRAINED:
        return _fetched(weights, PRETRAINED[weights])
    path = Path(weights).expanduser()
    if not path.is_file():
        nearest = difflib.get_close_matches(weights, PRETRAINED, n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        raise SettingsInvalid(
            f"weights: there is no file {weights}, and no pretrained weights have that name{hint} "
            f"(known: {', '.join(sorted(PRETRAINED))})"
        )
    return path


def cache_folder() -> Path:
    """Where downloads are kept: HILUM_CACHE, or a folder in the platform's own place for caches."""
    stated = os.environ.get("HILUM_CACHE")
    if stated:
        return Path(stated).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "hilum"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "hilum"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hilum"


def _fetched(name: str, file: WebFile) -> Path:
    path = cache_folder() / "weights" / f"{name}-{file.sha256[:12]}{Path(file.url).suffix}"
    with tqdm(total=file.n_bytes, desc=name, unit="B", unit_scale=True, leave=False, delay=0.5) as bar:
        try:
            fetch_web_file(file, path, progress=lambda done, total: bar.update(done - bar.n))
        except FetchFailed as error:
            raise FetchFailed(
                f"pretrained weights {name}: {error}; or get {file} elsewhere, and name the file in the "
                "settings' weights"
            ) from None
        except OutputRefused as error:
            raise OutputRefused(f"{error}; HILUM_CACHE names another cache folder") from None
    return path


def _read_state_dict(path: Path) -> dict[str, Tensor]:
    import torch

    try:
        table = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's errors for a damaged or pickled file share no base
        reason = str(error).partition("\n")[0]
        raise SettingsInvalid(f"weights: {path} is no state dict that can be read: {reason}") from None
    if not isinstance(table, dict) or not all(_is_plain(value) for value in table.values()):
        raise SettingsInvalid(f"weights: {path} holds other things than tensors by name; give a state dict")
    return {str(name): value.float() if value.is_floating_point() else value for name, value in table.items()}


def _is_plain(value: object) -> bool:
    import torch

    return isinstance(value, torch.Tensor) and value.layout == torch.strided and not value.is_quantized


def _kind(tensor: Tensor) -> str:
    """Shape and type, for messages and comparison."""
    return f"{tuple(tensor.shape)} of {str(tensor.dtype).removeprefix('torch.')}"
