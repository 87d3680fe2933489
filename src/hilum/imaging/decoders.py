"""Packed pixel streams become cells: one strict decoder for each kind of stream.

Two traps. gdcm ends the whole process on a stream whose markers or size are wrong, and fills what is
missing with grey, so nothing reaches it that `jpeg` has not walked. And pylibjpeg-rle panics, which is no
Exception, on segments longer than the header says.
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
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder

from hilum.imaging.jpeg import StreamHeader
from hilum.imaging.layout import damaged_dicom

Array = npt.NDArray[Any]

# Pillow, pydicom, and numpy raise these on bytes that do not fit what was promised of them
DECODING_ERRORS = (
    AttributeError, EOFError, IndexError, KeyError, NotImplementedError, OSError, RuntimeError, SyntaxError,
    TypeError, ValueError, struct.error,
)  # fmt: skip


def decode_rle(dataset: Dataset) -> Array:
    """Cells (H, W) of PS3.5 annex G; `dataset` holds a complete Image Pixel module."""
    return _by_pydicom(dataset, uid.RLELossless, plugin="pylibjpeg", bits_allocated=dataset.BitsAllocated)


def decode_stream(dataset: Dataset, stream: bytes, header: StreamHeader, syntax: uid.UID) -> Array:
    """Cells (H, W) uint8 or uint16 of a JPEG, JPEG-LS, or JPEG 2000 stream.

    Args:
        dataset: holds a complete Image Pixel module, from which signs are corrected.
        stream: complete, and of the size the module says.
        header: what `jpeg` found in it.
        syntax: the transfer syntax of its kind.

    Raises:
        UnreadableImage: DAMAGED.
    """
    bits_allocated = 8 if header.precision <= 8 else 16
    if header.process in ("JPEG 2000", "JPEG-LS"):
        dataset.PixelData = encapsulate([stream])
        # pyjpegls takes half of gdcm's time (measured, shared ENVIRONMENT)
        plugin = "pylibjpeg" if header.process == "JPEG 2000" else "pyjpegls"
        return _by_pydicom(dataset, syntax, plugin=plugin, bits_allocated=bits_allocated)
    if header.process == "lossless" or header.precision > 8:
        return _by_gdcm(stream, header, syntax)
    try:
        return np.asarray(JpegImageFile(io.BytesIO(stream)))  # refuses what is cut short
    except DECODING_ERRORS as error:
        raise damaged_dicom(f"its pixels do not unpack ({error})") from error


def _by_pydicom(dataset: Dataset, syntax: uid.UID, *, plugin: str, bits_allocated: int) -> Array:
    options: Any = {
        "bits_allocated": bits_allocated,
        "bits_stored": min(int(dataset.BitsStored), bits_allocated),
    }
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax  # pydicom refuses a data set that names another
    try:
        array, _ = get_decoder(syntax).as_array(dataset, raw=True, decoding_plugin=plugin, **options)
    except DECODING_ERRORS as error:
        reason = str(error).splitlines()[-1].strip()
        raise damaged_dicom(f"its pixels do not unpack ({reason})") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise damaged_dicom("its packed picture is larger than its header says") from error
    cells: Array = array.view(f"u{array.dtype.itemsize}")
    return cells


def _by_gdcm(stream: bytes, header: StreamHeader, syntax: uid.UID) -> Array:
    """JPEG lossless and 12-bit JPEG; pydicom asks gdcm for the first alone, and 3.2 reads both (tested)."""
    fragment, fragments = gdcm.Fragment(), gdcm.SequenceOfFragments.New()
    fragment.SetByteStringValue(stream)
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((header.width, header.height, 1))
    image.SetDataElement(element)
    grey = gdcm.PhotometricInterpretation.GetPIType("MONOCHROME2")
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
    cell = np.dtype("u1" if header.precision <= 8 else "u2")
    image.SetPixelFormat(gdcm.PixelFormat(1, cell.itemsize * 8, header.precision, header.precision - 1, 0))
    unpacked = image.GetBuffer()  # bytes, given as text
    content = b"" if unpacked is None else unpacked.encode("utf-8", "surrogateescape")
    n_pixels = header.width * header.height
    if len(content) < n_pixels * cell.itemsize:
        raise damaged_dicom("its pixels do not unpack (JPEG)")
    return np.frombuffer(content, dtype=cell, count=n_pixels).reshape(header.height, header.width)
