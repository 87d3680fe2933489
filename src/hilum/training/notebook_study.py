"""The notebook's study as it was, but honestly: by patient, over seeds, epoch and network chosen on
validation films.

256 x 256 whole films, 60/20/20, RMSprop, batches of 32, softmax over two outputs, epochs swept, augmentation
on and off for the baseline, models 1 to 5. Trap: every network and seed is a task with its own files, so that
a stopped study goes on; the folder is refused to a study of other films or settings, whose results would mix.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from hilum.data.manifest import dataset_hash, read_manifest
from hilum.data.splits import check_trainable
from hilum.errors import OutputRefused, RunInvalid
from hilum.imaging.recipe import Recipe
from hilum.records import Film
from hilum.settings import settings_as_table
from hilum.training.device import make_repeatable
from hilum.training.loader import FilmArrays, build_arrays, load_films
from hilum.training.notebook_task import ENTRIES, SHARES, Task, is_finished, read_result, run_task
from hilum.training.notebook_training import BATCH_SIZE, GEOMETRY, LEARNING_RATE
from hilum.training.run_folder import provenance, read_json, write_json

STUDY_NAME = "study.json"


@dataclass(frozen=True)
class StudySettings:
    """What the study is told."""

    manifest: Path
    epochs: tuple[int, ...] = (5, 10, 20, 50, 100, 200)  # the sweep, rising
    n_seeds: int = 5
    side: int = 256  # pixels, 64 or more
    n_threads: int | None = None  # of the CPU, for each process; None shares the cores out
    n_jobs: int = 1  # processes that train at the same time


def run_study(settings: StudySettings, folder: Path, cache: Path) -> list[dict[str, Any]]:
    """Train every entry with every seed; a row an entry and seed.

    Results that are in `folder` already are kept. How many seeds may change from one call to the next.

    Raises:
        RunInvalid: the folder belongs to a study of other films, lengths, or size.
        OutputRefused: the folder holds other things.
        TrainingRefused: the films would teach the wrong thing.
    """
    films = [film for film in read_manifest(settings.manifest) if film.label is not None]
    check_trainable(films)
    _prepare(folder)
    make_repeatable(settings.n_threads)
    recipe = Recipe(film_side=settings.side, region="film", crop_side=settings.side)
    arrays = load_films(films, recipe, "", cache)
    fingerprint = open_study(settings, folder, arrays.films)
    tasks = [
        Task(entry, seed, settings.epochs, settings.side, folder, fingerprint)
        for seed in range(settings.n_seeds)
        for entry in ENTRIES
    ]
    waiting = [task for task in tasks if not is_finished(task)]
    with tqdm(total=len(tasks), initial=len(tasks) - len(waiting), desc="notebook", unit="network") as bar:
        if settings.n_jobs == 1 or len(waiting) < 2:
            for task in waiting:
                bar.set_postfix_str(f"{task.entry.name}, seed {task.seed}")
                run_task(task, arrays)
                bar.update()
        else:
            _run_beside_each_other(waiting, arrays, settings, bar)
    return [read_result(task) for task in tasks]


def open_study(settings: StudySettings, folder: Path, films: Sequence[Film]) -> str:
    """Start a study in a folder or take up one of the same films and settings; returns its fingerprint.

    Raises:
        RunInvalid: the folder belongs to another study.
    """
    facts = _facts(settings, films)
    path = folder / STUDY_NAME
    if path.exists():
        _check_same(read_json(path), facts, folder)
    else:
        write_json(path, {**facts, "n_films": len(films), **provenance()})
    return hashlib.sha256(repr(sorted(facts.items())).encode()).hexdigest()[:16]


def _prepare(folder: Path) -> None:
    """Refuse a folder that cannot be used before any film is read."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strays = [inner.name for inner in folder.iterdir() if inner.name != "cache"]
    except OSError as error:
        raise OutputRefused(f"{folder}: cannot be used: {error.strerror or error}") from None
    if strays and STUDY_NAME not in strays:
        raise OutputRefused(f"{folder} holds other things than a study; choose an empty folder")
    if not os.access(folder, os.W_OK):
        raise OutputRefused(f"{folder}: cannot be written to")


def _check_same(found: dict[str, Any], asked: dict[str, Any], folder: Path) -> None:
    for key, value in asked.items():
        if found.get(key) != value:
            what = key.replace("_", " ")
            raise RunInvalid(
                f"{folder} holds a study with other {what}: {found.get(key)!r}, not {value!r}; "
                "choose another folder"
            )


def _facts(settings: StudySettings, films: Sequence[Film]) -> dict[str, Any]:
    """What a result depends on, but for the entry and seed."""
    groups = sorted(f"{film.film} {film.patient} {film.site}" for film in films)
    return {
        "data_hash": dataset_hash(films),
        "patients": hashlib.sha256("\n".join(groups).encode()).hexdigest(),
        "epochs": list(settings.epochs),
        "side": settings.side,
        "shares": SHARES,
        "batch_size": BATCH_SIZE,
        "learning_rate": LEARNING_RATE,
        "augmentation": settings_as_table(GEOMETRY),
    }


def _run_beside_each_other(
    tasks: Sequence[Task], films: FilmArrays, settings: StudySettings, bar: tqdm[Any]
) -> None:
    n_threads = settings.n_threads or max(1, (os.cpu_count() or 1) // settings.n_jobs)
    arrays = films.arrays.numpy()  # travels by pickle; a tensor would go by shared memory, which may be small
    pool = ProcessPoolExecutor(settings.n_jobs, mp_context=multiprocessing.get_context("spawn"))
    try:
        waiting = [pool.submit(_run_alone, task, films.films, arrays, n_threads) for task in tasks]
        for done in as_completed(waiting):
            done.result()
            bar.update()
    except BrokenProcessPool:
        raise RunInvalid(
            "a training process was killed, often for want of memory; "
            "finished networks are kept: give the command again with fewer jobs"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _run_alone(task: Task, films: Sequence[Film], arrays: npt.NDArray[np.float16], n_threads: int) -> None:
    """A task in a process of its own."""
    make_repeatable(n_threads)
    run_task(task, build_arrays(films, torch.from_numpy(arrays)))
