"""DICOM radiographs (CR, DX, and secondary captures) become pixels with what their header says of patient
and film.

The order is the standard's: unpack, then modality, window, padding, and polarity (PS3.3 C.7.6.3, C.11.1,
C.11.2, C.11.6), all in `window.display_table`.
The trap: pydicom converts an element on access, not on reading the file, so a malformed one would fail or
warn anywhere; all are tried at the door, and the malformed ones are left out with a note.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom import dcmread, uid
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from hilum.errors import UnreadableImage
from hilum.imaging import header
from hilum.imaging.codec import unpack
from hilum.imaging.grey import reduced
from hilum.imaging.layout import Cells, Layout, damaged_dicom, read_layout
from hilum.imaging.tones import measure_tones
from hilum.imaging.window import display_table
from hilum.records import Radiograph, RefusalCode

_PREAMBLE = 128  # bytes before "DICM", PS3.10 section 7.1
_MAX_INFLATED = 1 << 30  # bytes of a deflated data set
_HEAD_BYTES = 4096  # hold the file meta information
_DEFLATED = uid.DeflatedExplicitVRLittleEndian.encode("ascii")
_GROUP_LENGTH = b"\2\0\0\0"  # the tag of File Meta Information Group Length
_LEAST_BYTES = _PREAMBLE + 4 + 12  # preamble, "DICM", and the group length that must follow
_UNDEFINED = 0xFFFFFFFF  # the length of a value that a delimiter ends, PS3.5 section 7.1.1
_ELEMENT_HEAD = 8  # bytes, at the least
_PIXEL_DATA = 0x7FE00010
_READING_ERRORS = (*header.MALFORMED, InvalidDicomError, OSError, zlib.error)

# PS3.3 C.7.3.1.1.1; DR and XR are not in it and occur. OT is what secondary captures carry.
_RADIOGRAPHY = {"CR", "DX", "DR", "XR", "RG", "SC", "OT"}
_OTHER_MODALITIES = {
    "AU": "audio", "BI": "biomagnetic imaging", "BMD": "bone densitometry", "CT": "computed tomography",
    "DOC": "a document", "ECG": "electrocardiography", "EPS": "electrophysiology", "ES": "endoscopy",
    "GM": "microscopy", "IO": "dental radiography", "IVOCT": "optical coherence tomography",
    "IVUS": "intravascular ultrasound", "KO": "a key object selection", "MG": "mammography",
    "MR": "magnetic resonance", "NM": "nuclear medicine", "OCT": "optical coherence tomography",
    "OP": "ophthalmic photography", "OPT": "ophthalmic tomography", "PR": "a presentation state",
    "PT": "positron emission tomography", "PX": "panoramic dental radiography", "RF": "fluoroscopy",
    "RTDOSE": "a radiotherapy dose", "RTIMAGE": "a radiotherapy image", "RTPLAN": "a radiotherapy plan",
    "RTSTRUCT": "radiotherapy structures", "SEG": "a segmentation", "SM": "slide microscopy",
    "SR": "a report", "TG": "thermography", "US": "ultrasound", "XA": "angiography", "XC": "photography",
}  # fmt: skip
_OTHER_XRAYS = {"BMD", "IO", "MG", "PX", "RF", "RTIMAGE", "XA"}  # of those above; the rest are no radiographs
_PICTURELESS = {"AU", "DOC", "ECG", "EPS", "KO", "PR", "RTPLAN", "RTSTRUCT", "SR"}  # of those above
_FILM_CLASSES = (
    "Computed Radiography",
    "Digital X-Ray Image",
    "Secondary Capture",
    "Multi-frame",
    "Hardcopy",
)


def read_dicom(path: Path, *, max_side: int | None = None) -> Radiograph:
    """Read a DICOM radiograph, bone as bright as its header says.

    Args:
        path: the file, with or without preamble and file meta information.
        max_side: pixels; a longer film is reduced to it by area averaging.

    Raises:
        UnreadableImage: NOT_AN_IMAGE, UNSUPPORTED, or DAMAGED, with a sentence.
    """
    with _quiet():
        dataset = _read_dataset(path)
        is_cut = _is_cut(dataset, path.stat().st_size)
        mended = _without_malformed(dataset)
        _refuse_other_kinds(dataset)
        _refuse_without_picture(dataset, is_cut=is_cut)
        layout = read_layout(dataset)
        cells, notes = _unpack(dataset, layout, is_cut=is_cut)
        table, more = display_table(cells, dataset)
        return Radiograph(
            pixels=reduced(table, cells.patterns, max_side),
            bit_depth=cells.bits_stored,
            file_format="dicom",
            age_years=header.age_years(dataset),
            sex=header.sex(dataset),
            view=header.view(dataset),
            pixel_spacing_mm=header.pixel_spacing_mm(dataset),
            notes=mended + notes + more + header.orientation_notes(dataset),
            native_height=layout.rows,
            native_width=layout.columns,
            tones=measure_tones(cells.patterns, table),
        )


def read_dicom_header(path: Path) -> Dataset:
    """The elements before the pixels, without those that cannot be converted.

    Raises:
        UnreadableImage: the header cannot be read, or unpacks to far more than a film.
    """
    with _quiet():
        try:
            _refuse_bad_deflate(path)
            dataset = dcmread(path, force=True, stop_before_pixels=True)
        except (*_READING_ERRORS, EOFError) as error:
            raise damaged_dicom("its header cannot be read") from error
        _without_malformed(dataset)
        return dataset


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence pydicom on malformed values: they are expected here, and what matters becomes a note."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def _read_dataset(path: Path) -> Dataset:
    try:
        if path.stat().st_size < _LEAST_BYTES:
            raise _cut_short("in its header")
        _refuse_bad_deflate(path)
        return dcmread(path, force=True)
    except (EOFError, struct.error) as error:  # pydicom's, where the file ends inside an element's head
        raise _cut_short("in its header") from error
    except _READING_ERRORS as error:
        raise damaged_dicom("its header cannot be read") from error


def _is_cut(dataset: Dataset, n_bytes: int) -> bool:
    """Whether a file of `n_bytes` ends inside an element; ask before the elements are converted.

    pydicom takes what is there of the last value, and passes over a last element of less than its head; where
    packed pixel data or a sequence have no end, it gives up the whole data set.
    """
    if not dataset:
        return True
    last = max(dataset.values(), key=lambda element: element.tag)  # `get_item` may convert, and so may raise
    meta = getattr(dataset, "file_meta", {})
    is_deflated = meta.get("TransferSyntaxUID") == uid.DeflatedExplicitVRLittleEndian
    if not isinstance(last, RawDataElement) or last.length == _UNDEFINED or is_deflated:
        return False
    n_left = n_bytes - last.value_tell - last.length
    return n_left < 0 or 0 < n_left < _ELEMENT_HEAD


def _unpack(dataset: Dataset, layout: Layout, *, is_cut: bool) -> tuple[Cells, tuple[str, ...]]:
    try:
        return unpack(dataset, layout)
    except UnreadableImage as error:
        if is_cut and error.code == RefusalCode.DAMAGED:
            raise _cut_short("in its pixel data") from error
        raise


def _without_malformed(dataset: Dataset) -> tuple[str, ...]:
    """Take the elements out of `dataset` that cannot be converted, and say how many."""
    n_malformed = 0
    for tag in list(dataset.keys()):
        try:
            dataset[tag]
        except header.MALFORMED:
            del dataset[tag]
            n_malformed += 1
    return (f"{n_malformed} malformed elements of the header were left out.",) if n_malformed else ()


def _refuse_bad_deflate(path: Path) -> None:
    """Refuse a deflated data set (PS3.5 A.5) that unpacks to far more than a film, or has no end; pydicom
    tells neither."""
    inflate, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if _DEFLATED not in head:
            return
        start = _PREAMBLE + 4 if head[_PREAMBLE : _PREAMBLE + 4] == b"DICM" else 0
        if head[start : start + 4] != _GROUP_LENGTH:
            raise damaged_dicom("its file meta information does not give its length")
        file.seek(start + 12 + int(struct.unpack_from("<I", head, start + 8)[0]))
        while not inflate.eof and (packed := inflate.unconsumed_tail or file.read(1 << 20)):
            total += len(inflate.decompress(packed, 1 << 24))
            if total > _MAX_INFLATED:
                reason = f"The DICOM file is too large: it unpacks to over {_MAX_INFLATED / 1e6:,.0f} MB."
                raise UnreadableImage(RefusalCode.UNSUPPORTED, reason)
    inflate.flush()
    if not inflate.eof:
        raise _cut_short("in its deflated data")


def _refuse_other_kinds(dataset: Dataset) -> None:
    """Refuse what is no radiograph by its Modality, else by its SOP class."""
    modality = header.text(dataset, "Modality").upper()
    if modality in _OTHER_MODALITIES:
        kind = _OTHER_MODALITIES[modality]
        is_picture = "PixelData" in dataset or modality not in _PICTURELESS
        other = RefusalCode.NOT_A_CHEST if modality in _OTHER_XRAYS else RefusalCode.NOT_AN_XRAY
        code = other if is_picture else RefusalCode.NOT_AN_IMAGE
        raise UnreadableImage(
            code, f"The DICOM file's modality is {modality} ({kind}), not a radiograph (CR, DX)."
        )
    sop_class = uid.UID(header.text(dataset, "SOPClassUID"))
    is_other = sop_class.name != sop_class and not sop_class.name.startswith(_FILM_CLASSES)
    if modality not in _RADIOGRAPHY and is_other:
        is_picture = "PixelData" in dataset or "Image" in sop_class.name
        code = RefusalCode.NOT_AN_XRAY if is_picture else RefusalCode.NOT_AN_IMAGE
        raise UnreadableImage(
            code, f"The DICOM file is of the class {sop_class.name}, not a radiograph (CR, DX)."
        )


def _refuse_without_picture(dataset: Dataset, *, is_cut: bool) -> None:
    """Refuse what has no pixel data: damaged where a picture is due, no image where none is."""
    if dataset.get("PixelData"):
        return
    is_described = "Rows" in dataset or "BitsAllocated" in dataset
    sop_class = _class_name(dataset)
    if not is_described and sop_class and "Image" not in sop_class:
        raise UnreadableImage(
            RefusalCode.NOT_AN_IMAGE, f"The DICOM file holds no picture; its class is {sop_class}."
        )
    is_due = is_described or bool(sop_class)
    if is_cut or (is_due and max(dataset.keys(), default=0) < _PIXEL_DATA):
        raise _cut_short("before its pixel data")
    if is_due:
        raise damaged_dicom("it should hold a picture and has no pixel data")
    raise UnreadableImage(RefusalCode.NOT_AN_IMAGE, "The DICOM file holds no picture.")


def _cut_short(where: str) -> UnreadableImage:
    return damaged_dicom(f"it ends early, {where}; copy it again")


def _class_name(dataset: Dataset) -> str:
    """The name of the SOP class, from the file meta information where the data set was cut before it; empty
    where it is not in the standard."""
    meta = getattr(dataset, "file_meta", None) or Dataset()
    sop_class = uid.UID(header.text(dataset, "SOPClassUID") or header.text(meta, "MediaStorageSOPClassUID"))
    return "" if sop_class.name == sop_class else sop_class.name
