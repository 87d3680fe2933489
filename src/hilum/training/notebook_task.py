"""One network on one split of the notebook's study: a task with files of its own.

Trap: the test films are scored once, at the epoch that the validation films chose; nothing else of them is
ever looked at, and `sweep_epochs` is not even given them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hilum.data.splits import check_no_leak, patient_split
from hilum.errors import RunInvalid
from hilum.evaluation.table import write_predictions
from hilum.records import Film, Prediction
from hilum.training.device import best_device, moved_to
from hilum.training.loader import FilmArrays
from hilum.training.networks import NETWORKS
from hilum.training.notebook_training import Part, SweepPlan, probabilities, sweep_epochs
from hilum.training.run_folder import read_json, write_json

SHARES = {"training": 0.6, "validation": 0.2, "test": 0.2}


@dataclass(frozen=True)
class Entry:
    """One line of the notebook's table."""

    name: str
    network: str
    is_augmented: bool
    published_accuracy: float  # the notebook's own, on 160 films, split by film

    @property
    def stem(self) -> str:
        return self.name.replace(", ", "-").replace(" ", "-")


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
class Task:
    """One network on one split, and where its result goes."""

    entry: Entry
    seed: int
    epochs: tuple[int, ...]  # the sweep, rising
    side: int  # pixels
    folder: Path
    study: str  # fingerprint of the study it belongs to

    @property
    def path(self) -> Path:
        return self.folder / f"{self.entry.stem}-seed-{self.seed}.json"


def run_task(task: Task, films: FilmArrays) -> None:
    """Sweep on validation films, then score the test films once, at the chosen epoch."""
    places = split_places(films.films, task.seed)
    parts = {name: _part(films, part) for name, part in places.items()}
    plan = SweepPlan(task.epochs, task.seed, is_augmented=task.entry.is_augmented)
    network = build_network(task.entry, task.seed, task.side)
    swept = sweep_epochs(network, parts["training"], validation=parts["validation"], plan=plan)
    score = probabilities(swept.network, parts["test"].arrays)
    tested = [films.films[place] for place in places["test"]]
    rows = [Prediction.of_film(film, score=float(value)) for film, value in zip(tested, score, strict=True)]
    table = task.path.with_suffix(".parquet")
    write_predictions(rows, table)
    result = {
        **dataclasses.asdict(task.entry),
        "seed": task.seed,
        "study": task.study,
        "sweep": [dataclasses.asdict(point) for point in swept.points],
        "chosen_epoch": swept.chosen.epoch,
        "validation_accuracy": swept.chosen.validation_accuracy,
        "n_test": len(rows),
        "n_right": sum((row.score >= 0.5) == bool(row.label) for row in rows),
        "predictions": table.name,
    }
    write_json(task.path, result)


def split_places(films: Sequence[Film], seed: int) -> dict[str, list[int]]:
    """Places of each part's films; a patient stands in one part alone."""
    names = patient_split(films, parts=SHARES, seed=seed)
    places = {part: [place for place, name in enumerate(names) if name == part] for part in SHARES}
    check_no_leak({part: [films[place] for place in own] for part, own in places.items()})
    return places


def build_network(entry: Entry, seed: int, side: int) -> nn.Module:
    """An entry's network with two outputs, its weights drawn from the seed, on the fastest device."""
    torch.manual_seed(seed)  # of the first weights and of dropout, which take no generator
    network: nn.Module = NETWORKS.load(entry.network)(2, side)
    return moved_to(best_device(), network)


def is_finished(task: Task) -> bool:
    """Whether the task's result is there, and this study's own."""
    return task.path.exists() and bool(read_result(task))


def read_result(task: Task) -> dict[str, Any]:
    """A finished network's row.

    Raises:
        RunInvalid: it is damaged, or belongs to another study.
    """
    row = read_json(task.path)
    if row.get("study") != task.study:
        raise RunInvalid(f"{task.path} belongs to another study; remove it, or choose another folder")
    return row


def _part(films: FilmArrays, places: Sequence[int]) -> Part:
    device = best_device()
    index = torch.tensor(places)
    return Part(films.arrays[index].to(device), films.labels[index, 0].long().to(device))
