"""Makers of small fake sets: noise in the place of chests, in the file names and folders of the real ones."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hilum.records import ClinicalReading, Film

KAGGLE_SHENZHEN = "ChinaSet_AllFiles/ChinaSet_AllFiles"
KAGGLE_MONTGOMERY = "Montgomery/MontgomerySet"


@pytest.fixture
def make_film() -> Callable[..., Path]:
    """Writes a grey picture of 48 x 40 pixels, told apart by its seed, which is its name unless told."""

    def make(path: Path, *, seed: str | None = None, mode: str = "L") -> Path:
        chance = np.random.default_rng(zlib.crc32((seed or path.stem).encode()))
        coarse = chance.integers(20, 235, (6, 5)).astype(np.uint8)
        picture = Image.fromarray(coarse).resize((40, 48), Image.Resampling.BICUBIC)
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.convert(mode).save(path)
        return path

    return make


@pytest.fixture
def make_mask() -> Callable[[Path], Path]:
    """Writes a mask of 48 x 40 pixels with a square of lung."""

    def make(path: Path) -> Path:
        mask = np.zeros((48, 40), np.uint8)
        mask[10:40, 5:20] = 255
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(path)
        return path

    return make


@pytest.fixture
def make_set(tmp_path, make_film) -> Callable[..., Path]:
    """Writes films and readings in the Kaggle zip's layout: film name -> reading, None for none."""

    def make(readings: dict[str, str | None], folder: Path | None = None) -> Path:
        root = folder or tmp_path / "set"
        for film, text in readings.items():
            place = root / (KAGGLE_SHENZHEN if film.startswith("CHN") else KAGGLE_MONTGOMERY)
            make_film(place / "CXR_png" / f"{film}.png")
            if text is not None:
                (place / "ClinicalReadings").mkdir(exist_ok=True)
                (place / "ClinicalReadings" / f"{film}.txt").write_bytes(text.encode())
        return root

    return make


@pytest.fixture
def zip_folder() -> Callable[[Path, Path], Path]:
    """Packs a folder into a zip."""

    def pack(folder: Path, zip_path: Path) -> Path:
        with zipfile.ZipFile(zip_path, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder))
        return zip_path

    return pack


@pytest.fixture
def build_film() -> Callable[..., Film]:
    """A manifest row that is right in all things but those the test changes."""

    def build(**changes: object) -> Film:
        facts: dict[str, object] = {
            "film": "A",
            "image_path": Path("/films/A.png"),
            "dataset": "folder",
            "site": "here",
            "patient": "P",
            "label": 1,
            "width": 40,
            "height": 48,
            "bit_depth": 8,
            "sha256": "0" * 64,
            "perceptual_hash": "0" * 16,
        }
        return Film(**{**facts, **changes})  # type: ignore[arg-type]

    return build


@pytest.fixture
def reading() -> ClinicalReading:
    """A reading with its text alone."""
    return ClinicalReading("male 45yrs\r\nnormal\r\n")
