"""The part of a film's header that results repeat, made safe: patient, study, frame of reference, pixels.

What names a person or a study is kept letter by letter, for messages whole, and in objects as long as DICOM
allows; only what cannot be encoded is replaced. Everything is written as UTF-8 (ISO_IR 192), whatever the
film's own character set. What is no date, no sex, or no number is left empty.
Trap: pydicom converts an element when it is first touched, and a film's bytes may be anything.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydicom import config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import ComputedRadiographyImageStorage, SecondaryCaptureImageStorage

from hilum.dicomnode.outputs.film_display import DISPLAYED
from hilum.dicomnode.outputs.uids import computed_uid, is_uid
from hilum.imaging import header

UTF_8 = "ISO_IR 192"
IDENTITY = (
    "PatientName", "PatientID", "IssuerOfPatientID", "AccessionNumber", "StudyID", "ReferringPhysicianName",
)  # fmt: skip
OPTIONAL = {"IssuerOfPatientID"}  # the rest of the identity is of type 2: there, and perhaps empty
PATIENT_AND_STUDY = (
    *IDENTITY, "StudyInstanceUID", "StudyDate", "StudyTime", "StudyDescription", "PatientBirthDate",
    "PatientSex", "PatientAge",
)  # fmt: skip
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "FrameOfReferenceUID")
_WHOLE = ("InstanceNumber", "Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit",
          "PixelRepresentation", "NumberOfFrames")  # fmt: skip
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing")
_SEXES = {"F", "M", "O"}
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?")
_CODE = re.compile(r"[A-Z0-9 _]{1,16}")
LONGEST_LINE = 64  # characters of LO, and of each group of PN (PS3.5 section 6.2)
LONGEST_NUMBER = 16  # of SH


def film_header(source: Dataset) -> Dataset:
    """A new data set with what results repeat of a film; UIDs that it lacks are computed from what it has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pydicom's, on values that are expected to be odd
        film = Dataset()
        film.SpecificCharacterSet = UTF_8
        for keyword, value in _values(source):
            _put(film, keyword, value)
        _complete(film, source)
        _copy_display(film, source)
        return film


def _copy_display(film: Dataset, source: Dataset) -> None:
    """What `film_display` reads, as it stands; an element that cannot be converted is left out."""
    for keyword in DISPLAYED:
        with suppress(*header.MALFORMED):  # KeyError, where it is absent, among them
            element = source[keyword]
            film[element.tag] = element


def repeat_identity(film: Dataset, result: Dataset) -> None:
    """Write a film's patient and study into a result, in place of what stands there, as their VRs allow."""
    result.SpecificCharacterSet = UTF_8
    for keyword in PATIENT_AND_STUDY:
        if keyword in result:
            del result[keyword]
        if keyword in film:
            value = _fitting(str(film[keyword].value), dictionary_VR(keyword))
            _put(result, keyword, value)


def _fitting(value: str, vr: str) -> str:
    """A value that its VR allows; a number that is too long is left out, as cut it would be another's."""
    if vr == "SH":
        return value if len(value) <= LONGEST_NUMBER else ""
    if vr == "PN":
        groups = value.split("=", 2)
        return "=".join(group[:LONGEST_LINE].rstrip(" ") for group in groups)
    return value[:LONGEST_LINE].rstrip(" ")


def without_controls(text: str) -> str:
    """A text with neither control characters nor what UTF-8 cannot hold."""
    return "".join(_letter(letter) for letter in text).strip(" ")


def _letter(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    return "" if kind == "Cc" else letter


def _values(source: Dataset) -> Iterator[tuple[str, Any]]:
    for keyword in IDENTITY:
        value = _identity(source, keyword)
        if value or keyword not in OPTIONAL:
            yield keyword, value
    for keyword in ("StudyDate", "PatientBirthDate"):
        yield keyword, _date(header.text(source, keyword))
    yield "StudyTime", _if_full(_TIME, header.text(source, "StudyTime"))
    yield "PatientSex", _member(header.text(source, "PatientSex").upper())
    if age := re.fullmatch(r"(\d{1,3})([DWMY]?)", header.text(source, "PatientAge").upper()):
        yield (
            "PatientAge",
            f"{int(age[1]):03d}{age[2] or 'Y'}",
        )  # a bare number is years, as in imaging.header
    for keyword, pattern in (("Modality", _CODE), ("PhotometricInterpretation", _CODE)):
        if value := _if_full(pattern, header.text(source, keyword).upper()):
            yield keyword, value
    for keyword in ("StudyDescription", "PositionReferenceIndicator"):
        if value := without_controls(header.text(source, keyword).replace("\\", "/"))[:LONGEST_LINE]:
            yield keyword, value.strip(" ")
    yield from _geometry(source)


def _geometry(source: Dataset) -> Iterator[tuple[str, Any]]:
    for keyword in _UIDS:
        if value := _uid(source, keyword):
            yield keyword, value
    for keyword in _WHOLE:
        number = header.whole_number(source, keyword, -1)
        if 0 <= number <= 0xFFFF:
            yield keyword, number
    for keyword in _SPACINGS:
        spacing = header.numbers(source, keyword)
        if len(spacing) == 2 and min(spacing) > 0:
            yield keyword, [f"{value:.10g}" for value in spacing]


def _put(film: Dataset, keyword: str, value: Any) -> None:
    """Add an element without pydicom's check of length: identity is repeated whole."""
    vr = dictionary_VR(keyword)
    film.add(DataElement(tag_for_keyword(keyword), vr, value, validation_mode=config.IGNORE))  # type: ignore[arg-type]


def _complete(film: Dataset, source: Dataset) -> None:
    """UIDs that a film lacks, from its file meta information, else computed from all that it says."""
    meta = getattr(source, "file_meta", None) or Dataset()
    if "SOPClassUID" not in film:
        stated = _uid(meta, "MediaStorageSOPClassUID")
        is_cr = film.get("Modality") in ("CR", "DX")
        film.SOPClassUID = stated or (
            ComputedRadiographyImageStorage if is_cr else SecondaryCaptureImageStorage
        )
    if "SOPInstanceUID" not in film:
        stated = _uid(meta, "MediaStorageSOPInstanceUID")
        film.SOPInstanceUID = stated or computed_uid("film", _digest(source))
    if "StudyInstanceUID" not in film:
        film.StudyInstanceUID = computed_uid("study of", film.SOPInstanceUID)
    if "SeriesInstanceUID" not in film:
        film.SeriesInstanceUID = computed_uid("series of", film.SOPInstanceUID)


def _digest(source: Dataset) -> str:
    """SHA-256 over a film's elements as they can be read, its pixels where they were read with it."""
    digest = hashlib.sha256()
    for tag in sorted(source.keys()):
        digest.update(f"{tag:08x}=".encode())
        with suppress(*header.MALFORMED):
            value = source[tag].value
            digest.update(value if isinstance(value, bytes) else repr(value).encode("utf-8", "replace"))
    return digest.hexdigest()


def _identity(source: Dataset, keyword: str) -> str:
    """All values of an element as one text; a backslash in a name has parted it in two."""
    try:
        value = source.get(keyword)
        values = value if isinstance(value, MultiValue) else [value]
        text = "/".join("" if one is None else str(one) for one in values).replace("\\", "/")
    except header.MALFORMED:
        return ""
    return without_controls(text)


def _member(sex: str) -> str:
    return sex if sex in _SEXES else ""


def _uid(source: Dataset, keyword: str) -> str:
    """A UID, or nothing where it is absent or none."""
    value = header.text(source, keyword)
    return value if is_uid(value) else ""


def _if_full(pattern: re.Pattern[str], value: str) -> str:
    return value if pattern.fullmatch(value) else ""


def _date(value: str) -> str:
    """YYYYMMDD, also from ACR-NEMA's form with dots; empty where it is no date."""
    plain = value.replace(".", "")
    try:
        return datetime.strptime(plain, "%Y%m%d").strftime("%Y%m%d") if len(plain) == 8 else ""
    except ValueError:
        return ""
