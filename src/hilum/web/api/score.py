"""Films in by the API: one that is answered at once, or many that are followed.

One film goes through the same queue as all others, at the highest priority, and its answer waits for the
worker. Trap: waiting must cost no thread, or forty waiting programs would stop the pages, so it sleeps in the
event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import update

from hilum.findings import Sex
from hilum.web.api.asking import Answers, Here, Limit, Seer
from hilum.web.api.schemas import (
    Number,
    Result,
    ScoreOut,
    TakenOut,
    UploadOut,
    UploadProgress,
)
from hilum.web.api.telling import API, Telling
from hilum.web.pages.study import known_study
from hilum.web.problems import InvalidRequest, NotFound
from hilum.web.rights import Right
from hilum.web.uploaded_zip import is_zip
from hilum.web.uploads import Beside, Outcome, SentFile, TakenFile, take_upload
from hilum.web.visitor import Visitor, require
from hilum.worklist.search import Sort, StudyFilter, count_by_state, find_studies
from hilum.worklist.states import ARRIVING, Origin, State
from hilum.worklist.station import Station
from hilum.worklist.station_settings import HIGHEST_PRIORITY
from hilum.worklist.tables import Study, Upload

router = APIRouter(tags=["films in"])
Uploader = Annotated[Visitor, Depends(require(Right.UPLOAD, Right.SEE_STUDIES))]

AT_ONCE = HIGHEST_PRIORITY + 1  # before every site's rule: somebody waits for the answer
LONGEST_WAIT_S = 60.0
FIRST_LOOK_S, LONGEST_LOOK_S = 0.05, 0.5  # between looks at the worklist; it grows by half each time
WAITING: Answers = {
    202: {"model": ScoreOut, "description": "Not scored yet; ask at `poll`, which Location names too."}
}


def sent_beside(
    age_years: Annotated[
        float | None, Form(ge=0, le=130, description="Where the file does not tell.")
    ] = None,
    sex: Annotated[Sex | None, Form(description="Where the file does not tell.")] = None,
    site: Annotated[str, Form(max_length=64)] = "",
    patient_id: Annotated[str, Form(max_length=64, description="Where the file does not tell.")] = "",
) -> Beside:
    """The dependency that reads what is said of all files of a form."""
    return Beside(origin=Origin.API, site=site, patient_id=patient_id, age_years=age_years,
                  sex=None if sex is None else str(sex))  # fmt: skip


Said = Annotated[Beside, Depends(sent_beside)]


@router.post("/score", summary="Score one film", responses=WAITING)
async def score(
    visitor: Uploader,
    station: Here,
    beside: Said,
    response: Response,
    file: Annotated[UploadFile, File(description="PNG, JPEG, or DICOM.")],
    wait_s: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S, description="How long to wait for it.")] = 30.0,
) -> ScoreOut:
    """The score, or the refusal with its code and reason, at once.

    The same bytes sent again give the same study and the same result. What is no film at all answers 422.
    """
    taken = await run_in_threadpool(_take_one, station, visitor, file, beside)
    assert taken.study_id is not None
    assert taken.film_id is not None
    told = await _waited(station, visitor, taken.study_id, taken.film_id, wait_s)
    if told.result is Result.WAITING:
        response.status_code = 202
        response.headers["Location"] = told.poll
    return told


@router.post("/uploads", status_code=201, summary="Send many films")
def send_films(
    visitor: Uploader,
    station: Here,
    beside: Said,
    files: Annotated[list[UploadFile], File(description="PNG, JPEG, DICOM, or zips of them.")],
) -> UploadOut:
    """Each is kept and filed, or turned away by itself; their scores come later."""
    taken = take_upload(station, visitor, _sent(files), beside=beside)
    files_out = [
        TakenOut(name=one.name, outcome=one.outcome, study=one.study_id, film=one.film_id, code=one.code,
                 reason=one.reason)
        for one in taken.files
    ]  # fmt: skip
    return UploadOut(upload=taken.upload_id, files=files_out, poll=f"{API}/uploads/{taken.upload_id}")


@router.get("/uploads/{upload}", summary="How an upload stands")
def upload_progress(
    upload: Number,
    visitor: Seer,
    station: Here,
    limit: Limit = 1000,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> UploadProgress:
    """Its studies in the order that they came, and how many are in each state."""
    wanted = StudyFilter(upload_id=upload)
    with station.database.reading() as session:
        found = session.get(Upload, upload)
        if found is None:
            raise NotFound(f"there is no upload {upload}")
        page = find_studies(session, wanted, Sort.OLDEST, after=after, limit=limit)
        states = {state: number for state, number in count_by_state(session, wanted).items() if number}
        telling = Telling(session, visitor, [study.id for study in page.studies])
    return UploadProgress(
        upload=upload,
        started_at=found.started_at,
        states=states,
        is_finished=not any(state in states for state in ARRIVING),
        studies=[telling.brief(study) for study in page.studies],
        after=page.after,
    )


def _take_one(station: Station, visitor: Visitor, file: UploadFile, beside: Beside) -> TakenFile:
    """Keep and file one film, to be scored before all others.

    Raises:
        InvalidRequest: it is no film, or a zip; the message says what it is.
    """
    head = file.file.read(4096)
    file.file.seek(0)
    if is_zip(head):
        raise InvalidRequest("file: one film is scored at a time; send a zip to /api/v1/uploads", "file")
    at_once = replace(beside, closes_after_s=0.0)
    (taken,) = take_upload(station, visitor, [_sent_file(file)], beside=at_once).files
    if taken.outcome is Outcome.REFUSED:
        raise InvalidRequest(f"file: {taken.reason}", "file")
    with station.database.writing() as session:
        session.execute(
            update(Study)
            .where(Study.id == taken.study_id, Study.state == State.QUEUED, Study.priority < AT_ONCE)
            .values(priority=AT_ONCE)
        )
    return taken


async def _waited(station: Station, visitor: Visitor, study_id: int, film_id: int, wait_s: float) -> ScoreOut:
    """What became of the film, as soon as that is known, or at the end of the wait."""
    end, pause = time.monotonic() + wait_s, FIRST_LOOK_S
    while True:
        told = await run_in_threadpool(_told, station, visitor, study_id, film_id)
        left = end - time.monotonic()
        if told.result is not Result.WAITING or left <= 0:
            return told
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_LOOK_S)


def _told(station: Station, visitor: Visitor, study_id: int, film_id: int) -> ScoreOut:
    with station.database.reading() as session:
        study = known_study(session, study_id)
        return Telling(session, visitor, [study_id]).scored(study, film_id)


def _sent(files: list[UploadFile]) -> Iterator[SentFile]:
    return map(_sent_file, files)


def _sent_file(file: UploadFile) -> SentFile:
    return SentFile(file.filename or "", file.file)
