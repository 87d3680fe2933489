"""The PNG container, read by hand: what the header promises, whether every byte is sound, and 16-bit colour.

Two traps make this needed. Pillow turns 16-bit PNG with alpha or colour into 8 bits without a word, so
those are unfiltered here; and it only learns of damage while decoding, after it has believed the size in
the header. Numbers of sections are those of the PNG specification, third edition (W3C, 2025).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hilum.errors import UnreadableImage
from hilum.records import RefusalCode

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6  # colour types, section 11.2.1
_CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
_BIT_DEPTHS = {
    GREY: (1, 2, 4, 8, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GREY_ALPHA: (8, 16),
    RGB_ALPHA: (8, 16),
}
# Adam7, section 8: first column, first row, column step, row step
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass(frozen=True, slots=True)
class PngFile:
    """A PNG whose chunks are whole and whose check sums are right; its pixels are still packed."""

    width: int
    height: int
    bit_depth: int
    colour_type: int
    is_interlaced: bool
    is_animated: bool
    transparent: bytes | None  # the tRNS chunk
    packed: tuple[bytes, ...] = field(repr=False)  # the IDAT chunks

    @property
    def channels(self) -> int:
        return _CHANNELS[self.colour_type]


def read_png(content: bytes) -> PngFile:
    """Walk the chunks of a PNG file.

    Raises:
        UnreadableImage: DAMAGED where the file is cut short, a check sum is wrong, or the header cannot be.
    """
    header: tuple[int, ...] | None = None
    transparent, packed, is_animated = None, [], False
    for kind, body in _chunks(content):
        if kind == b"IHDR":
            header = _header(body)
        elif kind == b"IDAT":
            packed.append(body)
        elif kind == b"tRNS":
            transparent = body
        is_animated |= kind == b"acTL"
    if header is None or not packed:
        raise _damaged("it has no image header" if header is None else "it holds no pixels")
    width, height, bit_depth, colour_type, interlace = header
    return PngFile(
        width, height, bit_depth, colour_type, bool(interlace), is_animated, transparent, tuple(packed)
    )


def unpack_deep(png: PngFile) -> npt.NDArray[np.uint16]:
    """The samples of a 16-bit PNG, (H, W, C) with C = 1 to 4, none of its bits lost.

    Raises:
        UnreadableImage: DAMAGED where the packed pixels do not unpack to the size the header says.
    """
    assert png.bit_depth == 16
    passes = list(_pass_shapes(png))
    stride = png.channels * 2  # bytes of a pixel
    expected = sum(rows * (1 + columns * stride) for _, rows, columns in passes)
    content = _inflate(png, expected)
    samples = np.empty((png.height, png.width, png.channels), dtype=np.uint16)
    start = 0
    for window, rows, columns in passes:
        end = start + rows * (1 + columns * stride)
        lines = np.frombuffer(content[start:end], dtype=np.uint8).reshape(rows, 1 + columns * stride)
        plain = _unfilter(lines[:, 0], lines[:, 1:].reshape(rows, columns, stride))
        samples[window] = plain.view(">u2")  # big-endian, section 7.1
        start = end
    return samples


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(SIGNATURE)
    while place + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        end = place + 8 + length
        if end + 4 > len(content):
            break
        if zlib.crc32(content[place + 4 : end]) != struct.unpack_from(">I", content, end)[0]:
            raise _damaged(f"a check sum is wrong (chunk {kind.decode('latin-1')!r} at byte {place})")
        yield kind, content[place + 8 : end]
        if kind == b"IEND":
            return
        place = end + 4
    raise _damaged("it is cut short")


def _header(body: bytes) -> tuple[int, ...]:
    if len(body) != 13:
        raise _damaged("its header has the wrong length")
    width, height, bit_depth, colour_type, compression, filtering, interlace = struct.unpack(">IIBBBBB", body)
    is_known = (
        bit_depth in _BIT_DEPTHS.get(colour_type, ()) and (compression, filtering) == (0, 0) and interlace < 2
    )
    if not (is_known and width and height):
        raise _damaged("its header describes a picture that cannot be")
    return width, height, bit_depth, colour_type, interlace


def _pass_shapes(png: PngFile) -> Iterator[tuple[tuple[slice, slice], int, int]]:
    for left, top, across, down in _PASSES if png.is_interlaced else ((0, 0, 1, 1),):
        rows, columns = -((top - png.height) // down), -((left - png.width) // across)
        if rows > 0 and columns > 0:
            yield (slice(top, None, down), slice(left, None, across)), rows, columns


def _inflate(png: PngFile, expected: int) -> bytes:
    unzip = zlib.decompressobj()
    try:
        content = unzip.decompress(b"".join(png.packed), expected)
    except zlib.error:
        raise _damaged("its pixels do not unpack") from None
    if len(content) < expected:
        raise _damaged(f"its pixels unpack to {len(content):,} bytes where the header needs {expected:,}")
    return content


def _unfilter(kinds: npt.NDArray[np.uint8], filtered: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Undo the five filters of section 9.2 on one pass, (H, W, bytes of a pixel).

    A pixel needs its left, upper, and upper-left neighbours, so whole anti-diagonals are done at a time:
    on the flattened picture they are slices with a step of one row less a pixel.
    """
    if kinds.max(initial=0) > 4:
        raise _damaged("it names a row filter that does not exist")
    height, width, stride = filtered.shape
    plain = filtered.reshape(height * width, stride).copy()
    uses = [(kinds == kind).astype(np.int16)[:, None] for kind in range(5)]  # (H, 1) each
    before, before_that = (np.zeros((height + 1, stride), dtype=np.int16) for _ in range(2))  # [row + 1]
    for diagonal in range(height + width - 1):
        top, bottom = max(0, diagonal - width + 1), min(height - 1, diagonal) + 1
        step = max(width - 1, 1)
        places = slice(diagonal + top * (width - 1), diagonal + (bottom - 1) * (width - 1) + 1, step)
        left, up, corner = before[top + 1 : bottom + 1], before[top:bottom], before_that[top:bottom]
        guess = uses[1][top:bottom] * left + uses[2][top:bottom] * up
        guess += uses[3][top:bottom] * ((left + up) >> 1) + uses[4][top:bottom] * _paeth(left, up, corner)
        plain[places] += guess.astype(np.uint8)
        before_that, before = before, np.zeros_like(before)
        before[top + 1 : bottom + 1] = plain[places]
    return plain.reshape(height, width, stride)


def _paeth(
    left: npt.NDArray[np.int16], up: npt.NDArray[np.int16], corner: npt.NDArray[np.int16]
) -> npt.NDArray[np.int16]:
    """Of the three neighbours the one nearest to left + up - corner, section 9.4."""
    from_left, from_up, from_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    nearest_above = np.where(from_up <= from_corner, up, corner)
    return np.where((from_left <= from_up) & (from_left <= from_corner), left, nearest_above)


def _damaged(what: str) -> UnreadableImage:
    return UnreadableImage(RefusalCode.DAMAGED, f"The PNG file is damaged: {what}.")
