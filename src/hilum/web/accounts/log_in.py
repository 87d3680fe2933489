"""Log-in and log-out.

Trap: nothing here may tell whether a login exists: an unknown one is counted, hashed, and
answered as any other.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from hilum.web.accounts import sessions, throttle
from hilum.web.accounts.passwords import MOST_LENGTH, Passwords
from hilum.web.accounts.people import known_login
from hilum.web.settings import WebSettings
from hilum.web.templating import render
from hilum.web.translation import words
from hilum.web.visitor import Visitor, current_station, current_visitor, visitor_or_none
from hilum.worklist.audit import record
from hilum.worklist.station import Station
from hilum.worklist.tables import Person

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)

LONGEST_LOGIN = 64


@dataclass(frozen=True, slots=True)
class Attempt:
    """A log-in as typed."""

    login: str
    password: str
    address: str


@dataclass(frozen=True, slots=True)
class Turned:
    """An attempt that failed, and where there were too many, how long to wait."""

    wait_s: float | None = None


@router.get("/login")
def log_in_page(request: Request, next: str = "/") -> Response:  # noqa: A002 - the query's own name
    """The form, or the page that was wanted where the visitor is here already."""
    if visitor_or_none(request) is not None:
        return RedirectResponse(own_address(next), status_code=303)
    return _page(request, next_address=own_address(next))


@router.post("/login")
def log_in(
    request: Request,
    station: Annotated[Station, Depends(current_station)],
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 - the form's own name
) -> Response:
    """Begin a session, always a new one, so that nobody can plant theirs beforehand."""
    attempt = Attempt(
        known_login(login)[:LONGEST_LOGIN], password[: 4 * MOST_LENGTH], client_address(request)
    )
    outcome = check_attempt(station, request.app.state.passwords, attempt)
    if isinstance(outcome, Turned):
        return _turned_page(request, outcome, login=login, next_address=own_address(next))
    return begin_session(request, station, outcome, to=own_address(next), action="log-in")


@router.post("/logout")
def log_out(
    request: Request,
    visitor: Annotated[Visitor, Depends(current_visitor)],
    station: Annotated[Station, Depends(current_station)],
) -> Response:
    """End the session, here and in the table."""
    settings: WebSettings = request.app.state.settings
    with station.database.writing() as session:
        sessions.end_session(session, request.cookies.get(sessions.cookie_name(settings), ""))
        record(session, at=station.now(), who=visitor.login, action="log-out")
    answer = RedirectResponse("/login", status_code=303, headers={"Clear-Site-Data": '"cache", "storage"'})
    sessions.clear_cookie(answer, settings)
    return answer


def check_attempt(station: Station, passwords: Passwords, attempt: Attempt) -> Person | Turned:
    """Whose attempt it is, or that it failed; counted before the password is looked at."""
    with passwords.turn(attempt.login, attempt.address):
        return _checked(station, passwords, attempt)


def _checked(station: Station, passwords: Passwords, attempt: Attempt) -> Person | Turned:
    now = station.now()
    with station.database.writing() as session:
        throttle.forget_old(session, now)
        wait_s = throttle.count_attempt(session, login=attempt.login, address=attempt.address, now=now)
        person = _by_login(session, attempt.login)
    if wait_s is not None:
        return Turned(wait_s)
    kept = person.password_hash if person is not None and person.is_active else None
    if not passwords.is_right(attempt.password, kept):
        _tell_failure(station, attempt, person)
        return Turned()
    assert person is not None
    assert kept is not None
    fresh = passwords.made_hash(attempt.password) if passwords.is_dated(kept) else None
    with station.database.writing() as session:
        throttle.forgive(session, login=attempt.login, address=attempt.address)
        if fresh is not None:
            session.get_one(Person, person.id).password_hash = fresh
    return person


def begin_session(request: Request, station: Station, person: Person, *, to: str, action: str) -> Response:
    """Open a session, end the one that the browser had, and lead on."""
    settings: WebSettings = request.app.state.settings
    now = station.now()
    with station.database.writing() as session:
        sessions.end_old_sessions(session, now)
        sessions.end_session(session, request.cookies.get(sessions.cookie_name(settings), ""))
        opened = sessions.open_session(session, person, settings, now=now)
        record(session, at=now, who=person.login, action=action, address=client_address(request))
    answer = RedirectResponse(to, status_code=303)
    sessions.set_cookie(answer, opened, settings)
    return answer


def own_address(wanted: str) -> str:
    """A path of this station, and never an address with a host, however it is spelt."""
    is_own = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_own else "/"


def client_address(request: Request) -> str:
    """Who is at the other end, by what uvicorn made of a trusted proxy's word."""
    return request.client.host if request.client is not None else "unknown"


def _tell_failure(station: Station, attempt: Attempt, person: Person | None) -> None:
    """Into the trail; a login that nobody has is not repeated, as it may be a password in the wrong field."""
    who = "unknown" if person is None else person.login
    log.warning("a log-in failed from %s", attempt.address)
    with station.database.writing() as session:
        record(session, at=station.now(), who=who, action="log-in-failed", address=attempt.address)


def _by_login(session: Session, login: str) -> Person | None:
    return session.scalar(select(Person).where(Person.login == login))


def _turned_page(request: Request, turned: Turned, *, login: str, next_address: str) -> Response:
    catalogue = words(request)
    if turned.wait_s is None:
        told = catalogue.gettext("The login or the password is wrong.")
        return _page(request, status=401, error=told, login=login, next_address=next_address)
    minutes = math.ceil(turned.wait_s / 60)
    told = catalogue.ngettext(
        "Too many attempts. Try again in %(n)s minute.",
        "Too many attempts. Try again in %(n)s minutes.",
        minutes,
    ) % {"n": minutes}
    headers = {"Retry-After": str(math.ceil(turned.wait_s))}
    return _page(request, status=429, error=told, login=login, next_address=next_address, headers=headers)


def _page(
    request: Request,
    *,
    next_address: str,
    status: int = 200,
    error: str = "",
    login: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    oidc = request.app.state.settings.oidc
    return render(
        request, "accounts/login.html", status=status, headers=headers, error=error, login=login,
        next_address=next_address, provider=None if oidc is None else oidc.name,
    )  # fmt: skip
