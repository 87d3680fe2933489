"""The pixel data of a DICOM file become pixel cells, whatever they were packed with.

Three traps. Some decoders fill what is missing with grey and say nothing, so a stream must have its end. Others end
the whole process on a stream that disagrees with the header, so the two are compared first. And transfer syntaxes
are named wrongly, so a compressed stream is known by its own first bytes.
"""

from __future__ import annotations

import io
import struct
from typing import Any

import gdcm
import numpy as np
import numpy.typing as npt
from PIL.JpegImagePlugin import JpegImageFile
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels import get_decoder

from hilum.errors import UnreadableImage
from hilum.imaging.header import numbers
from hilum.imaging.jpeg import JpegFrame, has_end, read_frame, read_jpeg2000_frame
from hilum.imaging.layout import Cells, Layout, damaged_dicom
from hilum.records import RefusalCode

Array = npt.NDArray[Any]

_NATIVE = (uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian,
           uid.DeflatedExplicitVRLittleEndian)  # fmt: skip
# How a stream's own kind is called in PS3.5 section 10, for the decoder and for the reader of a note
_JPEG_SYNTAXES = {"baseline": uid.JPEGBaseline8Bit, "extended": uid.JPEGExtended12Bit,
                  "progressive": uid.JPEGBaseline8Bit, "lossless": uid.JPEGLosslessSV1,
                  "JPEG-LS": uid.JPEGLSLossless, "JPEG 2000": uid.JPEG2000Lossless}  # fmt: skip
_FAMILIES = (
    {uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit},
    {uid.JPEGLossless, uid.JPEGLosslessSV1},
    {uid.JPEGLSLossless, uid.JPEGLSNearLossless},
    {uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K},
    {uid.RLELossless},
)
_RLE_STARTS = (b"\1\0\0\0", b"\2\0\0\0")  # one segment a byte of the cell, PS3.5 G.5
_ITEM = b"\xfe\xff\x00\xe0"  # what encapsulated pixel data begin with, PS3.5 A.4


# gdcm, pydicom, and numpy raise these on bytes that do not fit what was promised of them
_DECODING_ERRORS = (AttributeError, EOFError, IndexError, KeyError, NotImplementedError, OSError, RuntimeError,
                    TypeError, ValueError, struct.error)  # fmt: skip


def unpack(dataset: Dataset, layout: Layout) -> tuple[Cells, tuple[str, ...]]:
    """The pixel cells of the one frame of a grey image, and what was mended to get them.

    Raises:
        UnreadableImage: DAMAGED where pixels are missing or disagree with the header; UNSUPPORTED for a transfer
            syntax without decoder.
    """
    content = dataset.PixelData
    named = _named_syntax(dataset)
    if content.startswith(_ITEM) and (named not in _NATIVE or dataset["PixelData"].is_undefined_length):
        patterns, is_aligned, used = _compressed(dataset, layout, named)
    elif named is None or named in _NATIVE:
        used = _native_syntax(dataset) if named is None else named
        patterns, is_aligned = _native(content, layout, used, dataset["PixelData"].VR), False
    elif any(named in family for family in _FAMILIES):
        raise damaged_dicom("its header names packed pixel data, and they are not packed")
    else:
        raise _unsupported(named)
    stored = min(layout.bits_stored, patterns.dtype.itemsize * 8)
    cells = Cells(patterns, stored, stored - 1 if is_aligned else layout.high_bit, layout.is_signed)
    _refuse_stray_bits(cells, dataset)
    return cells, _syntax_notes(named, used)


def _named_syntax(dataset: Dataset) -> uid.UID | None:
    return dataset.file_meta.get("TransferSyntaxUID") or None if hasattr(dataset, "file_meta") else None


def _native_syntax(dataset: Dataset) -> uid.UID:
    """The transfer syntax that pydicom found the header to be written in."""
    is_implicit, is_little = dataset.original_encoding
    if is_implicit:
        return uid.ImplicitVRLittleEndian
    return uid.ExplicitVRLittleEndian if is_little else uid.ExplicitVRBigEndian


def _syntax_notes(named: uid.UID | None, used: uid.UID) -> tuple[str, ...]:
    if named is None:
        return (f"The file does not name its transfer syntax; it was read as {used.name}.",)
    if named == used or any(named in family and used in family for family in _FAMILIES):
        return ()
    return (f"The header names the transfer syntax {named.name}; the pixels were read as {used.name}.",)


def _native(content: bytes, layout: Layout, syntax: uid.UID, representation: str) -> Array:
    """Uncompressed cells, PS3.5 section 8.1.1 and annex A."""
    excess = len(content) - layout.n_bytes
    if excess < 0:
        raise damaged_dicom(f"it holds {len(content):,} of {layout.n_bytes:,} bytes of pixel data")
    if excess >= layout.columns * layout.bits_allocated // 8 and excess > 1:
        raise damaged_dicom(
            f"its header needs {layout.n_bytes:,} bytes of pixel data and it holds {len(content):,}"
        )
    is_big = syntax == uid.ExplicitVRBigEndian
    if is_big and layout.bits_allocated == 8 and representation == "OW":  # two pixels a swapped word
        content = np.frombuffer(content[: len(content) // 2 * 2], dtype=">u2").astype("<u2").tobytes()
    cell = np.dtype("u1" if layout.bits_allocated == 8 else ">u2" if is_big else "<u2")
    cells = np.frombuffer(content, dtype=cell, count=layout.rows * layout.columns)
    return cells.reshape(layout.rows, layout.columns).astype(cell.newbyteorder("="), copy=False)


def _compressed(dataset: Dataset, layout: Layout, named: uid.UID | None) -> tuple[Array, bool, uid.UID]:
    try:
        stream = get_frame(dataset.PixelData, 0, number_of_frames=1)
    except _DECODING_ERRORS:
        raise damaged_dicom("its packed pixel data are cut short or out of order") from None
    frame = _stream_frame(stream)
    if frame is None and named in (None, uid.RLELossless) and stream[:4] in _RLE_STARTS:
        return _decode(dataset, uid.RLELossless, "pylibjpeg", layout.bits_allocated), False, uid.RLELossless
    if frame is None:
        if named is not None and not any(named in family for family in _FAMILIES):
            raise _unsupported(named)
        raise damaged_dicom("its packed pixel data are no picture")
    used = _stream_syntax(frame, named)
    _check_frame(frame, layout, stream)
    return _decode_stream(dataset, frame, stream, used), True, used


def _stream_frame(stream: bytes) -> JpegFrame | None:
    if stream.startswith(b"\xff\xd8"):
        return read_frame(stream)
    return (
        read_jpeg2000_frame(stream) if stream.startswith((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")) else None
    )


def _check_frame(frame: JpegFrame, layout: Layout, stream: bytes) -> None:
    if frame.components != 1:
        raise damaged_dicom(f"its header says grey and the packed picture has {frame.components} channels")
    if (frame.width, frame.height) != (layout.columns, layout.rows):
        said, found = f"{layout.columns} x {layout.rows}", f"{frame.width} x {frame.height}"
        raise damaged_dicom(f"its header says {said} pixels and the packed picture has {found}")
    if frame.precision > layout.bits_allocated:
        raise damaged_dicom(
            f"its header allots {layout.bits_allocated} bits and the pixels have {frame.precision}"
        )
    if not has_end(stream):
        raise damaged_dicom("its packed pixel data are cut short")


def _stream_syntax(frame: JpegFrame, named: uid.UID | None) -> uid.UID:
    own = _JPEG_SYNTAXES.get(frame.process)
    if own is None:
        kind = f"{frame.process} JPEG"
        raise UnreadableImage(
            RefusalCode.UNSUPPORTED, f"The DICOM pixels are packed as {kind}, which is not read."
        )
    is_kin = any(named in family and own in family for family in _FAMILIES)
    return named if named is not None and is_kin else own


def _decode_stream(dataset: Dataset, frame: JpegFrame, stream: bytes, syntax: uid.UID) -> Array:
    """Cells by the one decoder for this kind of stream."""
    bits_allocated = 8 if frame.precision <= 8 else 16
    if frame.process == "JPEG 2000":
        return _decode(dataset, syntax, "pylibjpeg", bits_allocated)
    if frame.process == "JPEG-LS":
        return _decode(
            dataset, syntax, "pyjpegls", bits_allocated
        )  # half of gdcm's time (measured, ENVIRONMENT)
    if frame.process == "lossless" or frame.precision > 8:
        return _decode_by_gdcm(frame, stream, syntax)
    try:
        return np.asarray(JpegImageFile(io.BytesIO(stream)))
    except _DECODING_ERRORS as error:
        raise damaged_dicom(f"its pixels do not unpack ({error})") from error


def _decode(dataset: Dataset, syntax: uid.UID, plugin: str, bits_allocated: int) -> Array:
    options = {"bits_allocated": bits_allocated, "bits_stored": min(int(dataset.BitsStored), bits_allocated)}
    try:
        array, _ = get_decoder(syntax).as_array(dataset, raw=True, decoding_plugin=plugin, **options)
    except _DECODING_ERRORS as error:
        reason = str(error).splitlines()[-1].strip()
        raise damaged_dicom(f"its pixels do not unpack ({reason})") from error
    except BaseException as error:
        # pylibjpeg-rle panics on segments longer than the header says, and a Rust panic is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise damaged_dicom("its packed picture is larger than its header says") from error
    return array.view(f"u{array.dtype.itemsize}")


def _decode_by_gdcm(frame: JpegFrame, stream: bytes, syntax: uid.UID) -> Array:
    """JPEG lossless and 12-bit JPEG; gdcm wants the stream's own precision, not the header's."""
    fragment, fragments = gdcm.Fragment(), gdcm.SequenceOfFragments.New()
    fragment.SetByteStringValue(stream)
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((frame.width, frame.height, 1))
    image.SetDataElement(element)
    grey = gdcm.PhotometricInterpretation.GetPIType("MONOCHROME2")
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
    cell = np.dtype("u1" if frame.precision <= 8 else "u2")
    image.SetPixelFormat(gdcm.PixelFormat(1, cell.itemsize * 8, frame.precision, frame.precision - 1, 0))
    text = image.GetBuffer()  # char* comes as str
    content = b"" if text is None else text.encode("utf-8", "surrogateescape")
    if len(content) < frame.width * frame.height * cell.itemsize:
        raise damaged_dicom("its pixels do not unpack (JPEG)")
    return np.frombuffer(content, dtype=cell, count=frame.width * frame.height).reshape(
        frame.height, frame.width
    )


def _refuse_stray_bits(cells: Cells, dataset: Dataset) -> None:
    """Refuse pixels that are deeper than the header says; old overlays and signs may stand in the bits above."""
    n_patterns = 2 ** (8 * cells.patterns.dtype.itemsize)
    limit = 2 ** (cells.high_bit + 1)
    if limit == n_patterns or int(cells.patterns.max()) < limit or _has_overlay_in_pixels(dataset):
        return
    is_seen = np.zeros(n_patterns, dtype=np.bool_)
    is_seen[cells.patterns.ravel()] = True
    if cells.is_signed:
        is_seen[n_patterns - limit // 2 :] = False  # the sign bit carried on upwards
    is_seen[[int(value) % n_patterns for value in numbers(dataset, "PixelPaddingValue")]] = False
    if is_seen[limit:].any():
        deepest = int(np.flatnonzero(is_seen)[-1])
        raise damaged_dicom(f"its header says {cells.bits_stored} bits and a pixel holds {deepest}")


def _has_overlay_in_pixels(dataset: Dataset) -> bool:
    """Overlays in the unused bits of the cells, retired in 2004: they have a bit position and no data of their own."""
    groups = range(0x6000, 0x6020, 2)  # PS3.5 section 8.1.2
    return any((group, 0x0102) in dataset and (group, 0x3000) not in dataset for group in groups)


def _unsupported(syntax: uid.UID) -> UnreadableImage:
    reason = f"The DICOM pixels are packed in a way that is not read ({syntax.name})."
    return UnreadableImage(RefusalCode.UNSUPPORTED, reason)
