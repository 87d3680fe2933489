"""One study: its films in the viewer, what the machine says, what people say, and what came of it.

Trap: in blind mode the machine's word never reaches the template until the reader's own verdict is there, so
`Shown.reading` is None then, and the heat map's own address refuses too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import QueryParams

from hilum.errors import StudyUnknown
from hilum.findings import Zone
from hilum.reports.reader_facts import ReaderFacts
from hilum.web.pages.filters import Listing, read_listing
from hilum.web.pages.heat_scale import heat_scale
from hilum.web.problems import InvalidRequest
from hilum.web.rights import Right
from hilum.web.sight import Sight, sight
from hilum.web.templating import render
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.cases import reader_facts_of
from hilum.worklist.deliveries import send_again
from hilum.worklist.people import Named, named
from hilum.worklist.readings import deciding, reading_of_film
from hilum.worklist.search import Sort, earlier_studies, neighbours
from hilum.worklist.search import study as find_study
from hilum.worklist.states import Opinion, State
from hilum.worklist.station import Station
from hilum.worklist.station_settings import read_choices
from hilum.worklist.tables import AuditEvent, Film, Reading, Study, Verdict
from hilum.worklist.verdicts import Said, Tested, enter_test_result, give_verdict, requeue

MOST_HISTORY = 200  # rows of the trail, the newest

router = APIRouter(include_in_schema=False)
Seer = Annotated[Visitor, Depends(require(Right.SEE_STUDIES))]
Here = Annotated[Station, Depends(current_station)]


class VerdictForm(BaseModel):
    """As the browser sends it; what is left out is empty."""

    opinion: str = ""
    zone: Sequence[str] = ()
    comment: str = ""
    then: str = ""  # "next" goes on to the next study of the list
    list: str = ""  # the query of the list that the reader came from


class ResultForm(BaseModel):
    """As the browser sends it."""

    test: str = ""
    result: str = ""
    taken_on: str = ""
    list: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows of a study to one visitor."""

    study: Study
    sight: Sight
    is_hidden: bool  # the machine's word, from this visitor
    film: Film | None  # in the viewer
    reading: Reading | None  # that decided; None where there is none, or it is hidden
    film_reading: Reading | None  # of the film in the viewer
    evidence: ReaderFacts | None  # of the threshold of `reading`
    own: Verdict | None  # the visitor's last
    earlier: Sequence[Study]
    hidden_earlier: frozenset[int]
    history: Sequence[AuditEvent]
    people: Named  # who gave verdicts and results, and who stands in the history
    before: int | None
    after: int | None


@router.get("/studies/{study_id}")
def study_page(
    request: Request,
    study_id: int,
    visitor: Seer,
    station: Here,
    film: int | None = None,
    beside: int | None = None,
) -> HTMLResponse:
    """The page; `film` is shown where the study has it, and `beside` is an earlier study next to it.

    Raises:
        StudyUnknown: no such study.
    """
    query = request.query_params.get("list", "")
    with station.database.reading() as session:
        shown = _shown(session, station, visitor, study_id, film=film, query=query)
    other = next((one for one in shown.earlier if one.id == beside), None)
    return render(
        request,
        "study.html",
        shown=shown,
        study=shown.study,
        query=query,
        beside=other,
        beside_film=None if other is None else _film_to_show(other, None, hidden=True),
        heat_scale=heat_scale(),
        may=visitor.may,
        today=station.now().astimezone().date(),
    )


@router.post("/studies/{study_id}/verdict")
def verdict(
    study_id: int,
    visitor: Annotated[Visitor, Depends(require(Right.GIVE_VERDICT))],
    station: Here,
    given: Annotated[VerdictForm, Form()],
) -> RedirectResponse:
    """Give a verdict, and stay or go on to the next study of the list.

    Raises:
        InvalidRequest: no opinion is chosen, or a value is none of the form's.
    """
    zones = _zones(given.zone)
    if given.opinion not in set(Opinion):
        raise InvalidRequest("choose one of the four verdicts")
    with station.database.writing() as session:
        seen = sight(session, visitor, [study_id])
        said = Said(Opinion(given.opinion), not seen.hides(study_id), zones, given.comment)
        give_verdict(session, study_id, said, who=visitor.login, now=station.now())
    return _back(station, visitor, study_id, given.list, goes_on=given.then == "next")


@router.post("/studies/{study_id}/test-result")
def enter_result(
    study_id: int,
    visitor: Annotated[Visitor, Depends(require(Right.ENTER_TEST))],
    station: Here,
    entered: Annotated[ResultForm, Form()],
) -> RedirectResponse:
    """Enter the result of a confirmatory test.

    Raises:
        InvalidRequest: a day that is none.
    """
    try:
        day = date.fromisoformat(entered.taken_on) if entered.taken_on.strip() else None
    except ValueError:
        raise InvalidRequest("taken_on: a day is written as 2026-11-24") from None
    with station.database.writing() as session:
        tested = Tested(entered.test, entered.result, day)
        enter_test_result(session, study_id, tested, who=visitor.login, now=station.now())
    return _back(station, visitor, study_id, entered.list)


@router.post("/studies/{study_id}/queue-again")
def queue_again(
    study_id: int,
    visitor: Annotated[Visitor, Depends(require(Right.REQUEUE))],
    station: Here,
    query: Annotated[str, Form(alias="list")] = "",
) -> RedirectResponse:
    """Have the study scored again."""
    with station.database.writing() as session:
        requeue(session, study_id, who=visitor.login, now=station.now())
    return _back(station, visitor, study_id, query)


@router.post("/studies/{study_id}/send-again")
def deliver_again(
    study_id: int,
    visitor: Annotated[Visitor, Depends(require(Right.REQUEUE))],
    station: Here,
    query: Annotated[str, Form(alias="list")] = "",
) -> RedirectResponse:
    """Try the deliveries again that were given up."""
    with station.database.writing() as session:
        send_again(session, study_id, who=visitor.login, now=station.now())
    return _back(station, visitor, study_id, query)


def known_study(session: Session, study_id: int) -> Study:
    """A study, everything loaded.

    Raises:
        StudyUnknown: no such study.
    """
    found = find_study(session, study_id)
    if found is None:
        raise StudyUnknown(study_id)
    return found


def _shown(
    session: Session, station: Station, visitor: Visitor, study_id: int, *, film: int | None, query: str
) -> Shown:
    study = known_study(session, study_id)
    earlier = earlier_studies(session, study)
    seen = sight(session, visitor, [study.id, *(one.id for one in earlier)])
    is_hidden = seen.hides(study.id) and study.state not in (State.RECEIVED, State.QUEUED)
    reading = deciding(study.readings) if study.readings and not is_hidden else None
    chosen = _film_to_show(study, film, hidden=is_hidden)
    listing = _listing(session, seen, query)
    before, after = neighbours(session, study, listing.wanted, listing.sort)
    history = _history(session, study_id)
    return Shown(
        study=study,
        sight=seen,
        is_hidden=is_hidden,
        film=chosen,
        reading=reading,
        film_reading=None if is_hidden or chosen is None else reading_of_film(study.readings, chosen.id),
        evidence=None if reading is None else reader_facts_of(session, station, reading),
        own=next((one for one in reversed(study.verdicts) if one.who == visitor.login), None),
        earlier=earlier,
        hidden_earlier=frozenset(one.id for one in earlier if seen.hides(one.id)),
        history=history,
        people=named(session, _logins(study, history)),
        before=before,
        after=after,
    )


def _film_to_show(study: Study, wanted: int | None, *, hidden: bool) -> Film | None:
    """The one asked for, else the one whose reading decided, else the first that is scored, else the first.

    Which of several films scored highest is the machine's word, so where it is hidden the first is shown.
    """
    by_number = {film.id: film for film in study.films}
    decided = deciding(study.readings).film_id if study.readings and not hidden else None
    first_chosen = next((film.id for film in study.films if film.is_chosen), None)
    first = study.films[0].id if study.films else None
    return next((by_number[one] for one in (wanted, decided, first_chosen, first) if one in by_number), None)


def _logins(study: Study, history: Sequence[AuditEvent]) -> set[str]:
    said = {one.who for one in study.verdicts} | {one.who for one in study.test_results}
    return said | {event.who for event in history}


def _history(session: Session, study_id: int) -> Sequence[AuditEvent]:
    found = select(AuditEvent).where(AuditEvent.study_id == study_id).order_by(AuditEvent.id.desc())
    return session.scalars(found.limit(MOST_HISTORY)).all()


def _listing(session: Session, seen: Sight, query: str) -> Listing:
    """The list that the visitor came from."""
    listing = read_listing(QueryParams(query), default_sort=Sort(read_choices(session).reading_order))
    return listing.as_seen(seen)


def _zones(names: Sequence[str]) -> tuple[Zone, ...]:
    if any(name not in set(Zone) for name in names):
        raise InvalidRequest("zone: not one of the six")
    return tuple(Zone(name) for name in names)


def _back(
    station: Station, visitor: Visitor, study_id: int, query: str, *, goes_on: bool = False
) -> RedirectResponse:
    """To the study, or to the next one of the list, or to the list where there is none."""
    target: int | None = study_id
    if goes_on:
        with station.database.reading() as session:
            listing = _listing(session, sight(session, visitor), query)
            _, target = neighbours(session, known_study(session, study_id), listing.wanted, listing.sort)
    if target is None:
        return RedirectResponse(f"/worklist?{query}", status_code=303)
    kept = f"?{QueryParams({'list': query})}" if query else ""
    return RedirectResponse(f"/studies/{target}{kept}", status_code=303)
