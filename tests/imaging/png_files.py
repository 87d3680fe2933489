"""A PNG writer for every colour type, bit depth, filter, and interlacing, since Pillow writes but a few.

Also what a damaged or hostile writer would leave: chunks can be given as they are.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width: int, height: int, bit_depth: int, colour_type: int, is_interlaced: bool = False) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bit_depth, colour_type, 0, 0, is_interlaced))


def png_bytes(samples, bit_depth, colour_type, *, extra=b"", is_interlaced=False) -> bytes:
    """A PNG of (H, W, C) samples; the rows of each pass take the five filters in turn."""
    height, width, _ = samples.shape
    passes = PASSES if is_interlaced else ((0, 0, 1, 1),)
    parts = [samples[top::down, left::across] for left, top, across, down in passes]
    packed = b"".join(filtered_rows(part, bit_depth) for part in parts if part.size)
    start = header(width, height, bit_depth, colour_type, is_interlaced)
    return SIGNATURE + start + extra + chunk(b"IDAT", zlib.compress(packed)) + chunk(b"IEND", b"")


def filtered_rows(samples, bit_depth) -> bytes:
    rows = [packed_row(row, bit_depth) for row in samples]
    stride = max(1, samples.shape[2] * bit_depth // 8)
    before = np.zeros_like(rows[0])
    content = b""
    for number, row in enumerate(rows):
        content += bytes([number % 5]) + filtered(row, before, stride, number % 5).tobytes()
        before = row
    return content


def packed_row(row, bit_depth) -> np.ndarray:
    if bit_depth == 16:
        return np.frombuffer(row.astype(">u2").tobytes(), dtype=np.uint8)
    if bit_depth == 8:
        return row.astype(np.uint8).ravel()
    bits = np.unpackbits(row.astype(np.uint8).reshape(-1, 1), axis=1)[:, -bit_depth:]
    return np.packbits(bits.ravel())


def filtered(row, before, stride, kind) -> np.ndarray:
    """The filters of the PNG specification, section 9.2, byte by byte."""
    out = []
    for place, value in enumerate(row.tolist()):
        left = int(row[place - stride]) if place >= stride else 0
        up = int(before[place])
        corner = int(before[place - stride]) if place >= stride else 0
        guess = (0, left, up, (left + up) // 2, paeth(left, up, corner))[kind]
        out.append((value - guess) % 256)
    return np.array(out, dtype=np.uint8)


def paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    return min((left, up, corner), key=lambda value: abs(estimate - value))  # ties go to the first
