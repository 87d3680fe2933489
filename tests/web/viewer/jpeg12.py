"""A 12-bit JPEG writer for tests: extended sequential (T.81), each block of 8 by 8 pixels of one value."""

from __future__ import annotations

import struct

import numpy as np

_CATEGORIES = 15  # sizes of a difference of DC, each with a code of four bits


def jpeg12(blocks: np.ndarray) -> bytes:
    """A stream whose pixel (y, x) is `blocks[y // 8, x // 8]`, 0 to 4095."""
    rows, columns = 8 * blocks.shape[0], 8 * blocks.shape[1]
    frame = struct.pack(">BHHB3B", 12, rows, columns, 1, 1, 0x11, 0)
    codes = bytes([0, 0, 0, _CATEGORIES] + [0] * 12)
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xDB, b"\0" + b"\1" * 64),
            _segment(0xC1, frame),
            _segment(0xC4, b"\0" + codes + bytes(range(_CATEGORIES))),
            _segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0"),  # of AC there is the end of block alone
            _segment(0xDA, bytes([1, 1, 0, 0, 63, 0])),
            _scan(blocks),
            b"\xff\xd9",
        )
    )


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _scan(blocks: np.ndarray) -> bytes:
    levels = 8 * (blocks.astype(int).ravel() - 2048)  # DC is eight times the mean, T.81 A.3.3
    bits = "".join(_coded(step) + "0" for step in np.diff(levels, prepend=0))
    bits += "1" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")


def _coded(step: int) -> str:
    """Category and value, T.81 F.1.2.1; negative values less one, in as many bits."""
    size = int(abs(step)).bit_length()
    value = step if step > 0 else step + 2**size - 1
    return f"{size:04b}" + (f"{value:0{size}b}" if size else "")
