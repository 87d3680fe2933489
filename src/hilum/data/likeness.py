"""How far two films agree in their fine detail, which tells a copy from another person of the same build.

The trap: a copy cropped by one per cent is moved by a third of a pixel of the thumbnail at its border, so the
best agreement over shifts of a pixel counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from hilum.errors import UnreadableImage
from hilum.imaging.read import read_radiograph
from hilum.imaging.resize import area_resize
from hilum.records import Film, Pixels

_SIDE = 32  # pixels of the thumbnail
_BLUR_SIDE = 5  # pixels of the thumbnail; what is coarser is the shape that all chests share
_SHIFT = 1  # pixels of the thumbnail that a crop may have moved the film


def likeness(first: Pixels, second: Pixels) -> float:
    """How far the fine detail of two films agrees, -1 to 1, whatever their size, brightness, or contrast."""
    details = np.stack([_detail(first), _detail(second)])
    return float(correlations(details[:1], details[1:])[0])


class Details:
    """Each film's fine detail, made when first asked for: a film is read once, and only if it is a candidate.

    Args:
        look: gives a film's pixels; reads the file unless told otherwise.
    """

    def __init__(self, films: Sequence[Film], look: Callable[[Film], Pixels] | None) -> None:
        self._films = films
        self._look = look or _read_pixels
        self._made: dict[int, Pixels] = {}

    def of(self, indices: npt.NDArray[np.intp]) -> Pixels:
        """The details of the films at `indices` (P,), as (P, S, S)."""
        for index in np.unique(indices).tolist():
            if index not in self._made:
                self._made[index] = _detail(self._look(self._films[index]))
        return np.stack([self._made[index] for index in indices.tolist()])


def _read_pixels(film: Film) -> Pixels:
    try:
        return read_radiograph(film.image_path).pixels
    except UnreadableImage as error:
        raise UnreadableImage(error.code, f"{film.image_path}: {error.reason}") from None


def _detail(pixels: Pixels) -> Pixels:
    """The film at thumbnail size without what a 5x5 mean holds, (S, S)."""
    small = area_resize(pixels, height=_SIDE, width=_SIDE)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(small, _BLUR_SIDE // 2, mode="edge"), (_BLUR_SIDE, _BLUR_SIDE)
    )
    detail: Pixels = small - windows.mean(axis=(2, 3), dtype=np.float32)
    return detail


def correlations(first: Pixels, second: Pixels) -> Pixels:
    """For each pair of details, (P, S, S) each, the best correlation over shifts of a pixel, (P,)."""
    margin = _SHIFT + _BLUR_SIDE // 2  # the blur is one-sided at the border
    inner = _SIDE - 2 * margin
    fixed = _normalised(first[:, margin : margin + inner, margin : margin + inner])
    shifted = (
        _normalised(second[:, margin + dy : margin + dy + inner, margin + dx : margin + dx + inner])
        for dy in range(-_SHIFT, _SHIFT + 1)
        for dx in range(-_SHIFT, _SHIFT + 1)
    )
    best: Pixels = np.max([np.einsum("pf,pf->p", fixed, moved) for moved in shifted], axis=0)
    return best


def _normalised(details: Pixels) -> Pixels:
    """Flat, of mean 0 and length 1; a blank one stays 0 and is like nothing."""
    flat = details.reshape(len(details), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    normalised: Pixels = np.divide(flat, length, out=np.zeros_like(flat), where=length > 1e-6)
    return normalised
