"""Studies by the API: lists, one with everything, its heat map and report, and the wish to score it again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from hilum.web.api.asking import Answers, Here, Limit, RowNumber, Seer, Wanted, listing_for
from hilum.web.api.schemas import Number, StudyBrief, StudyList, StudyOut
from hilum.web.api.telling import Telling
from hilum.web.pages import pictures, report
from hilum.web.pages.study import known_study
from hilum.web.problems import NotFound
from hilum.web.rights import Right
from hilum.web.visitor import Visitor, require
from hilum.worklist.deliveries import send_again
from hilum.worklist.readings import deciding
from hilum.worklist.search import Sort, find_studies
from hilum.worklist.verdicts import requeue

router = APIRouter(tags=["studies"])
Requeuer = Annotated[Visitor, Depends(require(Right.REQUEUE))]

PNG: Answers = {200: {"content": {"image/png": {}}, "description": "RGBA in the film's own aspect."}}
PDF: Answers = {200: {"content": {"application/pdf": {}}, "description": "The report."}}


@router.get("/studies", summary="Find studies")
def list_studies(
    visitor: Seer,
    station: Here,
    wanted: Wanted,
    sort: Sort = Sort.NEWEST,
    limit: Limit = 50,
    after: Annotated[str | None, Query(max_length=200, description="Of the page before.")] = None,
) -> StudyList:
    """A page of the studies that a filter lets through.

    In blind mode a reader's filter by score, flag, refusal, or opinion, and the order by score, are left
    aside.
    """
    with station.database.reading() as session:
        listing = listing_for(session, visitor, wanted, sort)
        page = find_studies(session, listing.wanted, listing.sort, after=after, limit=limit)
        telling = Telling(session, visitor, [study.id for study in page.studies])
    return StudyList(studies=[telling.brief(study) for study in page.studies], after=page.after)


@router.get("/studies/{study}", summary="One study with everything")
def one_study(study: Number, visitor: Seer, station: Here) -> StudyOut:
    """Its films, readings, verdicts, tests, and deliveries."""
    with station.database.reading() as session:
        found = known_study(session, study)
        return Telling(session, visitor, [study]).whole(found)


@router.get("/studies/{study}/heat-map", summary="Where the machine looked", responses=PNG,
            response_class=Response)  # fmt: skip
def heat_map(study: Number, visitor: Seer, station: Here, reading: RowNumber = None) -> Response:
    """The heat map of a reading, or of the one that decided; 404 where nothing was localised."""
    if reading is None:
        with station.database.reading() as session:
            readings = known_study(session, study).readings
        if not readings:
            raise NotFound(f"study {study} has no reading yet")
        reading = deciding(readings).id
    return pictures.heat_map(study, reading, visitor, station)


@router.get(
    "/studies/{study}/report", summary="The case report as PDF", responses=PDF, response_class=Response
)
def case_report(study: Number, visitor: Seer, station: Here) -> Response:
    """The report; 404 before the study is scored. The study itself, as JSON, is at /studies/{study}."""
    return report.report_pdf(study, visitor, station)


@router.post("/studies/{study}/requeue", status_code=202, summary="Score a study again")
def queue_again(study: Number, visitor: Requeuer, station: Here) -> StudyBrief:
    """By the bundle and the threshold that are in force now; 409 while it waits anyway."""
    with station.database.writing() as session:
        requeue(session, study, who=visitor.login, now=station.now())
    with station.database.reading() as session:
        found = known_study(session, study)
        return Telling(session, visitor, [study]).brief(found)


@router.post("/studies/{study}/send-again", status_code=202, summary="Try given-up deliveries again")
def deliver_again(study: Number, visitor: Requeuer, station: Here) -> StudyOut:
    """What was given up waits again."""
    with station.database.writing() as session:
        known_study(session, study)
        send_again(session, study, who=visitor.login, now=station.now())
    return one_study(study, visitor, station)
