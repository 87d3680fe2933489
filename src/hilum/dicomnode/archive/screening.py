"""Screening an archive: day by day, every radiograph that the station does not hold yet is fetched and filed.

What is held already is not asked for again, so that a run that broke off goes on where it was. Trap: an
archive serves people while we ask it, so films come one after another, no faster than the plan says.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from hilum.dicomnode.archive.find import FoundFilm, asking, find_films, find_studies
from hilum.dicomnode.archive.retrieve import Retrieved, getting, move_film, moving, retrieve_film
from hilum.dicomnode.peer import Peer, Requestor
from hilum.dicomnode.privacy import frames
from hilum.dicomnode.receiving import file_head
from hilum.dicomnode.statuses import FAULT, NOT_WRITTEN, STUDY_MISSING, SUCCESS, Status
from hilum.errors import DiskShort, PeerFailed
from hilum.worklist.film_facts import read_film_facts
from hilum.worklist.intake import Arrival, accept
from hilum.worklist.states import Origin
from hilum.worklist.station import Station
from hilum.worklist.tables import Film

if TYPE_CHECKING:
    from pynetdicom.events import Event

log = logging.getLogger(__name__)

MOST_TRIES = 3  # of a day, where the archive breaks off
PAUSE_S = 5.0  # before the second try; twice that before the third
CLOSES_AFTER_S = 10.0  # the films of a study come one after another, and are then read together


@dataclass(frozen=True, slots=True)
class Plan:
    """What to fetch, and how."""

    archive: Peer
    since: date
    until: date  # the last day
    move_to: str | None = None  # the AE title of a node that the archive sends to; None: C-GET
    films_a_minute: float | None = None  # at most; None: as fast as the archive serves


@dataclass(frozen=True, slots=True)
class DayFetched:
    """What became of one day."""

    day: date
    n_studies: int
    n_held: int  # films that were here already
    n_fetched: int
    n_failed: int  # films that the archive could not send, or that could not be filed


def screen_archive(
    station: Station, requestor: Requestor, plan: Plan, *, wait: Callable[[float], None] = time.sleep
) -> Iterator[DayFetched]:
    """Fetch what an archive holds of the plan's days, oldest first; each day is told of when it is done.

    Args:
        station: that the films go to.
        requestor: who we are.
        plan: see there.
        wait: seconds; a test hands in its own.

    Raises:
        PeerFailed: the archive failed three times over one day; a later run goes on from there.
        DiskShort: there is no room for more.
    """
    pace = _Pace(plan.films_a_minute, wait)
    day = plan.since
    while day <= plan.until:
        yield _persistently(partial(_fetch_day, station, requestor, plan, day, pace=pace), wait)
        day += timedelta(days=1)


def _persistently(fetch: Callable[[], DayFetched], wait: Callable[[float], None]) -> DayFetched:
    for n_tries in range(1, MOST_TRIES):
        try:
            return fetch()
        except PeerFailed as error:
            log.warning("%s; tried again in %g s", error, n_tries * PAUSE_S)
            wait(n_tries * PAUSE_S)
    return fetch()


def _fetch_day(station: Station, requestor: Requestor, plan: Plan, day: date, *, pace: _Pace) -> DayFetched:
    with asking(plan.archive, requestor) as link:
        studies = find_studies(link, day)
        films = [film for study in studies for film in find_films(link, study.study_uid)]
    held = _held(station, films)
    missing = [film for film in films if film.sop_instance_uid not in held]
    n_fetched = 0
    if missing:
        with _fetching(station, requestor, plan) as fetch:
            for film in missing:
                pace.keep()
                station.originals.check_room()
                n_fetched += fetch(film).n_failed == 0
    return DayFetched(day, len(studies), len(films) - len(missing), n_fetched, len(missing) - n_fetched)


def _held(station: Station, films: list[FoundFilm]) -> set[str]:
    """The instances of those that are here."""
    uids = [film.sop_instance_uid for film in films]
    with station.database.reading() as session:
        found: set[str] = set()
        for start in range(0, len(uids), 500):  # a statement takes so many values
            block = uids[start : start + 500]
            found.update(
                session.scalars(select(Film.sop_instance_uid).where(Film.sop_instance_uid.in_(block)))
            )
    return found


@contextmanager
def _fetching(
    station: Station, requestor: Requestor, plan: Plan
) -> Iterator[Callable[[FoundFilm], Retrieved]]:
    if plan.move_to is not None:
        node = plan.move_to
        with moving(plan.archive, requestor) as link:
            yield lambda film: move_film(link, film, to=node)
        return
    with getting(plan.archive, requestor, keep=lambda event: _keep(event, station, plan).code) as link:
        yield lambda film: retrieve_film(link, film)


def _keep(event: Event, station: Station, plan: Plan) -> Status:
    """File one film that the archive sends; what it is told ends in its count of failures."""
    try:
        return _file(event, station, plan)
    except (OSError, DiskShort) as error:
        log.error("a fetched film could not be written: %s", frames(error))  # noqa: TRY400 - it may quote
        return NOT_WRITTEN
    except Exception as error:  # a fault of ours must not end the association of the other films
        log.error("a fetched film could not be filed: %s", frames(error))  # noqa: TRY400 - it may quote
        return FAULT


def _file(event: Event, station: Station, plan: Plan) -> Status:
    request: Any = event.request  # a C-STORE request, by the handler's event
    head = file_head(
        str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID), event.context.transfer_syntax
    )
    kept = station.originals.keep([head, request.DataSet.getvalue()])
    facts = read_film_facts(kept.path)
    if facts.study_uid is None:
        return STUDY_MISSING
    arrival = Arrival(
        kept=kept,
        facts=facts,
        origin=Origin.ARCHIVE,
        who=f"archive {plan.archive.ae_title}",
        at=station.now(),
        source=plan.archive.ae_title,
        site=facts.institution or station.settings.site,
        closes_after_s=CLOSES_AFTER_S,
    )
    with station.database.writing() as session:
        accept(session, arrival)
    return SUCCESS


class _Pace:
    """Holds back so that no more than so many films a minute are asked for."""

    def __init__(self, films_a_minute: float | None, wait: Callable[[float], None]) -> None:
        self._seconds = 0.0 if films_a_minute is None else 60.0 / films_a_minute
        self._wait = wait
        self._next = time.monotonic()

    def keep(self) -> None:
        """Wait until the next film may be asked for."""
        now = time.monotonic()
        if now < self._next:
            self._wait(self._next - now)
        self._next = max(now, self._next) + self._seconds
