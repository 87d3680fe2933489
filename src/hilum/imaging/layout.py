"""How a DICOM header says its pixels are laid out, refused where it cannot be or is not a single grey
picture.

The trap: every one of these numbers may be missing, absurd, or made to exhaust memory, and decoders
believe them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
from pydicom.dataset import Dataset

from hilum.errors import UnreadableImage
from hilum.imaging.grey import refuse_size
from hilum.imaging.header import text, whole_number
from hilum.records import RefusalCode


@dataclass(frozen=True, slots=True)
class Layout:
    """The Image Pixel module (PS3.3 C.7.6.3) of one grey frame."""

    rows: int
    columns: int
    bits_allocated: int  # 8 or 16
    bits_stored: int
    high_bit: int
    is_signed: bool


@dataclass(frozen=True, slots=True)
class Cells:
    """Pixel cells as unpacked: bit patterns, not yet numbers."""

    patterns: npt.NDArray[Any]  # (H, W) uint8 or uint16
    bits_stored: int
    high_bit: int
    is_signed: bool


def read_layout(dataset: Dataset) -> Layout:
    """Check the Image Pixel module and take it over; what is missing in `dataset` is filled in.

    Raises:
        UnreadableImage: SEVERAL_FRAMES; UNSUPPORTED for colour or a depth over 16 bits; DAMAGED where the
            numbers are missing or impossible.
    """
    _refuse_frames_and_colour(dataset)
    rows, columns = whole_number(dataset, "Rows", 0), whole_number(dataset, "Columns", 0)
    if min(rows, columns) < 1:
        raise damaged_dicom("its header gives the picture no size")
    refuse_size(columns, rows)
    allocated = whole_number(dataset, "BitsAllocated", 0)
    if allocated < 1:
        raise damaged_dicom("its header does not say how many bits a pixel takes")
    if allocated not in (8, 16):
        reason = f"The DICOM pixels take {allocated} bits each; only 8 and 16 are read."
        raise UnreadableImage(RefusalCode.UNSUPPORTED, reason)
    stored = whole_number(dataset, "BitsStored", allocated)
    high_bit = whole_number(dataset, "HighBit", stored - 1)
    if not 1 <= stored <= high_bit + 1 <= allocated:
        numbers = f"{stored} bits stored up to bit {high_bit} of {allocated}"
        raise damaged_dicom(f"its header describes pixels that cannot be ({numbers})")
    is_signed = whole_number(dataset, "PixelRepresentation", 0) == 1
    _complete(dataset, stored=stored, is_signed=is_signed)
    return Layout(rows, columns, allocated, stored, high_bit, is_signed)


def _complete(dataset: Dataset, *, stored: int, is_signed: bool) -> None:
    """Fill in what is missing, since pydicom's decoders insist on the whole module."""
    dataset.SamplesPerPixel = 1
    dataset.BitsStored = stored
    dataset.PixelRepresentation = int(is_signed)
    if not text(dataset, "PhotometricInterpretation"):
        dataset.PhotometricInterpretation = "MONOCHROME2"


def _refuse_frames_and_colour(dataset: Dataset) -> None:
    n_frames = whole_number(dataset, "NumberOfFrames", 1)
    if n_frames > 1:
        reason = f"The DICOM file holds {n_frames} frames; a film is a single picture."
        raise UnreadableImage(RefusalCode.SEVERAL_FRAMES, reason)
    samples = whole_number(dataset, "SamplesPerPixel", 1)
    photometric = text(dataset, "PhotometricInterpretation").upper()
    if samples != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2", ""):
        kind = photometric or f"{samples} samples a pixel"
        reason = f"The DICOM picture is in colour ({kind}); a film is grey."
        raise UnreadableImage(RefusalCode.UNSUPPORTED, reason)


def damaged_dicom(what: str) -> UnreadableImage:
    """The refusal of a damaged DICOM file; `what` completes the sentence."""
    return UnreadableImage(RefusalCode.DAMAGED, f"The DICOM file is damaged: {what}.")


def header_mismatch(what: str) -> UnreadableImage:
    """The refusal of pixels that are others than the header says; `what` completes the sentence."""
    return UnreadableImage(
        RefusalCode.HEADER_MISMATCH, f"The DICOM file's pixels disagree with its header: {what}."
    )
