"""Adding films: the radiographer drops files and sees each one's score, or what to do about it.

The page's script sends one file a request and is told of results by events; without script one form sends
all, and the page loads itself again while studies wait. Trap: a file that is turned away at the door is in
no table, so only the answer to its request tells of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from starlette.datastructures import UploadFile

from hilum.web.problems import InvalidRequest, NotFound
from hilum.web.rights import Right
from hilum.web.sight import Sight, sight
from hilum.web.templating import render
from hilum.web.uploads import Beside, SentFile, TakenUpload, open_upload, take_upload
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.states import ARRIVING
from hilum.worklist.station import Station
from hilum.worklist.tables import Study, Upload

MOST_SHOWN = 200  # lines of an upload that a page begins with; the worklist shows all

router = APIRouter(include_in_schema=False)
Uploader = Annotated[Visitor, Depends(require(Right.UPLOAD))]
Here = Annotated[Station, Depends(current_station)]


@dataclass(frozen=True, slots=True)
class Lines:
    """Studies of an upload, as the page shows them."""

    studies: tuple[Study, ...]
    sight: Sight

    @property
    def n_waiting(self) -> int:
        return sum(study.state in ARRIVING for study in self.studies)


def beside_of(
    patient_id: Annotated[str, Form()] = "",
    age: Annotated[str, Form()] = "",
    sex: Annotated[str, Form()] = "",
    site: Annotated[str, Form()] = "",
) -> Beside:
    """What the form says of all its films.

    Raises:
        InvalidRequest: an age that is no number.
    """
    try:
        years = float(age.replace(",", ".")) if age.strip() else None
    except ValueError:
        raise InvalidRequest("age_years: an age is 0 to 130 years") from None
    return Beside(patient_id=patient_id, age_years=years, sex=sex or None, site=site)


async def films_of(request: Request) -> AsyncIterator[list[SentFile]]:
    """The form's files until they are taken; a field left empty comes as a file without name and bytes."""
    form = await request.form()
    files = [file for file in form.getlist("films") if isinstance(file, UploadFile)]
    yield [SentFile(file.filename or "", file.file) for file in files if file.filename or file.size]
    await form.close()


Films = Annotated[list[SentFile], Depends(films_of)]


@router.get("/upload")
def upload_page(request: Request, _visitor: Uploader, station: Here) -> HTMLResponse:
    """The empty page."""
    return _page(request, station, upload_id=None, lines=None)


@router.post("/upload")
def send_all(
    request: Request,
    visitor: Uploader,
    station: Here,
    beside: Annotated[Beside, Depends(beside_of)],
    films: Films,
) -> HTMLResponse:
    """The form without script: all files in one request, and the page of the upload."""
    taken = take_upload(station, visitor, films, beside=beside)
    lines = _lines(station, visitor, (Study.upload_id == taken.upload_id) | Study.id.in_(_numbers(taken)))
    return _page(request, station, upload_id=taken.upload_id, lines=lines, taken=taken)


@router.post("/upload/open")
def open_one(visitor: Uploader, station: Here) -> JSONResponse:
    """An upload whose files come one a request."""
    return JSONResponse({"upload": open_upload(station, visitor)}, status_code=201)


@router.get("/upload/{upload_id}")
def upload_progress(request: Request, upload_id: int, visitor: Uploader, station: Here) -> HTMLResponse:
    """An upload as it stands."""
    with station.database.reading() as session:
        if session.get(Upload, upload_id) is None:
            raise NotFound(f"there is no upload {upload_id}")
    lines = _lines(station, visitor, Study.upload_id == upload_id)
    return _page(request, station, upload_id=upload_id, lines=lines)


@router.post("/upload/{upload_id}")
def send_one(
    request: Request,
    upload_id: int,
    visitor: Uploader,
    station: Here,
    beside: Annotated[Beside, Depends(beside_of)],
    films: Films,
) -> HTMLResponse:
    """One file of the page's script, or a zip: the lines of what became of it."""
    taken = take_upload(station, visitor, films, beside=beside, upload_id=upload_id)
    lines = _lines(station, visitor, Study.id.in_(_numbers(taken)))
    return render(request, "upload_lines.html", lines=lines, taken=taken)


@router.get("/upload/{upload_id}/lines")
def lines_of_upload(
    request: Request, upload_id: int, visitor: Uploader, station: Here, study: int | None = None
) -> HTMLResponse:
    """The lines of an upload, or of one study in it: after an event, and by the clock where events fail."""
    which = Study.upload_id == upload_id
    lines = _lines(station, visitor, which if study is None else which & (Study.id == study))
    return render(request, "upload_lines.html", lines=lines, taken=None)


def _page(
    request: Request,
    station: Station,
    *,
    upload_id: int | None,
    lines: Lines | None,
    taken: TakenUpload | None = None,
) -> HTMLResponse:
    return render(
        request, "upload.html", upload_id=upload_id, lines=lines, taken=taken, site=station.settings.site
    )


def _numbers(taken: TakenUpload) -> list[int]:
    """The studies that the files are of, those of films that were here already too."""
    return [file.study_id for file in taken.files if file.study_id is not None][:MOST_SHOWN]


def _lines(station: Station, visitor: Visitor, *which: object) -> Lines:
    with station.database.reading() as session:
        studies = _studies(session, *which)
        seen = sight(session, visitor, [study.id for study in studies])
    return Lines(studies, seen)


def _studies(session: Session, *which: object) -> tuple[Study, ...]:
    found = (
        select(Study)
        .where(*which)  # type: ignore[arg-type]  # conditions
        .order_by(Study.id.desc())
        .limit(MOST_SHOWN)
        .options(selectinload(Study.films), selectinload(Study.readings))
    )
    return tuple(session.scalars(found))
