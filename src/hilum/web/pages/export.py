"""A filtered list as CSV or Parquet: de-identified unless the role may see identity and asks for it.

A patient without identity is a number that stays the same from one export of this station to the next and
that no one without the station's secret can trace (`web.deidentify`). Trap: a spreadsheet runs a cell that
begins with =, +, -, or @ as a formula, so such text gets a quote before it (CWE-1236).
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from hilum.web.deidentify import OLDEST_YEARS, Deidentification, station_secret
from hilum.web.pages.filters import Listing
from hilum.web.pages.worklist import listing_for
from hilum.web.problems import NotAllowed
from hilum.web.rights import Right
from hilum.web.sight import Sight, sight
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.audit import record
from hilum.worklist.readings import deciding
from hilum.worklist.search import LARGEST_PAGE, Sort, StudyFilter, find_studies
from hilum.worklist.station import Station
from hilum.worklist.tables import Reading, Study, Verdict

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
BOM = "\ufeff"  # without it a spreadsheet reads UTF-8 as something else
BLOCK = 1 << 16  # bytes
MACHINE = ("score", "is_flagged", "threshold", "spread", "certainty", "refusal_code")
OF_READERS = ("opinion", "opinion_by", "opinion_at", "score_was_shown")
IDENTITY = ("patient_id", "patient_name", "birth_date", "accession", "study_uid")
# Columns, in order, with their kind: "text", "number", "whole", "flag", "day", "moment"
COLUMNS = {
    "study": "whole", "patient": "text", "received_at": "moment", "study_date": "day", "site": "text",
    "device": "text", "origin": "text", "age_years": "number", "sex": "text", "state": "text",
    "bundle": "text", "score": "number", "is_flagged": "flag", "threshold": "number", "spread": "number",
    "certainty": "text", "refusal_code": "text", "opinion": "text", "opinion_by": "text",
    "opinion_at": "moment", "score_was_shown": "flag", "test_result": "text",
}  # fmt: skip

router = APIRouter(include_in_schema=False)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """One export: what is asked for, and by whom."""

    station: Station
    visitor: Visitor
    wanted: StudyFilter
    sort: Sort
    with_identity: bool

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(COLUMNS) + (IDENTITY if self.with_identity else ())

    def rows(self) -> Iterator[list[Row]]:
        """A thousand studies at a time, each in a transaction of its own."""
        hide = Deidentification(station_secret(self.station.settings.folder))
        after: str | None = None
        while True:
            with self.station.database.reading() as session:
                page = find_studies(session, self.wanted, self.sort, after=after, limit=LARGEST_PAGE)
                numbers = [study.id for study in page.studies]
                beside = _Beside(
                    sight(session, self.visitor, numbers),
                    _latest_readings(session, numbers),
                    _latest_verdicts(session, numbers),
                )
            yield [self._row(study, beside, hide) for study in page.studies]
            after = page.after
            if after is None:
                return

    def _row(self, study: Study, beside: _Beside, hide: Deidentification) -> Row:
        row = {
            **_of_study(study),
            **_of_reading(beside.readings.get(study.id)),
            "refusal_code": study.refusal_code,
        }
        row |= _of_verdict(beside.verdicts.get(study.id))
        if beside.sight.hides(study.id):
            row |= dict.fromkeys(MACHINE + OF_READERS)
        patient = study.patient
        row["patient"] = hide.patient_id(f"{patient.issuer}\0{patient.patient_id}") if patient else ""
        if self.with_identity:
            row |= {
                "patient_id": patient.patient_id if patient else "",
                "patient_name": patient.name if patient else "",
                "birth_date": patient.birth_date if patient else None,
                "accession": study.accession,
                "study_uid": study.study_uid,
            }
        elif row["age_years"] is not None:
            row["age_years"] = min(row["age_years"], OLDEST_YEARS)
        return row


@dataclass(frozen=True, slots=True)
class _Beside:
    """What stands beside some studies, by study number."""

    sight: Sight
    readings: dict[int, Reading]
    verdicts: dict[int, Verdict]


@router.get("/worklist/export")
def export(
    request: Request,
    visitor: Annotated[Visitor, Depends(require(Right.SEE_STUDIES, Right.EXPORT))],
    station: Annotated[Station, Depends(current_station)],
    kind: Annotated[Literal["csv", "parquet"], Query(alias="as")] = "csv",
    identity: str = "",
) -> StreamingResponse:
    """The whole of a filtered list.

    Raises:
        NotAllowed: identity is asked for, and the role does not have it.
    """
    with station.database.reading() as session:
        listing, _ = listing_for(session, visitor, request)
    return send(station, visitor, listing, kind=kind, with_identity=identity == "yes")


def send(
    station: Station, visitor: Visitor, listing: Listing, *, kind: str, with_identity: bool
) -> StreamingResponse:
    """An answer that holds the list, with the trail of who took it."""
    if with_identity and not visitor.may(Right.SEE_IDENTITY):
        raise NotAllowed(f"the role {visitor.role} does not have the right {Right.SEE_IDENTITY}")
    wanted = Export(station, visitor, listing.wanted, listing.sort, with_identity)
    now = station.now()
    with station.database.writing() as session:
        # The search's text may be a patient's name, so it stays out of the trail.
        asked = sorted({name for name, _ in listing.fields})
        record(
            session,
            at=now,
            who=visitor.login,
            action="export",
            kind=kind,
            identity=with_identity,
            filter=asked,
        )
    name = f"hilum-{now.astimezone():%Y-%m-%d}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if kind == "csv":
        return StreamingResponse(as_csv(wanted), media_type="text/csv; charset=utf-8", headers=headers)
    return StreamingResponse(
        _blocks(as_parquet(wanted)), media_type="application/vnd.apache.parquet", headers=headers
    )


def as_csv(export: Export) -> Iterator[str]:
    """The table as text, a block of studies at a time; RFC 4180."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(export.columns)
    yield BOM + buffer.getvalue()
    for rows in export.rows():
        buffer.seek(0)
        buffer.truncate()
        writer.writerows([cell(row[name]) for name in export.columns] for row in rows)
        yield buffer.getvalue()


def as_parquet(export: Export) -> IO[bytes]:
    """The table as a file, at its beginning."""
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {
        "text": pa.string(), "number": pa.float64(), "whole": pa.int64(), "flag": pa.bool_(),
        "day": pa.date32(), "moment": pa.timestamp("us", tz="UTC"),
    }  # fmt: skip
    beyond = dict.fromkeys(IDENTITY, "text") | {"birth_date": "day"}
    schema = pa.schema([(name, kinds[{**COLUMNS, **beyond}[name]]) for name in export.columns])
    file = tempfile.SpooledTemporaryFile(max_size=1 << 24)  # noqa: SIM115 - closed by who sends it
    with parquet.ParquetWriter(file, schema) as writer:
        for rows in export.rows():
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))
    file.seek(0)
    return file


def cell(value: Any) -> str:
    """A value for a spreadsheet: dates by ISO 8601, and no text that it would run."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS):
        return f"'{value}"
    return str(value)


def _of_study(study: Study) -> Row:
    return {
        "study": study.id, "received_at": study.received_at, "study_date": study.study_date,
        "site": study.site, "device": study.device, "origin": str(study.origin),
        "age_years": study.age_years, "sex": study.sex, "state": str(study.state), "score": study.score,
        "is_flagged": study.is_flagged, "opinion": None if study.opinion is None else str(study.opinion),
        "test_result": study.test_result,
    }  # fmt: skip


def _of_reading(reading: Reading | None) -> Row:
    names = ("bundle", "threshold", "spread", "certainty")
    return {name: None if reading is None else getattr(reading, name) for name in names}


def _of_verdict(verdict: Verdict | None) -> Row:
    if verdict is None:
        return dict.fromkeys(("opinion_by", "opinion_at", "score_was_shown"))
    return {
        "opinion_by": verdict.who, "opinion_at": verdict.given_at, "score_was_shown": verdict.score_was_shown,
    }  # fmt: skip


def _latest_readings(session: Session, numbers: Sequence[int]) -> dict[int, Reading]:
    by_study: dict[int, list[Reading]] = {}
    for reading in session.scalars(select(Reading).where(Reading.study_id.in_(numbers))):
        by_study.setdefault(reading.study_id, []).append(reading)
    return {number: deciding(readings) for number, readings in by_study.items()}


def _latest_verdicts(session: Session, numbers: Iterable[int]) -> dict[int, Verdict]:
    found = select(Verdict).where(Verdict.study_id.in_(numbers)).order_by(Verdict.id)
    return {verdict.study_id: verdict for verdict in session.scalars(found)}


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(BLOCK):
            yield block
