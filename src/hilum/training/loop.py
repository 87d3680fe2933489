"""Training, to be read top to bottom: epochs of batches, an average of the weights, and the films left out to
judge it.

Trap: what is evaluated and exported is the moving average of the weights, not the weights; its batch-norm
statistics are averaged too.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from tqdm import tqdm

from hilum.errors import TrainingRefused
from hilum.evaluation.discrimination import auroc
from hilum.training.augment import augmented
from hilum.training.checkpoint import TrainState, start_state, take_up, write_checkpoint, write_weights
from hilum.training.device import best_device, make_repeatable
from hilum.training.loader import FilmArrays
from hilum.training.losses import mask_bce, masked_bce
from hilum.training.networks import activation_map
from hilum.training.places import side_logits
from hilum.training.pool import NO_OTHERS, Batch, Others, Pool
from hilum.training.settings import TrainSettings

log = logging.getLogger(__name__)

CHECKPOINT_NAME = "checkpoint.pt"
WEIGHTS_NAME = "weights.pt"


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished network and how it got there."""

    network: nn.Module
    history: list[
        dict[str, float]
    ]  # a row an epoch: epoch, training_loss, and inner_loss, inner_auc where split off
    best_epoch: int


def train_network(
    films: FilmArrays,
    training: Sequence[int],
    inner: Sequence[int],
    settings: TrainSettings,
    folder: Path,
    *,
    others: Others = NO_OTHERS,
) -> Trained:
    """Train on some films, watch others, and leave checkpoint and weights in `folder`.

    A folder with a checkpoint is taken up where it stopped, to the same result as if it had never stopped.

    Args:
        films: all of them.
        training: places of those to learn from.
        inner: places of those that decide when to stop; may be empty.
        settings: of the run; its seed also seeds the network's start.
        folder: of this network alone.
        others: films that have a share of every batch.
    """
    device = best_device()
    make_repeatable(settings.n_threads)
    learnt = torch.tensor(training, device=device)
    steps_an_epoch = len(training) // settings.n_own
    if steps_an_epoch == 0:
        raise TrainingRefused(f"{len(training)} films are fewer than one batch of {settings.n_own}")
    pool = Pool(films.to(device), learnt, others.to(device))
    state = start_state(settings, n_steps=settings.epochs * steps_an_epoch, seed=settings.seed, device=device)
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / CHECKPOINT_NAME).exists():
        take_up(folder / CHECKPOINT_NAME, state, device)
        log.info("%s goes on from epoch %s", folder, state.epoch)
    epochs = tqdm(total=settings.epochs, initial=state.epoch, desc=folder.name, unit="epoch", leave=False)
    while state.epoch < settings.epochs and not is_patience_spent(state, settings.patience):
        row = {
            "epoch": float(state.epoch + 1),
            "training_loss": train_epoch(state, pool, settings),
        }
        if len(inner):
            row |= inner_figures(state.average, pool.films, inner)
        keep_best(state, row)
        write_checkpoint(folder / CHECKPOINT_NAME, state)
        epochs.update()
        epochs.set_postfix({name: f"{value:.3f}" for name, value in row.items() if name != "epoch"})
    epochs.close()
    if state.best_weights is not None:
        state.average.load_state_dict(state.best_weights)
    network = state.average.module.cpu().eval()
    write_weights(folder / WEIGHTS_NAME, network)
    return Trained(network, state.history, state.best_epoch)


def train_epoch(state: TrainState, pool: Pool, settings: TrainSettings) -> float:
    """One pass over the films in random order.

    Returns the mean loss. The last, incomplete batch is left out.
    """
    state.network.train()
    draws = torch.randperm(len(pool.training), generator=state.generator, device=pool.training.device)
    losses = []
    for index in pool.training[draws].split(settings.n_own):
        if len(index) < settings.n_own:
            break
        losses.append(train_step(state, pool.batch(index, settings, state.generator), settings))
    return float(np.mean(losses))


def train_step(state: TrainState, batch: Batch, settings: TrainSettings) -> float:
    """One batch: augment, compare, step; in mixed precision on CUDA, or where the settings ask for it."""
    arrays, move = augmented(batch.arrays, settings.augment, state.generator)
    moved = batch.moved(arrays.contiguous(memory_format=torch.channels_last), move)
    kind = arrays.device.type
    with torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda" or settings.mixed_precision):
        loss = batch_loss(state.network, moved, settings)
    state.optimiser.zero_grad()
    loss.backward()
    state.optimiser.step()
    state.schedule.step()
    state.average.update_parameters(state.network)
    return float(loss.detach())


def batch_loss(network: nn.Module, batch: Batch, settings: TrainSettings) -> Tensor:
    """The loss of the film's label, of each lung's where a weight asks for it, and of masks where there are
    some.
    """
    if not settings.teaches_places:
        return masked_bce(network(batch.arrays).float(), batch.labels, smoothing=settings.label_smoothing)
    features = network.features(batch.arrays)  # type: ignore[operator]
    loss = masked_bce(
        network.classify(features).float(),  # type: ignore[operator]
        batch.labels,
        smoothing=settings.label_smoothing,
    )
    activation = activation_map(network, features).float()
    if settings.side_weight and not batch.sides.isnan().all():
        lungs = masked_bce(side_logits(activation), batch.sides, smoothing=2 * settings.label_smoothing)
        loss = loss + settings.side_weight * lungs
    if batch.masks is not None:
        last = slice(-len(batch.masks), None)
        visible = (batch.arrays[last].abs() > 1e-6).float()  # the recipe blanks with exact zeros
        loss = loss + settings.mask_weight * mask_bce(activation[last], batch.masks, visible)
    return loss


def keep_best(state: TrainState, row: dict[str, float]) -> None:
    """Close an epoch, and remember its weights where its inner loss is the lowest so far."""
    state.epoch += 1
    earlier = [before["inner_loss"] for before in state.history if "inner_loss" in before]
    state.history.append(row)
    if "inner_loss" not in row:
        state.best_epoch = state.epoch
    elif row["inner_loss"] < min(earlier, default=np.inf):
        state.best_epoch = state.epoch
        state.best_weights = {name: tensor.clone() for name, tensor in state.average.state_dict().items()}


def is_patience_spent(state: TrainState, patience: int | None) -> bool:
    """Whether as many epochs as `patience` have gone by without a lower inner loss."""
    return patience is not None and state.epoch - state.best_epoch >= patience


def inner_figures(network: nn.Module, films: FilmArrays, inner: Sequence[int]) -> dict[str, float]:
    """Loss and AUC on the inner films; no AUC where they are of one class."""
    logits = torch.from_numpy(predicted_logits(network, films, inner))
    labels = films.labels[torch.tensor(inner, device=films.labels.device)].cpu()
    figures = {"inner_loss": float(masked_bce(logits, labels))}
    stated = ~labels[:, 0].isnan()
    area = auroc(labels[stated, 0].numpy(), logits[stated, 0].numpy()).value
    return figures if area is None else {**figures, "inner_auc": area}


def predicted_logits(
    network: nn.Module, films: FilmArrays, index: Sequence[int], *, batch_size: int = 64
) -> npt.NDArray[np.float32]:
    """Logits (N, K) of the films at these places, on the device where the films are."""
    network.eval()
    places = torch.tensor(index, device=films.arrays.device)
    with torch.no_grad():
        logits = [network(films.batch(part)[0]).float().cpu() for part in places.split(batch_size)]
    return np.asarray(torch.cat(logits).numpy(), np.float32)
