"""Lung masks from label maps: pictures whose grey levels name organs become lung or no lung.

A manifest's mask is lung wherever it is not zero, which a label map (heart 3, lungs 1 and 2) is not.
Trap: grey levels are names here, so a map is read raw; resizing or stretching it would invent organs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from hilum.data.source import FoundFilm, LabelMap, Problem, ProblemKind
from hilum.errors import OutputRefused

MAP_MODES = ("L", "P", "1")  # one byte a pixel, taken as it is stored


class LabelMapUnreadable(ValueError):
    """A label map that cannot be read; the message says why."""


def draw_masks(films: Iterable[FoundFilm], folder: Path, problems: list[Problem]) -> list[FoundFilm]:
    """The films, those with a label map given a mask drawn from it into `folder`.

    Args:
        films: as their source found them.
        folder: takes a PNG a film, made where there is one to write.
        problems: takes a line for each map that cannot be read.
    """
    drawn: list[FoundFilm] = []
    for film in films:
        if film.label_map is not None:
            path = folder / f"{film.film}_mask.png"
            try:
                write_lung_mask(film.label_map, path)
                film = replace(film, lung_mask_paths=(path,))
            except LabelMapUnreadable as error:
                problems.append(Problem(ProblemKind.MISSING_MASK, film.film, f"label map not used: {error}"))
        drawn.append(film)
    return drawn


def write_lung_mask(label_map: LabelMap, path: Path) -> None:
    """Write the lungs of a label map as an 8-bit PNG, 255 in the lungs and 0 elsewhere, whole or not at all.

    Raises:
        LabelMapUnreadable: damaged, in colour, or without a pixel of lung.
        OutputRefused: the place cannot be written to.
    """
    is_lung = np.isin(_read_map(label_map.path), label_map.lung_values)
    if not is_lung.any():
        raise LabelMapUnreadable(f"{label_map.path.name} has no pixel of {label_map.lung_values}")
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.where(is_lung, 255, 0).astype(np.uint8)).save(partial, "PNG")
        partial.replace(path)
    except OSError as error:
        raise OutputRefused(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)


def _read_map(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as picture:
            if picture.mode not in MAP_MODES:
                raise LabelMapUnreadable(f"{path.name} has mode {picture.mode}, not one grey level a pixel")
            return np.asarray(picture)  # (H, W)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise LabelMapUnreadable(f"{path.name} cannot be read: {error}") from None
