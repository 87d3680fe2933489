"""The worklist: search, filters, counts, order, pages, and what can be done with several studies at once.

A page costs a handful of queries whatever the table holds. Trap: in blind mode an order or a filter by score
would tell what the rows hide, so both are left aside for whoever reads blind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session

from hilum.records import RefusalCode
from hilum.web.pages.filters import REFUSALS, Listing, read_listing
from hilum.web.problems import InvalidRequest
from hilum.web.rights import Right
from hilum.web.sight import Sight, sight
from hilum.web.templating import render
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.operating_points import reader_in_force
from hilum.worklist.search import Sort, StudyPage, count_groups, find_studies, sites
from hilum.worklist.search import study as find_study
from hilum.worklist.states import ARRIVING, State
from hilum.worklist.station import Station
from hilum.worklist.station_settings import read_choices
from hilum.worklist.verdicts import requeue_many

PAGE_SIZE = 50  # studies
MOST_AT_ONCE = 500  # of a bulk wish
GONE_OVER = tuple(state for state in State if state not in ARRIVING)
TO_READ = (State.SCORED, State.REFUSED, State.FAILED, State.DELIVERED)

router = APIRouter(include_in_schema=False)
Seer = Annotated[Visitor, Depends(require(Right.SEE_STUDIES))]
Here = Annotated[Station, Depends(current_station)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the list a page is, and what has just been done there."""

    after: str | None  # as the page before gives it
    n: int  # studies before it
    done: int | None  # of the last bulk wish
    refused: int | None


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the list that people ask for by name."""

    name: str  # key of the template's words
    n: int
    states: tuple[State, ...] = ()
    verdict: str = ""  # "yes", "no", or "" where it does not matter
    score: str = ""  # "none": refused, whether or not it was read; "" where it does not matter


async def place_of(
    after: str | None = None, n: int = 0, done: int | None = None, refused: int | None = None
) -> Place:
    """Where the address says."""
    return Place(after, n, done, refused)


@router.get("/worklist")
def worklist(
    request: Request,
    visitor: Seer,
    station: Here,
    place: Annotated[Place, Depends(place_of)],
) -> HTMLResponse:
    """One page of the list."""
    with station.database.reading() as session:
        listing, seen = listing_for(session, visitor, request)
        page = find_studies(session, listing.wanted, listing.sort, after=place.after or None, limit=PAGE_SIZE)
        numbers = [study.id for study in page.studies]
        seen = sight(session, visitor, numbers)
        tabs = _tabs(session, listing)
        known_sites = sites(session)
        threshold = reader_in_force(session, station.bundle, station.bundle_sha256).threshold
    return render(
        request,
        "worklist.html",
        listing=listing,
        page=page,
        sight=seen,
        tabs=tabs,
        current=_current(listing, tabs),
        sites=known_sites,
        threshold=threshold,
        place=place,
        may=visitor.may,
    )


@router.get("/worklist/studies/{study_id}")
def one_row(request: Request, study_id: int, visitor: Seer, station: Here) -> HTMLResponse:
    """One study's row, for a page that is told of its change; empty where it is no longer there."""
    with station.database.reading() as session:
        found = find_study(session, study_id)
        listing, _ = listing_for(session, visitor, request)
        seen = sight(session, visitor, [study_id])
        threshold = reader_in_force(session, station.bundle, station.bundle_sha256).threshold
    return render(
        request,
        "worklist_rows.html",
        page=StudyPage(() if found is None else (found,), None),
        listing=listing,
        sight=seen,
        threshold=threshold,
    )


@router.post("/worklist/queue-again")
def queue_again(
    visitor: Annotated[Visitor, Depends(require(Right.REQUEUE))],
    station: Here,
    study: Annotated[list[int] | None, Form()] = None,
    query: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Have the chosen studies scored again, and go back to the list.

    Raises:
        InvalidRequest: none is chosen, or too many.
    """
    chosen = _chosen(study)
    with station.database.writing() as session:
        bulk = requeue_many(session, chosen, who=visitor.login, now=station.now())
    told = f"done={len(bulk.done)}&refused={len(bulk.refused)}"
    return RedirectResponse(f"/worklist?{query}&{told}" if query else f"/worklist?{told}", status_code=303)


def listing_for(session: Session, visitor: Visitor, request: Request) -> tuple[Listing, Sight]:
    """The listing that the address asks for, as far as the visitor may know it, and what they may see.

    Where the address names no order, the station's holds.
    """
    seen = sight(session, visitor)
    order = Sort(read_choices(session).reading_order)
    listing = read_listing(request.query_params, default_sort=order)
    return listing.as_seen(seen), seen


def _chosen(study: Iterable[int] | None) -> list[int]:
    chosen = list(dict.fromkeys(study or ()))
    if not chosen:
        raise InvalidRequest("no study is chosen: tick some first")
    if len(chosen) > MOST_AT_ONCE:
        raise InvalidRequest(f"at most {MOST_AT_ONCE} studies at once")
    return chosen


def _tabs(session: Session, listing: Listing) -> tuple[Tab, ...]:
    """Counts of the whole filter, what is the tab's own left aside."""
    codes = tuple(map(RefusalCode, listing.of("refusal")))
    groups = count_groups(session, replace(listing.wanted, has_opinion=None, refusal_codes=codes))
    refusals = codes or REFUSALS
    n_waiting = sum(group.n for group in groups if group.state in ARRIVING)
    n_unread = sum(group.n for group in groups if group.state in TO_READ and not group.has_opinion)
    n_refused = sum(
        group.n for group in groups if group.refusal_code in refusals and group.state in GONE_OVER
    )
    n_all = sum(group.n for group in groups)
    return (
        Tab("all", n_all),
        Tab("waiting", n_waiting, ARRIVING),
        Tab("to-read", n_unread, TO_READ, verdict="no"),
        Tab("read", n_all - n_waiting - n_unread, GONE_OVER, verdict="yes"),
        Tab("refused", n_refused, GONE_OVER, score="none"),
        Tab("failed", sum(group.n for group in groups if group.state is State.FAILED), (State.FAILED,)),
    )


def _current(listing: Listing, tabs: tuple[Tab, ...]) -> Tab | None:
    """The tab that the address is of; None where it names other states."""
    asked = (set(listing.of("state")), listing.first("verdict"), listing.first("score"))
    return next((tab for tab in tabs if (set(map(str, tab.states)), tab.verdict, tab.score) == asked), None)
