"""Makers of films for the tests of exploring: small pictures of known grey levels, rows without a picture."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from hilum.findings import Sex
from hilum.records import Film

BLANK = Film(
    film="film", image_path=Path("/nowhere/film.png"), dataset="folder", site="A", patient="film", label=0,
    width=64, height=64, bit_depth=8, sha256="", perceptual_hash="0" * 16,
)  # fmt: skip


def film_row(name: str, **changes) -> Film:
    """A row without a picture; its patient is its own unless told."""
    patient = changes.pop("patient", name)
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    facts = {"film": name, "image_path": Path(f"/nowhere/{name}.png"), "patient": patient, "sha256": sha256}
    return replace(BLANK, **facts | changes)


def film_on_disk(folder: Path, name: str, pixels: np.ndarray, **changes) -> Film:
    """A row with its picture, `pixels` (H, W) as 8-bit grey."""
    path = write_grey(folder / f"{name}.png", pixels)
    height, width = pixels.shape
    return film_row(name, **{"image_path": path, "width": width, "height": height} | changes)


def write_grey(path: Path, pixels: np.ndarray) -> Path:
    """An 8-bit grey PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return path


def chest(chance: np.random.Generator, *, height: int = 72, width: int = 64, darker: int = 0) -> np.ndarray:
    """Two dark fields in grey, with noise: enough of a chest to be read and left as it is."""
    pixels = chance.normal(160 - darker, 8, (height, width))
    pixels[height // 5 : -height // 5, width // 8 : 3 * width // 8] -= 90
    pixels[height // 5 : -height // 5, -3 * width // 8 : -width // 8] -= 90
    return np.clip(pixels, 0, 255).astype(np.uint8)


def chest_films(folder: Path, *, n: int, seed: int = 0, sites: tuple[str, ...] = ("A",)) -> list[Film]:
    """`n` films, label 0 and 1 in turn, with ages and sexes, of the sites in turn; all look alike."""
    chance = np.random.default_rng(seed)
    films = []
    for i in range(n):
        site = sites[i // 2 % len(sites)]
        age, sex = float(chance.integers(20, 70)), chance.choice(list(Sex))
        facts = {"label": i % 2, "site": site, "age_years": age, "sex": Sex(sex)}
        films.append(film_on_disk(folder, f"film_{i:03}", chest(chance), **facts))
    return films
