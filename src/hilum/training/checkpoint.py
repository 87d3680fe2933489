"""The state of a training run on disk, so that a killed run goes on to the same result.

Trap: everything random is in here: the generator of order and augmentation, and torch's own, which dropout
uses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from hilum.errors import RunInvalid, SettingsInvalid
from hilum.training.device import moved_to
from hilum.training.networks import NETWORKS
from hilum.training.pretrained import fitting_trunk, load_trunk
from hilum.training.settings import TrainSettings

N_FINDINGS = 1  # K; tuberculosis


@dataclass
class TrainState:
    """All that changes during training; the one mutable record, owned by the loop."""

    network: nn.Module
    average: AveragedModel  # exponential moving average of the network; what is evaluated and exported
    optimiser: AdamW
    schedule: LRScheduler
    generator: torch.Generator
    epoch: int = 0  # epochs done
    history: list[dict[str, float]] = field(default_factory=list)  # a row an epoch
    best_epoch: int = 0
    best_weights: dict[str, Any] | None = None  # of the average, at the best inner epoch


def start_state(settings: TrainSettings, *, n_steps: int, seed: int, device: torch.device) -> TrainState:
    """A network at its start, random or pretrained, with all that trains it.

    Raises:
        SettingsInvalid: the network has no trunk for the settings' weights or trunk rate.
    """
    torch.manual_seed(seed)
    network = moved_to(device, build_network(settings))
    if settings.weights is not None:
        load_trunk(network, settings.weights)
    groups = parameter_groups(network, settings)
    optimiser = AdamW(groups, settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = _schedule(optimiser, settings, n_steps)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(settings.ema_decay), use_buffers=True)
    return TrainState(network, average, optimiser, schedule, torch.Generator(device).manual_seed(seed))


def _schedule(optimiser: AdamW, settings: TrainSettings, n_steps: int) -> LRScheduler:
    if settings.schedule == "constant":
        return LambdaLR(optimiser, lambda step: 1.0)
    peaks = [group["lr"] for group in optimiser.param_groups]
    return OneCycleLR(optimiser, peaks, total_steps=n_steps, pct_start=_warm_up(settings, n_steps))


def _warm_up(settings: TrainSettings, n_steps: int) -> float:
    """The settings' share; OneCycleLR divides by zero where it is one step exactly, so then a little more."""
    share = settings.warm_up_share
    return share + 1e-6 if abs(share * n_steps - 1) < 1e-6 else share


def build_network(settings: TrainSettings) -> nn.Module:
    """The settings' network, untrained."""
    network: nn.Module = NETWORKS.load(settings.network)(N_FINDINGS, settings.recipe.crop_side)
    if settings.teaches_places and not hasattr(network, "features"):
        raise SettingsInvalid(
            f"{settings.network} keeps no feature map to tell places on; set side_weight to 0, and leave "
            "masked_manifest out"
        )
    return network


def check_network(settings: TrainSettings) -> None:
    """Refuse settings that no network can be built by, without building one in memory.

    Raises:
        NameUnknown: no network has that name.
        SettingsInvalid: it does not fit the crop, the trunk rate, or the pretrained weights.
    """
    with torch.device("meta"):
        network = build_network(settings)
    parameter_groups(network, settings)
    if settings.weights is not None:
        fitting_trunk(network, settings.weights)


def parameter_groups(network: nn.Module, settings: TrainSettings) -> list[dict[str, Any]]:
    """All that learns, for the optimiser: the trunk apart where it has a learning rate of its own."""
    learning = {name: each for name, each in network.named_parameters() if each.requires_grad}
    if settings.trunk_rate == 1:
        return [{"params": list(learning.values())}]
    trunk = [each for name, each in learning.items() if name.startswith("trunk.")]
    rest = [each for name, each in learning.items() if not name.startswith("trunk.")]
    if not trunk:
        raise SettingsInvalid(f"{settings.network} has no trunk that learns; leave trunk_rate out")
    return [{"params": rest}, {"params": trunk, "lr": settings.learning_rate * settings.trunk_rate}]


def write_checkpoint(path: Path, state: TrainState) -> None:
    """Write whole or not at all: a kill while writing leaves the checkpoint of the epoch before."""
    table = {
        "network": state.network.state_dict(),
        "average": state.average.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "schedule": state.schedule.state_dict(),
        "generator": state.generator.get_state(),
        "torch_random": torch.get_rng_state(),
        "cuda_random": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "epoch": state.epoch,
        "history": state.history,
        "best_epoch": state.best_epoch,
        "best_weights": state.best_weights,
    }
    draft = path.with_name(path.name + ".part")
    torch.save(table, draft)
    draft.replace(path)


def take_up(path: Path, state: TrainState, device: torch.device) -> None:
    """Bring a fresh state to where the checkpoint left off."""
    table = _read(path, device)
    state.network.load_state_dict(table["network"])
    state.average.load_state_dict(table["average"])
    state.optimiser.load_state_dict(table["optimiser"])
    state.schedule.load_state_dict(table["schedule"])
    state.generator.set_state(table["generator"].cpu())
    torch.set_rng_state(table["torch_random"].cpu())
    if table["cuda_random"]:
        torch.cuda.set_rng_state_all([each.cpu() for each in table["cuda_random"]])
    state.epoch, state.history = table["epoch"], table["history"]
    state.best_epoch, state.best_weights = table["best_epoch"], table["best_weights"]


def write_weights(path: Path, network: nn.Module) -> None:
    """The finished weights, as a state dict on the CPU."""
    weights = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    draft = path.with_name(path.name + ".part")
    torch.save(weights, draft)
    draft.replace(path)


def read_network(path: Path, settings: TrainSettings) -> nn.Module:
    """The settings' network with finished weights, ready to predict."""
    network = build_network(settings)
    network.load_state_dict(_read(path, torch.device("cpu")))
    return network.eval()


def _read(path: Path, device: torch.device) -> dict[str, Any]:
    try:
        table: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise RunInvalid(f"{path.parent} has no {path.name}; its training has not finished") from None
    except Exception as error:  # torch's errors for a damaged file share no base
        raise RunInvalid(f"{path} cannot be read: {error}") from error
    return table
