"""A manifest becomes arrays in memory by the one recipe, kept on disk so that the next run starts at once.

Trap: the kept arrays are named by a hash of everything they depend on (films, recipe, lungs graph); nothing
else may enter `_seen_films`.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from hilum import imaging
from hilum.data.manifest import dataset_hash
from hilum.errors import BundleInvalid, TrainingRefused, UnreadableImage
from hilum.imaging.hashing import file_sha256
from hilum.imaging.read import read_radiograph
from hilum.imaging.recipe import (
    ModelInput,
    Recipe,
    film_canvas,
    model_input,
    without_lungs,
    without_surroundings,
)
from hilum.inference.bundle import read_bundle
from hilum.inference.lungs import LungFinder
from hilum.records import Film
from hilum.settings import settings_as_table
from hilum.training.finding_masks import cut_mask, masks_hash
from hilum.training.places import side_labels

log = logging.getLogger(__name__)

Control = Literal["none", "lungs-blanked", "outside-blanked"]
"""What is done to the film before the recipe, to learn what the lungs, or all but they, tell of the label."""

PAINTED = {"lungs-blanked": without_lungs, "outside-blanked": without_surroundings}


@dataclass(frozen=True, slots=True)
class FilmArrays:
    """Films ready for a network; the order of all is one."""

    films: tuple[Film, ...]
    arrays: Tensor  # (N, 1, H, W) float16: half of float32's memory, and finer than 8-bit films
    labels: Tensor  # (N, 1) float32 of 1, 0, NaN
    sides: Tensor  # (N, 2) float32: the same of each lung, as `places.side_labels`

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Arrays float32 and labels at these places."""
        return self.arrays[index].float(), self.labels[index]

    def to(self, device: torch.device) -> FilmArrays:
        """The same on a device."""
        return FilmArrays(self.films, self.arrays.to(device), self.labels.to(device), self.sides.to(device))

    def __len__(self) -> int:
        return len(self.films)


@dataclass(frozen=True, slots=True)
class MaskedFilms:
    """Films and where their findings are, all of one order."""

    films: FilmArrays
    masks: Tensor  # (N, 1, H, W) float16 of 0..1, as the films were cut

    def to(self, device: torch.device) -> MaskedFilms:
        """The same on a device."""
        return MaskedFilms(self.films.to(device), self.masks.to(device))

    def __len__(self) -> int:
        return len(self.films)


def load_films(
    films: Sequence[Film], recipe: Recipe, lungs: str, cache: Path, *, control: Control = "none"
) -> FilmArrays:
    """Read films by the recipe; those that cannot be read, or have no lungs, are left out and named in the
    log.

    Args:
        films: from a manifest.
        recipe: the steps.
        lungs: as in `TrainSettings`; not opened where the region is the film, and nothing is painted over.
        cache: the folder where arrays are kept.
        control: what is painted over.
    """
    finder_path = None if recipe.region == "film" and control == "none" else lungs_graph(lungs)
    path = cache / f"films-{_cache_key(films, recipe, finder_path, control)}.npz"
    if not path.exists():
        _write_cache(path, _read_all(films, recipe, finder_path, control))
    with np.load(path) as kept:
        return build_arrays(_named(films, kept["names"].tolist()), torch.from_numpy(kept["arrays"]))


def load_masked(films: Sequence[Film], recipe: Recipe, lungs: str, cache: Path) -> MaskedFilms:
    """`load_films`, with the masks of the findings cut as the films are.

    Args:
        films: as `finding_masks.check_masks` lets them pass.
        recipe: the steps.
        lungs: as in `TrainSettings`.
        cache: the folder where arrays and masks are kept.
    """
    finder_path = None if recipe.region == "film" else lungs_graph(lungs)
    key = f"{_cache_key(films, recipe, finder_path, 'none')}-{masks_hash(films)[:16]}"
    path = cache / f"masked-{key}.npz"
    if not path.exists():
        _write_cache(path, _read_masked(films, recipe, finder_path))
    with np.load(path) as kept:
        arrays = build_arrays(_named(films, kept["names"].tolist()), torch.from_numpy(kept["arrays"]))
        return MaskedFilms(arrays, torch.from_numpy(kept["masks"]))


def lungs_graph(lungs: str) -> Path:
    """The lungs network's file: itself where an .onnx file is given, else the bundle's.

    Raises:
        BundleInvalid: the bundle has no lungs network.
    """
    if lungs.endswith(".onnx") and Path(lungs).is_file():
        return Path(lungs)
    bundle = read_bundle(lungs)
    if bundle.lungs_path is None:
        raise BundleInvalid(f"{bundle.label} has no lungs network")
    return bundle.lungs_path


def build_arrays(films: Sequence[Film], arrays: Tensor) -> FilmArrays:
    """Arrays (N, 1, H, W) of films with their labels, of the film and of its lungs."""
    labels = [[np.nan if film.label is None else film.label] for film in films]
    return FilmArrays(
        tuple(films),
        arrays,
        torch.tensor(labels, dtype=torch.float32),
        torch.tensor([side_labels(film) for film in films], dtype=torch.float32),
    )


def _named(films: Sequence[Film], names: Sequence[str]) -> tuple[Film, ...]:
    by_name = {film.film: film for film in films}
    return tuple(by_name[name] for name in names)


def _read_all(
    films: Sequence[Film], recipe: Recipe, lungs_path: Path | None, control: Control
) -> dict[str, npt.NDArray[Any]]:
    names, arrays = [], []
    for film, seen in _seen_films(films, recipe, lungs_path, control):
        names.append(film.film)
        arrays.append(seen.array.astype(np.float16))
    return {"names": np.array(names), "arrays": np.stack(arrays)}


def _read_masked(
    films: Sequence[Film], recipe: Recipe, lungs_path: Path | None
) -> dict[str, npt.NDArray[Any]]:
    names, arrays, masks = [], [], []
    for film, seen in _seen_films(films, recipe, lungs_path, "none"):
        names.append(film.film)
        arrays.append(seen.array.astype(np.float16))
        masks.append(cut_mask(film, seen.box, recipe.crop_side).astype(np.float16))
    return {"names": np.array(names), "arrays": np.stack(arrays), "masks": np.stack(masks)}


def _seen_films(
    films: Sequence[Film], recipe: Recipe, lungs_path: Path | None, control: Control
) -> Iterator[tuple[Film, ModelInput]]:
    """Each film as the recipe makes it; at least one, or the training is refused."""
    finder = None if lungs_path is None else LungFinder(lungs_path, recipe)
    n_seen = 0
    for film in tqdm(films, desc="reading films", unit="film", leave=False):
        try:
            canvas = film_canvas(read_radiograph(film.image_path).pixels, recipe)
        except UnreadableImage as error:
            log.warning("%s is left out: %s", film.film, error)
            continue
        lungs = None if finder is None else finder.find(canvas)
        if lungs is not None and lungs.n_parts == 0:
            log.warning("%s is left out: no lungs were found", film.film)
            continue
        if lungs is not None and control != "none":
            canvas = PAINTED[control](canvas, lungs)
        n_seen += 1
        yield film, model_input(canvas, lungs, recipe)
    if not n_seen:
        raise TrainingRefused("none of the films could be read")


def _cache_key(films: Sequence[Film], recipe: Recipe, lungs_path: Path | None, control: Control) -> str:
    facts = {
        "films": dataset_hash(films),
        "recipe": settings_as_table(recipe),
        "lungs": None if lungs_path is None else file_sha256(lungs_path),
        "control": control,
        "code": recipe_code_hash(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def recipe_code_hash() -> str:
    """Of the imaging room's source: a changed recipe must not meet arrays of the old one."""
    room = Path(str(imaging.__file__)).parent
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(room.glob("*.py")))).hexdigest()


def _write_cache(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part.npz")
    np.savez(draft, allow_pickle=False, **arrays)
    draft.replace(path)
