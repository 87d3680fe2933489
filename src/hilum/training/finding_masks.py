"""Films with masks of their findings, such as phantoms: masks cut as the recipe cuts the films.

Trap: a healthy film has no mask, which teaches that nothing is anywhere; a sick film without one would teach
the same, so it is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from hilum.data.manifest import dataset_hash
from hilum.errors import TrainingRefused
from hilum.imaging.hashing import file_sha256
from hilum.imaging.recipe import Box
from hilum.records import Film, Pixels


def check_masks(films: Sequence[Film], manifest: Path) -> None:
    """Refuse films whose masks cannot teach where.

    Raises:
        TrainingRefused: a film with the finding has no mask, a normal one has, or all are of one label.
    """
    for film in films:
        if (film.label == 1) != (film.finding_mask_path is not None):
            what = "a finding and no mask of it" if film.label == 1 else "a mask and no finding"
            raise TrainingRefused(f"{manifest}: {film.film} has {what}; it must have both or neither")
    if len({film.label for film in films}) < 2:
        raise TrainingRefused(
            f"{manifest} needs normal films and films with a finding, or the network learns what such films "
            "look like and not where the finding is"
        )


def masks_hash(films: Sequence[Film]) -> str:
    """SHA-256 over the films, as `dataset_hash`, and over the bytes of their masks."""
    masks = sorted(
        f"{film.film} {file_sha256(film.finding_mask_path)}" for film in films if film.finding_mask_path
    )
    return hashlib.sha256("\n".join([dataset_hash(films), *masks]).encode()).hexdigest()


def cut_mask(film: Film, box: Box, side: int) -> Pixels:
    """A film's finding (1, side, side): the share, 0..1, of each pixel of its crop that lies inside.

    Args:
        film: all 0 where it has no mask.
        box: of the crop, left, top, right, bottom in the film's native pixels; may reach past the film.
        side: pixels.

    Raises:
        TrainingRefused: the mask cannot be read.
    """
    if film.finding_mask_path is None:
        return np.zeros((1, side, side), np.float32)
    mask = _read_mask(film.finding_mask_path)
    height, width = mask.shape
    left, top, right, bottom = np.array(box) * np.array([width / film.width, height / film.height] * 2)
    pad = int(np.ceil(max(0.0, -left, -top, right - width, bottom - height))) + 1
    picture = Image.fromarray(np.pad(mask, pad))
    bounds = (left + pad, top + pad, right + pad, bottom + pad)
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX, box=bounds), np.float32)[None]


def _read_mask(path: Path) -> Pixels:
    try:
        with Image.open(path) as picture:
            return np.asarray(np.asarray(picture.convert("L")) > 0, np.float32)
    except OSError as error:
        raise TrainingRefused(f"{path}: the mask cannot be read: {error}") from None
