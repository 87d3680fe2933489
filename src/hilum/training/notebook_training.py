"""One network of the notebook's study: trained as the notebook did, its epoch chosen on validation films.

One constant learning rate means that a run of 200 epochs passes through every shorter one, so the sweep is
read off a single run. Trap: nothing here is ever given a test film.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hilum.training.augment import augmented
from hilum.training.settings import AugmentSettings

BATCH_SIZE = 32  # films
LEARNING_RATE = 1e-3  # Keras' default for RMSprop, as are the next two
SMOOTHING = 0.9  # rho
EPSILON = 1e-7
GEOMETRY = AugmentSettings(
    rotate_degrees=10, scale=0.1, stretch=0.0, shift=0.05, flip_probability=0.5,
    tone=0.0, blur=0.0, noise=0.0, erase_probability=0.0,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """Films of one part of a split, ready for a network."""

    arrays: Tensor  # (N, 1, H, W) float16
    labels: Tensor  # (N,) int64, 0 or 1


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One length of training."""

    epoch: int
    training_loss: float  # mean of that epoch's batches
    validation_accuracy: float


@dataclass(frozen=True, slots=True)
class Swept:
    """A sweep over lengths of training."""

    points: tuple[SweepPoint, ...]
    chosen: SweepPoint  # the best on validation films; the shorter of equals
    network: nn.Module  # as it was at the chosen epoch


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """How to train one network."""

    epochs: Sequence[int]  # lengths to judge, rising
    seed: int
    is_augmented: bool = False


def sweep_epochs(network: nn.Module, training: Part, *, validation: Part, plan: SweepPlan) -> Swept:
    """Train to the longest length, and keep the network of the length that validation films like best."""
    generator = torch.Generator(training.arrays.device).manual_seed(plan.seed)
    optimiser = torch.optim.RMSprop(network.parameters(), LEARNING_RATE, alpha=SMOOTHING, eps=EPSILON)
    points: list[SweepPoint] = []
    chosen: SweepPoint | None = None
    best: dict[str, Tensor] = {}
    for epoch in range(1, max(plan.epochs) + 1):
        loss = train_epoch(network, optimiser, training, generator, is_augmented=plan.is_augmented)
        if epoch not in plan.epochs:
            continue
        points.append(SweepPoint(epoch, loss, accuracy(network, validation)))
        if chosen is None or points[-1].validation_accuracy > chosen.validation_accuracy:
            chosen, best = points[-1], copy.deepcopy(network.state_dict())
    assert chosen is not None, "there is at least one length"
    network.load_state_dict(best)
    return Swept(tuple(points), chosen, network)


def train_epoch(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    training: Part,
    generator: torch.Generator,
    *,
    is_augmented: bool,
) -> float:
    """One pass in random order, the last batch however small, as Keras has it; returns the mean loss."""
    network.train()
    order = torch.randperm(len(training.labels), generator=generator, device=training.labels.device)
    losses = []
    for index in torch.split(order, BATCH_SIZE):
        films = training.arrays[index].float()
        if is_augmented:
            films, _ = augmented(films, GEOMETRY, generator)
        loss = F.cross_entropy(network(films), training.labels[index])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def accuracy(network: nn.Module, part: Part) -> float:
    """The share of films whose more probable output is their label."""
    is_right = (probabilities(network, part.arrays) >= 0.5) == part.labels.cpu().numpy()
    return float(is_right.mean())


def probabilities(network: nn.Module, arrays: Tensor) -> npt.NDArray[np.float64]:
    """Probability of tuberculosis (N,), the softmax's second output."""
    network.eval()
    with torch.no_grad():
        logits = torch.cat([network(batch.float()) for batch in torch.split(arrays, BATCH_SIZE)])
    return np.asarray(torch.softmax(logits.double().cpu(), dim=1)[:, 1].numpy())
