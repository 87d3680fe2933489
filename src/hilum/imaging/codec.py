"""The pixel data of a DICOM file become pixel cells, whatever they were packed with.

Two traps. Transfer syntaxes are named wrongly or not at all, so a compressed stream is known by its own
first bytes. And the header is not believed: its size and its bits are held against what is there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame

from hilum.errors import UnreadableImage
from hilum.imaging.decoders import DECODING_ERRORS, decode_rle, decode_stream
from hilum.imaging.header import numbers
from hilum.imaging.jpeg import StreamHeader, has_end, read_header, without_stray_comments
from hilum.imaging.layout import Cells, Layout, damaged_dicom, header_mismatch
from hilum.records import RefusalCode

Array = npt.NDArray[Any]
Notes = tuple[str, ...]

_NATIVE = (
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
)
# Transfer syntaxes (PS3.5 section 10) that the same kind of stream may have; the first is used where none
# is named
_FAMILIES: dict[str, tuple[uid.UID, ...]] = {
    "baseline": (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit),
    "extended": (uid.JPEGExtended12Bit, uid.JPEGBaseline8Bit),
    "progressive": (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit),  # retired, and still met
    "lossless": (uid.JPEGLosslessSV1, uid.JPEGLossless),
    "JPEG-LS": (uid.JPEGLSLossless, uid.JPEGLSNearLossless),
    "JPEG 2000": (
        uid.JPEG2000Lossless,
        uid.JPEG2000,
        uid.HTJ2KLossless,
        uid.HTJ2KLosslessRPCL,
        uid.HTJ2K,
    ),
    "RLE": (uid.RLELossless,),
}
_ITEM = b"\xfe\xff\x00\xe0"  # what encapsulated pixel data begin with, PS3.5 A.4
_RLE_STARTS = (b"\1\0\0\0", b"\2\0\0\0")  # as many segments as bytes in a cell, PS3.5 G.5


def unpack(dataset: Dataset, layout: Layout) -> tuple[Cells, Notes]:
    """The pixel cells of the one frame of a grey image, and what was mended to get them.

    Raises:
        UnreadableImage: DAMAGED where pixels are missing; HEADER_MISMATCH where they are others than the
            header says; UNSUPPORTED for a transfer syntax without decoder.
    """
    named = _named_syntax(dataset)
    content = dataset.PixelData
    if content.startswith(_ITEM) and (named not in _NATIVE or dataset["PixelData"].is_undefined_length):
        patterns, used, notes = _packed(dataset, layout, named)
    elif named is None or named in _NATIVE:
        used, notes = _native_syntax(dataset) if named is None else named, ()
        patterns = _native(content, layout, used, dataset["PixelData"].VR)
    elif any(named in family for family in _FAMILIES.values()):
        raise header_mismatch("the header names packed pixel data, and they are not packed")
    else:
        raise _unsupported(named.name)
    stored = min(layout.bits_stored, patterns.dtype.itemsize * 8)
    # decoders put the lowest stored bit at 0; plain cells and RLE keep it where the header says
    is_plain = used in _NATIVE or used == uid.RLELossless
    cells = Cells(patterns, stored, layout.high_bit if is_plain else stored - 1, layout.is_signed)
    _refuse_stray_bits(cells, dataset)
    return cells, _syntax_notes(named, used) + notes


def _named_syntax(dataset: Dataset) -> uid.UID | None:
    meta = getattr(dataset, "file_meta", None)
    return (meta.get("TransferSyntaxUID") or None) if meta is not None else None


def _native_syntax(dataset: Dataset) -> uid.UID:
    """The transfer syntax that pydicom found the header to be written in."""
    is_implicit, is_little = dataset.original_encoding
    if is_implicit:
        return uid.ImplicitVRLittleEndian
    return uid.ExplicitVRLittleEndian if is_little else uid.ExplicitVRBigEndian


def _syntax_notes(named: uid.UID | None, used: uid.UID) -> Notes:
    if named is None:
        return (f"The file does not name its transfer syntax; it was read as {used.name}.",)
    if named == used:
        return ()
    return (f"The header names the transfer syntax {named.name}; the pixels were read as {used.name}.",)


def _native(content: bytes, layout: Layout, syntax: uid.UID, representation: str) -> Array:
    """Cells that are not packed, PS3.5 section 8.1.1 and annex A."""
    needed, found = layout.rows * layout.columns * layout.bits_allocated // 8, len(content)
    if found < needed:
        raise damaged_dicom(f"it holds {found:,} of {needed:,} bytes of pixel data")
    is_big = syntax == uid.ExplicitVRBigEndian
    if is_big and layout.bits_allocated == 8 and representation == "OW":  # two pixels a swapped word
        content = np.frombuffer(content, dtype=">u2", count=found // 2).astype("<u2").tobytes()
    if any(content[needed:]):  # zeros are padding
        raise header_mismatch(f"the header asks for {needed:,} bytes of pixel data and it holds {found:,}")
    cell = np.dtype("u1" if layout.bits_allocated == 8 else ">u2" if is_big else "<u2")
    cells = np.frombuffer(content, dtype=cell, count=layout.rows * layout.columns)
    return cells.reshape(layout.rows, layout.columns).astype(cell.newbyteorder("="), copy=False)


def _packed(dataset: Dataset, layout: Layout, named: uid.UID | None) -> tuple[Array, uid.UID, Notes]:
    try:
        stream = get_frame(dataset.PixelData, 0, number_of_frames=1)
    except DECODING_ERRORS:
        raise damaged_dicom("its packed pixel data are cut short or out of order") from None
    header = read_header(stream)
    if header is None and named in (None, uid.RLELossless) and stream[:4] in _RLE_STARTS:
        return decode_rle(dataset), uid.RLELossless, ()
    if header is None:
        if named is None or any(named in family for family in _FAMILIES.values()):
            raise damaged_dicom("its packed pixel data are cut short or are no picture")
        raise _unsupported(named.name)
    if header.process not in _FAMILIES:
        raise _unsupported(f"{header.process} JPEG")
    _check_stream(stream, header, layout)
    family = _FAMILIES[header.process]
    used = named if named in family else family[0]
    stream, notes = without_stray_comments(stream) if header.process == "JPEG 2000" else (stream, ())
    return decode_stream(dataset, stream, header, used), used, notes


def _check_stream(stream: bytes, header: StreamHeader, layout: Layout) -> None:
    """Hold the stream against the header of the file."""
    if header.components != 1:
        raise header_mismatch(f"the header says grey and its packed picture has {header.components} channels")
    if (header.width, header.height) != (layout.columns, layout.rows):
        said, found = f"{layout.columns} x {layout.rows}", f"{header.width} x {header.height}"
        raise header_mismatch(f"the header says {said} pixels and its packed picture has {found}")
    if header.precision > layout.bits_allocated:
        bits = f"{layout.bits_allocated} bits a pixel and its packed picture has {header.precision}"
        raise header_mismatch(f"the header allots {bits}")
    if not has_end(stream):
        raise damaged_dicom("its packed pixel data are cut short")


def _refuse_stray_bits(cells: Cells, dataset: Dataset) -> None:
    """Refuse pixels deeper than the header says; an old overlay or a carried sign may stand above."""
    n_patterns = 2 ** (8 * cells.patterns.dtype.itemsize)
    limit = 2 ** (cells.high_bit + 1)
    if limit == n_patterns or int(cells.patterns.max()) < limit or _has_overlay_in_pixels(dataset):
        return
    is_seen = np.zeros(n_patterns, dtype=np.bool_)
    is_seen[cells.patterns.ravel()] = True
    if cells.is_signed:
        is_seen[n_patterns - limit // 2 :] = False  # the sign, carried on upwards
    is_seen[[int(value) % n_patterns for value in numbers(dataset, "PixelPaddingValue")]] = False
    if is_seen[limit:].any():
        deepest = int(np.flatnonzero(is_seen)[-1])
        raise header_mismatch(f"the header says {cells.bits_stored} bits a pixel and one holds {deepest:,}")


def _has_overlay_in_pixels(dataset: Dataset) -> bool:
    """Whether an overlay stands in the unused bits (PS3.5 8.1.2, retired): it has no data of its own."""
    groups = range(0x6000, 0x6020, 2)
    return any((group, 0x0102) in dataset and (group, 0x3000) not in dataset for group in groups)


def _unsupported(packing: str) -> UnreadableImage:
    reason = f"The DICOM pixels are packed in a way that is not read ({packing})."
    return UnreadableImage(RefusalCode.UNSUPPORTED, reason)
