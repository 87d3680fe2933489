"""The headers of JPEG, JPEG-LS, and JPEG 2000 streams, read by hand before a decoder is asked to believe
them.

The trap: decoders answer "cannot identify" to a 12-bit or lossless JPEG and to a broken one alike, and
gdcm ends the whole process on broken markers, so all of them up to the pixels are walked here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

# Markers of ITU-T T.81 table B.1, of T.87 for JPEG-LS, and of T.800 table A.2 for JPEG 2000
_FILL = {0xFF, 0x01, *range(0xD0, 0xD8)}  # fill bytes; and TEM and RST0-7, which carry no length
_START_OF_SCAN, _END = 0xDA, b"\xff\xd9"
_PROCESSES = {
    0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive", 0xC3: "lossless", 0xC5: "hierarchical",
    0xC6: "hierarchical", 0xC7: "hierarchical", 0xC9: "arithmetic", 0xCA: "arithmetic", 0xCB: "arithmetic",
    0xCD: "arithmetic", 0xCE: "arithmetic", 0xCF: "arithmetic", 0xF7: "JPEG-LS",
}  # fmt: skip
_PADDING = 16  # bytes; fragments are padded to an even length, and some encoders pad to more

_J2K_START, _J2K_TILE, _J2K_COMMENT = b"\xff\x4f\xff\x51", b"\xff\x90", b"\xff\x64"
_JP2_START = b"\0\0\0\x0cjP  "  # the file format around a JPEG 2000 stream, T.800 annex I


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """What a stream says of its picture."""

    process: str  # one of _PROCESSES, or "JPEG 2000"
    precision: int  # bits of a sample
    width: int
    height: int
    components: int


def read_header(stream: bytes) -> StreamHeader | None:
    """What the stream says of itself; None where it is no such stream or breaks off before its pixels."""
    if stream.startswith(b"\xff\xd8"):
        return _read_jpeg(stream)
    return _read_jpeg2000(stream) if stream.startswith((_J2K_START, _JP2_START)) else None


def has_end(stream: bytes) -> bool:
    """Whether the stream has its end marker, give or take padding."""
    return _END in stream[-_PADDING:]


def without_stray_comments(stream: bytes) -> tuple[bytes, tuple[str, ...]]:
    """A JPEG 2000 stream without comments between its tiles and its end, and a note where there were any.

    T.800 allows them in headers alone, and openjpeg gives up on them; a vendor's encoder pads with them.
    """
    place = stream.find(_J2K_TILE)
    while place >= 0 and stream[place : place + 2] == _J2K_TILE and place + 10 <= len(stream):
        length = int(struct.unpack_from(">I", stream, place + 6)[0])  # Psot; 0 for up to the end
        if length == 0:
            return stream, ()
        place += length
    end = place
    while place >= 0 and stream[end : end + 2] == _J2K_COMMENT and end + 4 <= len(stream):
        end += 2 + int(struct.unpack_from(">H", stream, end + 2)[0])
    if end == place or stream[end : end + 2] != _END:
        return stream, ()
    return stream[:place] + stream[end:], ("A stray comment in the JPEG 2000 stream was left out.",)


def _read_jpeg(stream: bytes) -> StreamHeader | None:
    header = None
    place = 2  # after the start-of-image marker
    while place + 4 <= len(stream) and stream[place] == 0xFF:
        marker = stream[place + 1]
        if marker in _FILL:
            place += 1 if marker == 0xFF else 2
            continue
        if marker == _START_OF_SCAN:
            return header
        length = int(struct.unpack_from(">H", stream, place + 2)[0])
        if length < 2 or marker == _END[1]:
            return None
        if marker in _PROCESSES and length >= 8 and place + 10 <= len(stream):
            precision, height, width, components = struct.unpack_from(">BHHB", stream, place + 4)
            header = StreamHeader(_PROCESSES[marker], precision, width, height, components)
        place += 2 + length
    return None


def _read_jpeg2000(stream: bytes) -> StreamHeader | None:
    """The image and tile size segment, T.800 A.5.1."""
    place = stream.find(_J2K_START)
    if place < 0 or place + 43 > len(stream):
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", stream, place + 8)
    components, precision = struct.unpack_from(">HB", stream, place + 40)
    return StreamHeader("JPEG 2000", (precision & 0x7F) + 1, right - left, bottom - top, components)
