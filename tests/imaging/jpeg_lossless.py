"""A minimal JPEG lossless encoder (ITU-T T.81, process 14, predictor 1), since nothing we install writes one.

Every difference category gets a code of five bits, so the stream is large and easy to check by hand.
"""

from __future__ import annotations

import struct

import numpy as np


def encode_lossless(pixels: np.ndarray, precision: int) -> bytes:
    """The JPEG stream of an (H, W) unsigned array of `precision` bits."""
    height, width = pixels.shape
    values = pixels.astype(np.int64)
    predicted = np.empty_like(values)
    predicted[:, 1:] = values[:, :-1]
    predicted[1:, 0] = values[:-1, 0]
    predicted[0, 0] = 2 ** (precision - 1)
    differences = ((values - predicted + 2**15) % 2**16) - 2**15  # modulo 2**16, section H.1.2.1
    bits = "".join(_code(int(difference)) for difference in differences.ravel())
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    frame = struct.pack(">BHHBBBB", precision, height, width, 1, 1, 0x11, 0)
    # 17 categories as 17 codes of five bits
    tables = b"\x00" + bytes([0, 0, 0, 0, 17, *[0] * 11]) + bytes(range(17))
    start = bytes([1, 1, 0x00, 1, 0, 0])
    return (
        b"\xff\xd8"
        + _segment(0xC3, frame)
        + _segment(0xC4, tables)
        + _segment(0xDA, start)
        + scan
        + b"\xff\xd9"
    )


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _code(difference: int) -> str:
    category = abs(difference).bit_length()
    code = f"{category:05b}"
    if category in (0, 16):
        return code
    extra = difference if difference > 0 else difference + 2**category - 1
    return code + f"{extra:0{category}b}"
