"""Fixtures of the training tests: films that a tiny network learns in seconds, in memory and on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hilum.data.manifest import write_manifest
from hilum.imaging.recipe import Recipe
from hilum.records import Film
from hilum.training.loader import FilmArrays, build_arrays
from hilum.training.settings import AugmentSettings, TrainSettings

SIDE = 64
STILL = AugmentSettings(
    rotate_degrees=0,
    scale=0,
    stretch=0,
    shift=0,
    flip_probability=0,
    tone=0,
    blur=0,
    noise=0,
    erase_probability=0,
)


def film_row(number: int, *, label: int | None, path: Path = Path("film.png"), site: str = "here") -> Film:
    """A film's row; every film is another patient's."""
    return Film(
        film=f"film-{number:03d}", image_path=path, dataset="folder", site=site,
        patient=f"patient-{number:03d}", label=label, width=SIDE, height=SIDE, bit_depth=8,
        sha256=f"{number:064x}", perceptual_hash=f"{number:016x}",
    )  # fmt: skip


def draw_pixels(number: int, label: int) -> np.ndarray:
    """Noise, with a bright square in the upper left where the label is 1."""
    pixels = np.random.default_rng(number).integers(60, 120, (SIDE, SIDE)).astype(np.uint8)
    if label:
        pixels[8:40, 8:40] = 250
    return pixels


@pytest.fixture
def settings(tmp_path: Path) -> TrainSettings:
    """Whole films of 64 pixels, no augmentation, a few epochs, one thread."""
    return TrainSettings(
        manifest=tmp_path / "films" / "manifest.parquet",
        recipe=Recipe(film_side=SIDE, region="film", crop_side=SIDE),
        augment=STILL, epochs=4, batch_size=8, learning_rate=3e-3, ema_decay=0.5, n_folds=2, n_threads=1,
    )  # fmt: skip


@pytest.fixture(scope="session")
def arrays() -> FilmArrays:
    """32 films, every second one with the square."""
    films = tuple(film_row(number, label=number % 2) for number in range(32))
    pixels = np.stack([draw_pixels(number, number % 2) for number in range(32)])[:, None] / 255
    return build_arrays(films, torch.from_numpy(pixels).half())


@pytest.fixture
def manifest(settings: TrainSettings) -> list[Film]:
    """24 films on disk at the settings' manifest."""
    folder = settings.manifest.parent
    folder.mkdir(parents=True)
    films = []
    for number in range(24):
        path = folder / f"film-{number:03d}.png"
        pixels = np.kron(
            draw_pixels(number, number % 2), np.ones((2, 2), np.uint8)
        )  # the gate wants 100 pixels
        Image.fromarray(pixels).save(path)
        films.append(film_row(number, label=number % 2, path=path))
    write_manifest(films, settings.manifest)
    return films
