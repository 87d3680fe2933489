"""Two hashes of a film: of its bytes, to tell the same file, and of its look, to tell the same film saved
anew.

The trap: chest films resemble each other, so a small Hamming distance is a question for a person, not a
proof.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hilum.imaging.resize import area_resize
from hilum.records import Pixels

_SIDE = 32  # pixels; the usual size for a hash of the 8x8 lowest frequencies
_FREQUENCIES = 8
_BLANK = 1e-6  # rounding alone stays below it, so that all blank films have the hash 0


def file_sha256(path: Path) -> str:
    """SHA-256 of the file's bytes, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def perceptual_hash(pixels: Pixels) -> str:
    """64 bits of how the film looks, as 16 hex digits, the same after resizing or a change of brightness
    or contrast.

    The film is averaged to 32x32 and its 8x8 lowest cosine frequencies, the constant one left out, are
    each compared with their median (the DCT hash of Zauner, 2010, "Implementation and benchmarking of
    perceptual image hash functions").
    """
    small = area_resize(pixels, height=_SIDE, width=_SIDE).astype(np.float64)
    basis = _cosines()
    spectrum = basis @ small @ basis.T  # (8, 8), rows and columns of frequency 1 to 8
    bits = (spectrum > np.median(spectrum) + _BLANK).ravel()
    return np.packbits(bits).tobytes().hex()


def hamming(a: str, b: str) -> int:
    """How many of the 64 bits of two perceptual hashes differ, 0 to 64."""
    return (int(a, 16) ^ int(b, 16)).bit_count()


@cache
def _cosines() -> npt.NDArray[np.float64]:
    """Type-II cosines of frequency 1 to 8 over 32 pixels, (8, 32)."""
    frequency = np.arange(1, _FREQUENCIES + 1)[:, None]
    position = np.arange(_SIDE)[None, :] + 0.5
    return np.cos(np.pi * frequency * position / _SIDE)
