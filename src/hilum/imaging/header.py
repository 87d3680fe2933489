"""What a DICOM header says of the patient and the film, believed only where it can be true.

The trap: header values are typed by people and by gateways. "062Y", "62", "", a date of 1800, and text
where a number belongs all occur; a wrong age is worse than none, because it decides whether a child's
film is read.
"""

from __future__ import annotations

import re
import struct
from datetime import date, datetime
from typing import Any

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.valuerep import PersonName

from hilum.findings import Sex

MAX_AGE_YEARS = 120.0
_DAYS_PER_YEAR = 365.25
_UNITS_PER_YEAR = {"Y": 1.0, "M": 12.0, "W": _DAYS_PER_YEAR / 7, "D": _DAYS_PER_YEAR, "": 1.0}
_STUDY_DATES = ("StudyDate", "AcquisitionDate", "SeriesDate", "ContentDate")
# PS3.16 CID 4010 "DX View", in SNOMED CT and in the older SNOMED RT codes
_VIEW_CODES = {
    "399348003": "AP", "R-10206": "AP", "272479007": "PA", "R-10214": "PA",
    "399173006": "LL", "R-10236": "LL", "399198007": "RL", "R-10232": "RL",
}  # fmt: skip

# pydicom raises these when it converts an element, which it does on access, and the bytes may be anything
MALFORMED = (
    AttributeError, BytesLengthException, EOFError, IndexError, KeyError, NotImplementedError, OverflowError,
    RecursionError, TypeError, ValueError, struct.error,
)  # fmt: skip


def text(dataset: Dataset, keyword: str) -> str:
    """The first value as stripped text; empty where it is absent."""
    values = _values(dataset, keyword)
    return str(values[0]).strip(" \0") if values else ""


def texts(dataset: Dataset, keyword: str) -> list[str]:
    """All values, in order, as stripped text; empty where the element is absent."""
    return [str(value).strip(" \0") for value in _values(dataset, keyword)]


def numbers(dataset: Dataset, keyword: str) -> list[float]:
    """All values, in order, as finite numbers; empty where the element is absent or holds anything else."""
    try:
        found = [float(value) for value in _values(dataset, keyword)]
    except (TypeError, ValueError):
        return []
    return found if all(abs(value) < float("inf") for value in found) else []


def whole_number(dataset: Dataset, keyword: str, default: int) -> int:
    """The first value as an integer; `default` where it is absent or not a number."""
    found = numbers(dataset, keyword)
    return int(found[0]) if found else default


def age_years(dataset: Dataset) -> float | None:
    """Age at the study from Patient's Age (0010,1010), else from the birth date and the study's date.

    PS3.5 section 6.2 wants three digits and one of D, W, M, Y; a bare number, which the RSNA films have,
    is years.
    """
    match = re.fullmatch(r"(\d{1,3})\s*([DWMY]?)", text(dataset, "PatientAge").upper())
    if match:
        return _possible_age(int(match[1]) / _UNITS_PER_YEAR[match[2]])
    birth = _date(text(dataset, "PatientBirthDate"))
    study = next(filter(None, (_date(text(dataset, keyword)) for keyword in _STUDY_DATES)), None)
    if birth is None or study is None:
        return None
    return _possible_age((study - birth).days / _DAYS_PER_YEAR)


def sex(dataset: Dataset) -> Sex | None:
    """Patient's Sex (0010,0040): F, M, or O; anything else is not stated."""
    value = text(dataset, "PatientSex").upper()
    return Sex(value) if value in set(Sex) else None


def view(dataset: Dataset) -> str | None:
    """View Position (0018,5101), else DX's View Code Sequence (0054,0220): "PA", "AP", "LL", "RL", ..."""
    stated = text(dataset, "ViewPosition").upper()
    if stated:
        return stated
    codes = [text(code, "CodeValue") for code in dataset.get("ViewCodeSequence") or ()]
    return next((_VIEW_CODES[code] for code in codes if code in _VIEW_CODES), None)


def pixel_spacing_mm(dataset: Dataset) -> float | None:
    """Millimetres between rows: Pixel Spacing (0028,0030), else Imager Pixel Spacing (0018,1164)."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        found = numbers(dataset, keyword)
        if len(found) == 2 and min(found) > 0:
            return found[0]
    return None


def orientation_notes(dataset: Dataset) -> tuple[str, ...]:
    """A note where Patient Orientation (0020,0020) says that the film is stored turned or mirrored.

    It is not acted on: it is wrong too often, and turning a film by it could swap left and right.
    """
    directions = [str(value).upper() for value in _values(dataset, "PatientOrientation")]
    if len(directions) != 2 or ("F" in directions[1] and "R" not in directions[0]):
        return ()
    stated = "\\".join(directions)
    return (f"The header says the film is stored turned or mirrored ({stated}); it was left as it is.",)


def _values(dataset: Dataset, keyword: str) -> list[Any]:
    try:
        value = dataset.get(keyword)
    except (
        TypeError,
        ValueError,
        OverflowError,
    ):  # pydicom converts on access, and the bytes may be anything
        return []
    if value is None or value == "":
        return []
    return [value] if isinstance(value, str | bytes | int | float | PersonName) else list(value)


def _possible_age(years: float) -> float | None:
    return years if 0 <= years <= MAX_AGE_YEARS else None


def _date(value: str) -> date | None:
    try:
        return datetime.strptime(value.replace(".", ""), "%Y%m%d").date()  # 1993.04.22 was ACR-NEMA's form
    except ValueError:
        return None
