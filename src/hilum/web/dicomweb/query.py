"""What a QIDO-RS request asks for (PS3.18 10.6): attributes to match, attributes to include, and the page.

Matching is PS3.4 C.2.2.2's: single values, lists of UIDs, wildcards, ranges of dates, and no condition for an
empty value. Trap: an attribute that cannot be matched must not silently return everything, so a Warning
names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from pydicom.datadict import dictionary_has_tag, keyword_for_tag, tag_for_keyword
from sqlalchemy import ColumnElement, and_, false, func, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from hilum.web.dicomweb.answers import BadQuery
from hilum.worklist.tables import Film, Patient, Study

DEFAULT_LIMIT = 100
MOST_RESULTS = 1000  # of one answer
MOST_OFFSET = 10_000_000
MOST_VALUES = 500  # of a list of UIDs; an address of 8 kB holds about a hundred
ALL = "all"
IDENTITY = frozenset({"PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "IssuerOfPatientID"})
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_SAYS = {"true": True, "false": False}

Match = Callable[[str], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Query:
    """One search."""

    matches: dict[str, str] = field(default_factory=dict)  # keyword -> value, none of them empty
    includes: frozenset[str] = frozenset()  # keywords
    includes_all: bool = False
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    warnings: tuple[str, ...] = ()

    def names_identity(self) -> list[str]:
        """The attributes of identity that it matches on."""
        return sorted(IDENTITY & self.matches.keys())


def read_query(parameters: Sequence[tuple[str, str]]) -> Query:
    """The query of an address.

    Raises:
        BadQuery: a parameter is none of the standard's, or its value is not of its kind.
    """
    matches: dict[str, str] = {}
    includes: set[str] = set()
    pages: dict[str, int] = {}
    warnings: list[str] = []
    for name, value in parameters:
        if name == "includefield":
            includes |= set(value.split(","))
        elif name in ("limit", "offset"):
            pages[name] = _whole(name, value, MOST_RESULTS if name == "limit" else MOST_OFFSET)
        elif name in ("fuzzymatching", "emptyvaluematching", "multiplevaluematching"):
            if _SAYS.get(value.lower()) is None:
                raise BadQuery(f"{name}: true or false")
            if _SAYS[value.lower()]:
                warnings.append(
                    f"The {name} parameter is not supported. Only literal matching has been performed."
                )
        elif name not in ("accept", "charset"):
            _add_match(matches, warnings, _keyword(name), value)
    return Query(
        matches=matches,
        includes=frozenset(_keyword(name) for name in includes if name and name != ALL),
        includes_all=ALL in includes,
        limit=pages.get("limit", DEFAULT_LIMIT),
        offset=pages.get("offset", 0),
        warnings=tuple(warnings),
    )


def condition(query: Query) -> ColumnElement[bool]:
    """The query in SQL, over `Film` joined with `Study` and, where there is one, `Patient`."""
    return and_(true(), *(MATCHED[keyword](value) for keyword, value in query.matches.items()))


def _add_match(matches: dict[str, str], warnings: list[str], keyword: str, value: str) -> None:
    if keyword not in MATCHED:
        warnings.append(f"{keyword} is not matched here; the results are as without it.")
    elif value.strip() not in ("", "*", '""'):
        if keyword in matches:
            raise BadQuery(f"{keyword} is given twice")
        MATCHED[keyword](value)  # refuses a value that is not of its kind
        matches[keyword] = value


def _keyword(name: str) -> str:
    """The keyword of an attribute by keyword or tag; of one within a sequence, as it is."""
    if "." in name:
        for part in name.split("."):
            _keyword(part)
        return name
    if _TAG.fullmatch(name) and dictionary_has_tag(int(name, 16)):
        return keyword_for_tag(int(name, 16))
    if tag_for_keyword(name) is None:
        raise BadQuery(f"{name[:64]} is neither a parameter of QIDO-RS nor an attribute of DICOM")
    return name


def _whole(name: str, value: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise BadQuery(f"{name}: a whole number, 0 or more")
    return min(int(value), most)


def _text(*columns: InstrumentedAttribute[str]) -> Match:
    """Wildcard matching; upper and lower case are alike, as PS3.4 C.2.2.2.1 lets an SCP do for names."""

    def match(value: str) -> ColumnElement[bool]:
        pattern = _pattern(value.replace("^", " ").strip())
        return or_(*(func.lower(column).like(pattern.lower(), escape="\\") | column.like(pattern, escape="\\")
                     for column in columns))  # fmt: skip

    return match


def _pattern(value: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", value.replace("\0", ""))
    return escaped.replace("*", "%").replace("?", "_")


def _exact(column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]) -> Match:
    """A code or a UID, or a list of them."""

    def match(value: str) -> ColumnElement[bool]:
        values = [one.strip() for one in re.split(r"[,\\]", value) if one.strip()]
        if len(values) > MOST_VALUES:
            raise BadQuery(f"a list has at most {MOST_VALUES} values")
        return column.in_([one.replace("\0", "") for one in values]) if values else false()

    return match


def _days(column: InstrumentedAttribute[date | None]) -> Match:
    """A day or a range of days (PS3.4 C.2.2.2.5), either end open."""

    def match(value: str) -> ColumnElement[bool]:
        first, dash, last = value.strip().partition("-")
        if not dash:
            return column == _day(first)
        if not first and not last:
            raise BadQuery("a range of dates has a first day, a last day, or both")
        bounds = [column >= _day(first)] if first else []
        return and_(*bounds, *([column <= _day(last)] if last else []))

    return match


def _day(value: str) -> date:
    try:
        return datetime.strptime(value.strip(), "%Y%m%d").date()
    except ValueError:
        raise BadQuery("a date is YYYYMMDD, or a range YYYYMMDD-YYYYMMDD") from None


def _modality(value: str) -> ColumnElement[bool]:
    """Pictures have no header; as DICOM they are OT."""
    wanted = {one.strip().upper() for one in re.split(r"[,\\]", value)}
    of_picture = Film.file_format != "dicom"
    return or_(Film.modality.in_(sorted(wanted)) & ~of_picture, of_picture if "OT" in wanted else false())


MATCHED: dict[str, Match] = {
    "StudyDate": _days(Study.study_date),
    "AccessionNumber": _text(Study.accession),
    "ModalitiesInStudy": _modality,
    "PatientName": _text(Patient.name),
    "PatientID": _text(Patient.patient_id),
    "IssuerOfPatientID": _text(Patient.issuer),
    "PatientBirthDate": _days(Patient.birth_date),
    "PatientSex": _exact(Study.sex),
    "StudyInstanceUID": _exact(Study.study_uid),
    "Modality": _modality,
    "SeriesInstanceUID": _exact(Film.series_uid),
    "SeriesDescription": _text(Film.series_description),
    "SOPClassUID": _exact(Film.sop_class_uid),
    "SOPInstanceUID": _exact(Film.sop_instance_uid),
}
