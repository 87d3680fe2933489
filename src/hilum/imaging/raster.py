"""PNG and JPEG files become grey levels.

The traps: a palette's indices are not grey levels (Shenzhen's originals are palette PNGs whose raw
indices are inverted), so the palette is always resolved first; and a phone's photograph stands upright
only once its EXIF orientation is honoured. Gamma, colour profiles, and densities in the file are not
used: films are not calibrated so.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from hilum.errors import UnreadableImage
from hilum.imaging.colour import deep_shades, shades
from hilum.imaging.grey import GreyLevels, displayed, refuse_size, true_depth
from hilum.imaging.jpeg import read_header
from hilum.imaging.png import GREY, PALETTE, RGB, SIGNATURE, PngFile, read_png, unpack_deep
from hilum.imaging.tones import measure_tones
from hilum.records import Radiograph, RefusalCode

Array = npt.NDArray[Any]

_ORIENTATION = 0x0112  # EXIF; 1 is upright, and _TURNS undo the others
_TURNS: dict[int, Callable[[Array], Array]] = {
    2: np.fliplr,
    3: lambda levels: np.rot90(levels, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda levels: np.rot90(levels, -1),
    7: lambda levels: np.rot90(levels.T, 2),
    8: np.rot90,
}


@dataclass(frozen=True, slots=True)
class _Decoded:
    """What a file's pixels came to before their depth is known."""

    levels: Array  # (H, W) uint8 or uint16
    notes: tuple[str, ...]
    coloured_share: float


def read_raster(path: Path, *, max_side: int | None = None) -> Radiograph:
    """Read a PNG or JPEG file, with bone as bright or dark as the file has it.

    Args:
        path: the file; its content decides which of the two it is.
        max_side: pixels; a longer film is reduced to it by area averaging before it becomes floats.

    Raises:
        UnreadableImage: DAMAGED or UNSUPPORTED, with a sentence.
    """
    content = path.read_bytes()
    grey = read_levels(content)
    height, width = grey.levels.shape
    return Radiograph(
        pixels=displayed(grey, max_side),
        bit_depth=grey.bit_depth,
        file_format="png" if content.startswith(SIGNATURE) else "jpeg",
        notes=grey.notes,
        native_height=height,
        native_width=width,
        coloured_share=grey.coloured_share,
        tones=measure_tones(grey.levels),
    )


def read_levels(content: bytes) -> GreyLevels:
    """The grey levels of a PNG or JPEG file, upright, at the file's own depth and size.

    Raises:
        UnreadableImage: DAMAGED or UNSUPPORTED, with a sentence.
    """
    return _read_png(content) if content.startswith(SIGNATURE) else _read_jpeg(content)


def _read_png(content: bytes) -> GreyLevels:
    png = read_png(content)
    refuse_size(png.width, png.height)
    if png.is_animated:
        raise UnreadableImage(
            RefusalCode.UNSUPPORTED, "The PNG file is animated; a film is a single picture."
        )
    with _decoding("PNG"):
        image = PngImageFile(io.BytesIO(content))
        decoded = _deep_levels(png, image) if png.bit_depth == 16 else _levels(image)
        decoded = _upright(decoded, image)
    if png.bit_depth == 16:
        return _deep_grey(decoded)
    bit_depth = 8 if png.colour_type == PALETTE else png.bit_depth
    return GreyLevels(decoded.levels, 255, bit_depth, decoded.notes, decoded.coloured_share)


def _read_jpeg(content: bytes) -> GreyLevels:
    header = read_header(content)
    if header is None:
        raise UnreadableImage(
            RefusalCode.DAMAGED, "The JPEG file is damaged: it breaks off before its picture."
        )
    if header.process not in ("baseline", "extended", "progressive") or header.precision != 8:
        kind = f"{header.precision}-bit {header.process} JPEG"
        reason = f"The file is a {kind}, which is read only inside DICOM; save it as PNG."
        raise UnreadableImage(RefusalCode.UNSUPPORTED, reason)
    if header.components not in (1, 3):
        reason = f"The JPEG file has {header.components} colour channels (CMYK); save it as grey or RGB."
        raise UnreadableImage(RefusalCode.UNSUPPORTED, reason)
    refuse_size(header.width, header.height)
    with _decoding("JPEG"):
        image = JpegImageFile(io.BytesIO(content))
        decoded = _upright(_levels(image), image)
    return GreyLevels(decoded.levels, 255, 8, decoded.notes, decoded.coloured_share)


@contextmanager
def _decoding(kind: str) -> Iterator[None]:
    """Turn what Pillow raises on a bad file into a refusal."""
    try:
        yield
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error) as error:
        raise UnreadableImage(RefusalCode.DAMAGED, f"The {kind} file is damaged: {error}.") from error


def _levels(image: Image.Image) -> _Decoded:
    """Grey levels (H, W) uint8 of an 8-bit image."""
    image.load()
    if image.mode == "P":
        return _palette_levels(image)
    made = shades(image)
    return _Decoded(made.levels, made.notes(), made.coloured_share())


def _palette_levels(image: Image.Image) -> _Decoded:
    """The palette is resolved as a picture of one row, and each index looked up in it."""
    counts = np.array(image.histogram())  # of the indices
    image.apply_transparency()
    palette = bytes(image.getpalette("RGBA") or ())
    n = len(palette) // 4
    if counts[n:].any():
        raise UnreadableImage(
            RefusalCode.DAMAGED, "The PNG file is damaged: a pixel lies outside its palette."
        )
    made = shades(Image.frombytes("RGBA", (n, 1), palette))
    table = made.levels.tobytes().ljust(256, b"\0")
    levels = np.frombuffer(image.tobytes().translate(table), dtype=np.uint8).reshape(
        image.height, image.width
    )
    counts = counts[None, :n]
    return _Decoded(levels, made.notes(counts), made.coloured_share(counts))


def _deep_levels(png: PngFile, image: Image.Image) -> _Decoded:
    """Grey levels (H, W) uint16 of a 16-bit image; Pillow keeps the 16 bits of plain grey alone."""
    if png.colour_type == GREY:
        image.load()
        samples = np.asarray(image).astype(np.uint16, copy=False)[..., None]
    else:
        samples = unpack_deep(png)
    made = deep_shades(samples)
    if png.transparent is not None and png.colour_type in (GREY, RGB):
        is_clear = (samples == np.frombuffer(png.transparent, dtype=">u2")).all(axis=2)  # one level or colour
        made = replace(made, levels=np.where(is_clear, 0, made.levels), is_clear=is_clear)
    return _Decoded(made.levels, made.notes(), made.coloured_share())


def _deep_grey(decoded: _Decoded) -> GreyLevels:
    levels, notes = decoded.levels, decoded.notes
    bit_depth = true_depth(int(levels.max()), 16)
    if bit_depth < 16:
        notes += (f"The 16-bit file holds {bit_depth}-bit grey levels and is shown on that range.",)
    return GreyLevels(levels, 2**bit_depth - 1, bit_depth, notes, decoded.coloured_share)


def _upright(decoded: _Decoded, image: Image.Image) -> _Decoded:
    orientation = image.getexif().get(_ORIENTATION, 1)
    if orientation not in _TURNS:
        return decoded
    note = f"The picture was turned as its EXIF orientation ({orientation}) says."
    return replace(decoded, levels=_TURNS[orientation](decoded.levels), notes=(*decoded.notes, note))
