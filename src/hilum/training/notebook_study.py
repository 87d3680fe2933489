"""The notebook's study as it was, but honestly: by patient, over seeds, epoch and model chosen on validation
films.

256 x 256 whole films, 60/20/20, RMSprop, batches of 32, softmax over two outputs, epochs swept, augmentation
on and off for the baseline, models 1 to 5. One constant learning rate means that a run of 200 epochs passes
through every shorter one, so the sweep is read off a single run. Trap: a network's test films are scored
once, at the epoch that the validation films chose; nothing else of them is ever looked at.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from hilum.data.manifest import read_manifest
from hilum.data.splits import check_no_leak, check_trainable, patient_split
from hilum.evaluation.table import write_predictions
from hilum.imaging.recipe import Recipe
from hilum.records import Prediction
from hilum.training.augment import augmented
from hilum.training.device import best_device, make_repeatable
from hilum.training.loader import FilmArrays, load_films
from hilum.training.networks import NETWORKS
from hilum.training.run_folder import dataset_hash, provenance, read_json, write_json
from hilum.training.settings import AugmentSettings

log = logging.getLogger(__name__)

SHARES = {"training": 0.6, "validation": 0.2, "test": 0.2}
BATCH_SIZE = 32
LEARNING_RATE = 1e-3  # Keras' default for RMSprop, as are the next two
SMOOTHING = 0.9  # rho
EPSILON = 1e-7
GEOMETRY = AugmentSettings(
    rotate_degrees=10, scale=0.1, stretch=0.0, shift=0.05, flip_probability=0.5,
    tone=0.0, blur=0.0, noise=0.0, erase_probability=0.0,
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line of the notebook's table."""

    name: str
    network: str
    is_augmented: bool
    published_accuracy: float  # the notebook's own, on 160 films, split by film


ENTRIES = (
    Entry("baseline", "notebook-baseline", False, 0.7812),
    Entry("baseline, augmented", "notebook-baseline", True, 0.6875),
    Entry("model 1", "notebook-model-1", False, 0.8313),
    Entry("model 2", "notebook-model-2", False, 0.8188),
    Entry("model 3", "notebook-model-3", False, 0.8375),
    Entry("model 4", "notebook-model-4", False, 0.8250),
    Entry("model 5", "notebook-model-5", False, 0.55),
)


@dataclass(frozen=True)
class StudySettings:
    """What the study is told."""

    manifest: Path
    epochs: tuple[int, ...] = (5, 10, 20, 50, 100, 200)  # the sweep, rising
    n_seeds: int = 5
    side: int = 256  # pixels
    n_threads: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Films of one part of a split, ready for a network: (N, 1, H, W) and (N,) of 0 and 1."""

    arrays: Tensor
    labels: Tensor


def run_study(settings: StudySettings, folder: Path, cache: Path) -> list[dict[str, Any]]:
    """Train every entry with every seed.

    Results that are in `folder` already are kept. A row an entry and seed.
    """
    films = [film for film in read_manifest(settings.manifest) if film.label is not None]
    check_trainable(films)
    make_repeatable(settings.n_threads)
    recipe = Recipe(film_side=settings.side, region="film", crop_side=settings.side)
    arrays = load_films(films, recipe, "", cache)
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"data_hash": dataset_hash(arrays.films), "epochs": list(settings.epochs), "side": settings.side}
    write_json(folder / "study.json", {**facts, "n_films": len(arrays), **provenance()})
    tasks = [(entry, seed) for seed in range(settings.n_seeds) for entry in ENTRIES]
    rows = []
    for entry, seed in tqdm(tasks, desc="notebook", unit="network"):
        path = folder / f"{entry.name.replace(', ', '-').replace(' ', '-')}-seed-{seed}.json"
        if not path.exists() or read_json(path).get("study") != facts:
            write_json(path, {"study": facts, **run_entry(entry, seed, arrays, settings, path)})
        rows.append(read_json(path))
    return rows


def run_entry(
    entry: Entry, seed: int, films: FilmArrays, settings: StudySettings, path: Path
) -> dict[str, Any]:
    """One network, one split: its sweep on validation films, and its test films at the chosen epoch."""
    names = np.array(patient_split(films.films, parts=SHARES, seed=seed))
    places = {name: np.flatnonzero(names == name).tolist() for name in SHARES}
    check_no_leak({name: [films.films[place] for place in part] for name, part in places.items()})
    parts = {name: _part(films, part) for name, part in places.items()}
    sweep, weights, network = train_entry(entry, seed, parts, settings)
    chosen = max(sweep, key=lambda row: (row["validation_accuracy"], -row["epoch"]))
    network.load_state_dict(weights[int(chosen["epoch"])])
    score = probabilities(network, parts["test"].arrays)
    rows = [
        Prediction.of_film(films.films[place], score=float(value))
        for place, value in zip(places["test"], score, strict=True)
    ]
    write_predictions(rows, path.with_suffix(".parquet"))
    n_right = int(((score >= 0.5) == parts["test"].labels.cpu().numpy()).sum())
    return {
        **dataclasses.asdict(entry), "seed": seed, "sweep": sweep, "chosen_epoch": chosen["epoch"],
        "validation_accuracy": chosen["validation_accuracy"], "n_test": len(rows), "n_right": n_right,
        "predictions": path.with_suffix(".parquet").name,
    }  # fmt: skip


def train_entry(
    entry: Entry, seed: int, parts: dict[str, Part], settings: StudySettings
) -> tuple[list[dict[str, float]], dict[int, dict[str, Tensor]], nn.Module]:
    """The sweep's rows, the weights at each of its epochs, and the network."""
    device = parts["training"].arrays.device
    torch.manual_seed(seed)
    generator = torch.Generator(device).manual_seed(seed)
    network: nn.Module = NETWORKS.load(entry.network)(2, settings.side)
    network = network.to(device, memory_format=torch.channels_last)
    optimiser = torch.optim.RMSprop(network.parameters(), LEARNING_RATE, alpha=SMOOTHING, eps=EPSILON)
    sweep: list[dict[str, float]] = []
    weights: dict[int, dict[str, Tensor]] = {}
    for epoch in range(1, max(settings.epochs) + 1):
        loss = train_epoch(network, optimiser, parts["training"], generator, is_augmented=entry.is_augmented)
        if epoch in settings.epochs:
            score = probabilities(network, parts["validation"].arrays)
            right = (score >= 0.5) == parts["validation"].labels.cpu().numpy()
            sweep.append({"epoch": epoch, "training_loss": loss, "validation_accuracy": float(right.mean())})
            weights[epoch] = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    return sweep, weights, network


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
    for index in order.split(BATCH_SIZE):
        films = training.arrays[index].float()
        if is_augmented:
            films = augmented(films, GEOMETRY, generator)
        loss = F.cross_entropy(network(films), training.labels[index])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def probabilities(network: nn.Module, arrays: Tensor) -> npt.NDArray[np.float64]:
    """Probability of tuberculosis (N,), the softmax's second output."""
    network.eval()
    with torch.no_grad():
        logits = torch.cat([network(batch.float()) for batch in arrays.split(BATCH_SIZE)])
    return np.asarray(torch.softmax(logits.double(), dim=1)[:, 1].cpu().numpy())


def _part(films: FilmArrays, places: Sequence[int]) -> Part:
    device = best_device()
    arrays, labels = films.batch(torch.tensor(places))
    return Part(arrays.half().to(device), labels[:, 0].long().to(device))
