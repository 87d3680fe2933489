"""The programme: how many films, how often flagged or refused, how well readers, tests, and machine agree.

Trap: every rate stands with its interval and its denominator, and where it cannot be estimated the page says
why; the watch for drift draws thousands of samples, so the page asks for it by itself once it is there.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from hilum.errors import TableInvalid
from hilum.evaluation.monitoring import Monitoring, MonitorSettings, monitor
from hilum.records import Estimate
from hilum.web.pages import export
from hilum.web.pages.charts import common_end, films_by_time, interval
from hilum.web.pages.filters import Listing
from hilum.web.problems import InvalidRequest
from hilum.web.rights import Right
from hilum.web.templating import render
from hilum.web.translation import N_
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.confirmed import confirmed_cases
from hilum.worklist.drifting import watched
from hilum.worklist.operating_points import points_chosen, reader_in_force
from hilum.worklist.people import named
from hilum.worklist.programme import Counts, Period, programme_figures
from hilum.worklist.search import Sort, StudyFilter, sites
from hilum.worklist.station import Station

USUAL_DAYS = 30
REFERENCE_DAYS = 365  # before the period, against which it is watched
FIGURES = {
    "median": N_("median score"),
    "distribution (KS)": N_("distribution of scores"),
    "distribution (PSI)": N_("distribution of scores"),
    "flag rate": N_("flag rate"),
    "refusal rate": N_("refusal rate"),
    "refusal codes": N_("reasons for refusal"),
    "sensitivity": N_("sensitivity"),
    "specificity": N_("specificity"),
    "site mix": N_("mix of sites"),
    "device mix": N_("mix of devices"),
    "age mix": N_("mix of ages"),
    "sex mix": N_("mix of sexes"),
}

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Visitor, Depends(require(Right.SEE_PROGRAMME))]
Here = Annotated[Station, Depends(current_station)]


@dataclass(frozen=True, slots=True)
class Drift:
    """What the watch says: a comparison, or why there is none."""

    monitoring: Monitoring | None
    why: str = ""
    figures: tuple[str, ...] = ()  # that raise the alarm, to be translated


def period_of(request: Request, station: Here) -> Period:
    """The period that the address asks for: the last 30 days where it names none.

    Raises:
        InvalidRequest: a day that is none, or an end before its beginning.
    """
    params = request.query_params
    today = station.now().date()
    last = _day(params.get("to", ""), "to") or today
    first = _day(params.get("from", ""), "from") or last - timedelta(days=USUAL_DAYS - 1)
    if first > last:
        raise InvalidRequest("from: lies after the last day")
    return Period(first, last, params.get("site") or None)


Asked = Annotated[Period, Depends(period_of)]


@router.get("/programme")
def programme_page(request: Request, visitor: Watcher, station: Here, period: Asked) -> HTMLResponse:
    """The figures of a period."""
    with station.database.reading() as session:
        figures = programme_figures(session, period)
        reader = reader_in_force(session, station.bundle, station.bundle_sha256)
        chosen = points_chosen(session, station.bundle_sha256)
        known_sites = sites(session)
        cases = confirmed_cases(session, station.bundle_sha256)
        logins = {*(one.who for one in figures.by_reader), *(point.chosen_by for point in chosen)}
        people = named(session, logins)
    groups = [*figures.sites.values(), *figures.devices.values()]
    return render(
        request,
        "programme.html",
        figures=figures,
        chart=films_by_time(figures.days),
        interval=interval,
        flag_end=common_end(_rates(groups, "flag_rate")),
        refusal_end=common_end(_rates(groups, "refusal_rate")),
        reader=reader,
        own=station.bundle.default_point,
        chosen=chosen,
        people=people,
        sites=known_sites,
        n_positive=sum(case.label == 1 for case in cases),
        n_negative=sum(case.label == 0 for case in cases),
        ranges=_ranges(station.now().date()),
        today=station.now().date(),
        may=visitor.may,
    )


@router.get("/programme/drift")
def drift(request: Request, _visitor: Watcher, station: Here, period: Asked) -> HTMLResponse:
    """Whether the period's films are unlike those of the year before it."""
    return render(request, "programme_drift.html", drift=_drift(station, period), period=period)


@router.get("/programme/month")
def month(
    visitor: Annotated[Visitor, Depends(require(Right.SEE_PROGRAMME, Right.EXPORT))],
    station: Here,
    month: str,
) -> StreamingResponse:
    """The studies of a month as CSV, de-identified.

    Raises:
        InvalidRequest: no month.
    """
    if not re.fullmatch(r"[1-9]\d{3}-(0[1-9]|1[0-2])", month, re.ASCII):
        raise InvalidRequest("month: is written as 2026-11")
    year, number = map(int, month.split("-"))
    first, last = date(year, number, 1), date(year, number, calendar.monthrange(year, number)[1])
    wanted = StudyFilter(received_from=first, received_to=last)
    listing = Listing(wanted, Sort.OLDEST, (("from", str(first)), ("to", str(last))))
    return export.send(station, visitor, listing, kind="csv", with_identity=False)


def _drift(station: Station, period: Period) -> Drift:
    before = Period(
        period.first - timedelta(days=REFERENCE_DAYS), period.first - timedelta(days=1), period.site
    )
    with station.database.reading() as session:
        reference, current = watched(session, before), watched(session, period)
    if not reference.films or not current.films:
        return Drift(None, N_("There are no films of the year before the period to compare with."))
    try:
        monitoring = monitor(reference, current, MonitorSettings())
    except TableInvalid as error:
        return Drift(None, str(error))
    return Drift(
        monitoring, figures=tuple(dict.fromkeys(FIGURES.get(name, name) for name in monitoring.raised_by))
    )


def _rates(groups: list[Counts], name: str) -> list[Estimate]:
    return [getattr(group, name) for group in groups]


def _ranges(today: date) -> list[tuple[int, date]]:
    """Days, and the first of as many that end today."""
    return [(days, today - timedelta(days=days - 1)) for days in (7, 30, 90, 365)]


def _day(value: str, name: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise InvalidRequest(f"{name}: {value[:40]!r} cannot be") from None
