"""The JPEG header, read by hand: which kind of JPEG a stream is, before a decoder is asked to believe it.

The trap: decoders answer "cannot identify" to a 12-bit or lossless JPEG and to a broken one alike.
Markers are those of ITU-T T.81, table B.1, and of ITU-T T.87 for JPEG-LS.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_FILL = {0xFF, 0x01, *range(0xD0, 0xD8)}  # fill bytes; and TEM and RST0-7, which carry no length
_PADDING = 16  # bytes; fragments are padded to an even length, some encoders pad to more
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_FRAMES = {
    0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive", 0xC3: "lossless", 0xC5: "hierarchical",
    0xC6: "hierarchical", 0xC7: "hierarchical", 0xC9: "arithmetic", 0xCA: "arithmetic", 0xCB: "arithmetic",
    0xCD: "arithmetic", 0xCE: "arithmetic", 0xCF: "arithmetic", 0xF7: "JPEG-LS",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class JpegFrame:
    """What the frame header says."""

    process: str  # "baseline", "extended", "progressive", "lossless", "hierarchical", "arithmetic", "JPEG-LS", "JPEG 2000"
    precision: int  # bits of a sample
    width: int
    height: int
    components: int


def read_frame(content: bytes) -> JpegFrame | None:
    """The frame header of a JPEG or JPEG-LS stream; None where the markers break off before the first scan.

    All markers up to the scan are walked, since gdcm ends the whole process on a stream whose markers are broken.
    """
    frame = None
    place = 2  # after the start-of-image marker
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker in _FILL:
            place += 1 if marker == 0xFF else 2
            continue
        length = int(struct.unpack_from(">H", content, place + 2)[0])
        if marker == _START_OF_SCAN:
            return frame
        if marker == _END_OF_IMAGE or length < 2:
            return None
        if marker in _FRAMES:
            frame = _frame(_FRAMES[marker], content[place + 4 : place + 2 + length])
        place += 2 + length
    return None


def has_end(stream: bytes) -> bool:
    """Whether a JPEG, JPEG-LS, or JPEG 2000 stream has its end marker, give or take padding."""
    return b"\xff\xd9" in stream[-_PADDING:]


def _frame(process: str, body: bytes) -> JpegFrame | None:
    if len(body) < 6:
        return None
    precision, height, width, components = struct.unpack_from(">BHHB", body)
    return JpegFrame(process, precision, width, height, components)


def read_jpeg2000_frame(stream: bytes) -> JpegFrame | None:
    """The size header of a JPEG 2000 stream (ITU-T T.800, A.5.1), also where it stands inside a JP2 file."""
    place = stream.find(b"\xff\x4f\xff\x51")
    if place < 0 or place + 43 > len(stream):
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", stream, place + 8)
    components, precision = struct.unpack_from(">HB", stream, place + 40)
    return JpegFrame("JPEG 2000", (precision & 0x7F) + 1, right - left, bottom - top, components)
