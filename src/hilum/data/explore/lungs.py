"""How much of each film is lung, where the dataset has masks.

Trap: a share of the film depends on how much of the body and of black rim the film shows, so it compares
films of one make, and is no volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hilum.data.explore.counts import labels_of
from hilum.data.explore.scan import OnFilm, UnreadableFilm
from hilum.data.explore.spread import Spread, spread
from hilum.errors import UnreadableImage
from hilum.imaging.raster import read_raster
from hilum.records import Film, RefusalCode


@dataclass(frozen=True, slots=True)
class LungAreas:
    """Shares of the film that are lung, 0..1, by film."""

    n_films: int
    areas: dict[str, float]  # film -> share; films with readable masks only
    unreadable: tuple[UnreadableFilm, ...]


@dataclass(frozen=True, slots=True)
class LabelLungArea:
    """Lung areas of the films of one label."""

    label: int | None
    n_films: int
    area: Spread | None  # None where no film of the label has a mask


def measure_lungs(films: Sequence[Film], *, on_film: OnFilm | None = None) -> LungAreas:
    """Measure every film that has masks, one at a time."""
    areas: dict[str, float] = {}
    unreadable: list[UnreadableFilm] = []
    masked = [film for film in films if film.lung_mask_paths]
    for done, film in enumerate(masked, start=1):
        try:
            areas[film.film] = lung_share(film.lung_mask_paths)
        except UnreadableImage as error:
            unreadable.append(UnreadableFilm(film.film, error.code, error.reason))
        if on_film is not None:
            on_film(done, len(masked))
    return LungAreas(len(films), areas, tuple(unreadable))


def lung_share(paths: Sequence[Path]) -> float:
    """The share of the picture that any of the masks covers.

    Raises:
        UnreadableImage: as `read_lung_mask`.
    """
    return float(read_lung_mask(paths).mean())


def read_lung_mask(paths: Sequence[Path]) -> npt.NDArray[np.bool_]:
    """The lungs (H, W) of a film's masks, one or left and right: wherever any of them is not zero.

    Never by `read_radiograph`: it takes two bright lungs for a film with bone dark, and inverts them.

    Raises:
        UnreadableImage: a mask is missing, cannot be read, or differs in size from the other.
    """
    masks = []
    for path in paths:
        try:
            masks.append(read_raster(path).pixels > 0)
        except OSError as error:
            reason = f"The mask {path.name} cannot be opened: {error.strerror or error}."
            raise UnreadableImage(RefusalCode.NOT_FOUND, reason) from None
    if len({mask.shape for mask in masks}) > 1:
        sizes = " and ".join(f"{mask.shape[1]} x {mask.shape[0]}" for mask in masks)
        raise UnreadableImage(RefusalCode.DAMAGED, f"The lung masks differ in size: {sizes} pixels.")
    return np.asarray(np.logical_or.reduce(masks))


def lung_area_by_label(films: Sequence[Film], lungs: LungAreas) -> list[LabelLungArea]:
    """A row for each label that occurs."""
    rows = []
    for label in labels_of(films):
        names = [film.film for film in films if film.label == label]
        rows.append(LabelLungArea(label, len(names), spread(lungs.areas.get(name) for name in names)))
    return rows
