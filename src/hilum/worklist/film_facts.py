"""What a film's header says that the worklist keeps; a picture without a header says nothing but its format.

Trap: a header may hold anything, so every value is made to fit its column and a value that is not of its
kind is left out; the gate judges the film later, this only files it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hilum.errors import UnreadableImage
from hilum.imaging.jpeg import read_header as read_jpeg_header
from hilum.imaging.png import SIGNATURE
from hilum.imaging.read import MAX_BYTES, is_dicom
from hilum.worklist.wording import as_identifier, as_line, as_uid, person_name

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_HEAD_BYTES = 1 << 18  # a JPEG's size stands behind its EXIF block, which has 64 kB at most, and its profile
_MOST_SIDE = 1_000_000  # pixels; no film is as long, and the databases' integers hold it


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """Of one file; empty where it does not tell."""

    file_format: str  # "png", "jpeg", "dicom", "unknown"
    study_uid: str | None = None
    series_uid: str | None = None
    sop_instance_uid: str | None = None
    sop_class_uid: str | None = None
    transfer_syntax_uid: str | None = None
    patient_id: str = ""
    patient_issuer: str = ""
    patient_name: str = ""  # as people read it
    birth_date: date | None = None
    age_years: float | None = None
    sex: str | None = None
    accession: str = ""
    institution: str = ""
    device: str = ""  # maker, model, and station, as far as they are told
    study_date: date | None = None
    modality: str = ""
    view: str = ""
    laterality: str = ""
    image_type: str = ""
    series_description: str = ""
    n_rows: int | None = None
    n_columns: int | None = None


def read_film_facts(path: Path) -> FilmFacts:
    """Read a file's header; whatever it is, facts come back and nothing is raised.

    A picture of PNG or JPEG tells its format and size, a DICOM file what its header holds, and anything else
    is "unknown". A DICOM file whose header cannot be read is "dicom" without facts.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except (OSError, ValueError):  # ValueError for a name with a zero byte in it
        return FilmFacts("unknown")
    if head.startswith(SIGNATURE):
        n_columns, n_rows = struct.unpack(">II", head[16:24]) if len(head) >= 24 else (0, 0)
        return FilmFacts("png", n_rows=_side(n_rows), n_columns=_side(n_columns))
    if head.startswith(b"\xff\xd8\xff"):
        found = read_jpeg_header(head)
        n_rows, n_columns = (0, 0) if found is None else (found.height, found.width)
        return FilmFacts("jpeg", n_rows=_side(n_rows), n_columns=_side(n_columns))
    return _dicom_facts(path) if is_dicom(head) else FilmFacts("unknown")


def _dicom_facts(path: Path) -> FilmFacts:
    from hilum.imaging.dicom import read_dicom_header  # with pydicom, 0.3 s that pictures need not

    try:
        if path.stat().st_size > MAX_BYTES:
            return FilmFacts("dicom")
        return _facts_of(read_dicom_header(path))
    except (UnreadableImage, OSError, MemoryError):
        return FilmFacts("dicom")


def _facts_of(dataset: Dataset) -> FilmFacts:
    from hilum.imaging import header

    def line(keyword: str, width: int) -> str:
        return as_line(header.text(dataset, keyword), width)

    def identifier(keyword: str) -> str:
        return as_identifier("\\".join(header.texts(dataset, keyword)), 64)

    def uid(keyword: str) -> str | None:
        return as_uid(header.text(dataset, keyword))

    meta = getattr(dataset, "file_meta", None) or {}
    return FilmFacts(
        "dicom",
        study_uid=uid("StudyInstanceUID"),
        series_uid=uid("SeriesInstanceUID"),
        sop_instance_uid=uid("SOPInstanceUID"),
        sop_class_uid=uid("SOPClassUID"),
        transfer_syntax_uid=as_uid(str(meta.get("TransferSyntaxUID", ""))),
        patient_id=identifier("PatientID"),
        patient_issuer=identifier("IssuerOfPatientID"),
        patient_name=as_line(person_name(header.text(dataset, "PatientName")), 324),
        birth_date=_day(header.text(dataset, "PatientBirthDate")),
        age_years=header.age_years(dataset),
        sex=header.sex(dataset),
        accession=identifier("AccessionNumber"),
        institution=line("InstitutionName", 64),
        device=_device(dataset),
        study_date=_day(header.text(dataset, "StudyDate")),
        modality=line("Modality", 16).upper(),
        view=as_line(header.view(dataset) or "", 16),
        laterality=(line("ImageLaterality", 16) or line("Laterality", 16)).upper(),
        image_type=as_line("\\".join(header.texts(dataset, "ImageType")), 128).upper(),
        series_description=line("SeriesDescription", 128),
        n_rows=_side(header.whole_number(dataset, "Rows", 0)),
        n_columns=_side(header.whole_number(dataset, "Columns", 0)),
    )


def _device(dataset: Dataset) -> str:
    from hilum.imaging import header

    told = (
        header.text(dataset, keyword) for keyword in ("Manufacturer", "ManufacturerModelName", "StationName")
    )
    return as_line(" ".join(word for word in told if word), 128)


def _day(value: str) -> date | None:
    """A DICOM date (PS3.5 6.2), and ACR-NEMA's with points; None where it is none."""
    try:
        return datetime.strptime(value.replace(".", ""), "%Y%m%d").date()
    except ValueError:
        return None


def _side(n_pixels: int) -> int | None:
    return n_pixels if 0 < n_pixels <= _MOST_SIDE else None
