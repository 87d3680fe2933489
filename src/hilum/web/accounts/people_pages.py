"""The administrator's pages: who may come in, with which role, and the passwords and tokens given out.

Trap: what is shown once (a password, a token) stands in the answer to a POST, which no browser keeps; a
redirect would need it in an address or a cookie.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from hilum.errors import HilumError, StateRefused
from hilum.web.accounts import people
from hilum.web.accounts.own import days_of
from hilum.web.accounts.tokens import make_token, revoke_token, tokens_of
from hilum.web.problems import InvalidRequest, NotAllowed
from hilum.web.rights import Right
from hilum.web.templating import render
from hilum.web.translation import N_, words
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.audit import record
from hilum.worklist.states import Role
from hilum.worklist.station import Station
from hilum.worklist.tables import Person

router = APIRouter(prefix="/people", include_in_schema=False)

BAD_ROLE = N_("Choose one of the roles.")


def administrator(visitor: Annotated[Visitor, Depends(require(Right.MANAGE_PEOPLE))]) -> Visitor:
    """An administrator at a browser: a stolen token must not make more of itself."""
    if visitor.is_token:
        raise NotAllowed("this needs a log-in; a token cannot do it")
    return visitor


Here = Annotated[Station, Depends(current_station)]
Administrator = Annotated[Visitor, Depends(administrator)]


@router.get("")
def people_page(request: Request, station: Here, visitor: Administrator) -> Response:
    """Everyone, and the form for one more."""
    return _list_page(request, station)


@router.post("")
def add(
    request: Request,
    station: Here,
    visitor: Administrator,
    login: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "",
) -> Response:
    """Add a person with a password, or a service account without one."""
    try:
        wanted = _role(role)
        password = "" if wanted is Role.SERVICE else made_password()
        made_hash = request.app.state.passwords.made_hash(password) if password else None
        with station.database.writing() as session:
            person = people.add_person(session, login=login, name=name, role=wanted,
                                       password_hash=made_hash, now=station.now())  # fmt: skip
            person.must_change_password = bool(password)
            record(session, at=station.now(), who=visitor.login, action="add-person",
                   person=person.login, role=str(wanted))  # fmt: skip
    except InvalidRequest as error:
        return _list_page(
            request, station, status=422, error=error, typed={"login": login, "name": name, "role": role}
        )
    return _person_page(request, station, person.id, password=password)


@router.get("/{person_id}")
def person_page(request: Request, station: Here, visitor: Administrator, person_id: int) -> Response:
    """One person: role, tokens, and whether they may come in."""
    return _person_page(request, station, person_id)


@router.post("/{person_id}/role")
def change_role(
    request: Request, station: Here, visitor: Administrator, person_id: int, role: Annotated[str, Form()] = ""
) -> Response:
    """Give another role; all their sessions end."""

    def change(session: Session, person: Person, now: datetime) -> None:
        people.change_role(session, person, _role(role), now=now, who=visitor.login)

    return _change(request, station, person_id, change)


@router.post("/{person_id}/deactivate")
def deactivate(request: Request, station: Here, visitor: Administrator, person_id: int) -> Response:
    """Keep a person out; sessions and tokens end."""

    def change(session: Session, person: Person, now: datetime) -> None:
        people.deactivate(session, person, now=now, who=visitor.login)

    return _change(request, station, person_id, change)


@router.post("/{person_id}/activate")
def activate(request: Request, station: Here, visitor: Administrator, person_id: int) -> Response:
    """Let a person in again."""

    def change(session: Session, person: Person, now: datetime) -> None:
        people.activate(session, person, now=now, who=visitor.login)

    return _change(request, station, person_id, change)


@router.post("/{person_id}/reset-password")
def reset_password(request: Request, station: Here, visitor: Administrator, person_id: int) -> Response:
    """Give a new password, shown this once; its owner changes it at the next log-in."""
    password = made_password()
    made_hash = request.app.state.passwords.made_hash(password)
    with station.database.writing() as session:
        person = people.person_of(session, person_id)
        people.reset_password(session, person, made_hash, now=station.now(), who=visitor.login)
    return _person_page(request, station, person_id, password=password)


@router.post("/{person_id}/tokens")
def make(
    request: Request,
    station: Here,
    visitor: Administrator,
    person_id: int,
    name: Annotated[str, Form()] = "",
    days: Annotated[str, Form()] = "",
) -> Response:
    """Make a token for a person or a service account, shown this once."""
    try:
        with station.database.writing() as session:
            _, secret = make_token(session, people.person_of(session, person_id), name=name,
                                   n_days=days_of(days), now=station.now(), who=visitor.login)  # fmt: skip
    except InvalidRequest as error:
        return _person_page(request, station, person_id, status=422, error=error)
    return _person_page(request, station, person_id, secret=secret)


@router.post("/{person_id}/tokens/{token_id}/revoke")
def revoke(station: Here, visitor: Administrator, person_id: int, token_id: int) -> Response:
    """End a token."""
    with station.database.writing() as session:
        revoke_token(session, token_id, person_id=person_id, now=station.now(), who=visitor.login)
    return RedirectResponse(f"/people/{person_id}", status_code=303)


def made_password() -> str:
    """To be told to its owner, who changes it: 96 random bits."""
    return secrets.token_urlsafe(12)


def _role(text: str) -> Role:
    if text not in list(Role):
        raise InvalidRequest(BAD_ROLE, "role")
    return Role(text)


def _change(
    request: Request,
    station: Station,
    person_id: int,
    change: Callable[[Session, Person, datetime], None],
) -> Response:
    """Do it, and show the person; what may not be is told on their page."""
    try:
        with station.database.writing() as session:
            change(session, people.person_of(session, person_id), station.now())
    except StateRefused as error:
        return _person_page(request, station, person_id, status=409, error=error)
    except InvalidRequest as error:
        return _person_page(request, station, person_id, status=422, error=error)
    return RedirectResponse(f"/people/{person_id}", status_code=303)


def _list_page(
    request: Request,
    station: Station,
    *,
    status: int = 200,
    error: InvalidRequest | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    with station.database.reading() as session:
        everyone = list(session.scalars(select(Person).order_by(Person.is_active.desc(), Person.login)))
    return render(
        request, "accounts/people.html", status=status, people=everyone, roles=list(Role),
        error=_told(request, error), field=error.field if error else "",
        typed=typed or {"login": "", "name": "", "role": str(Role.RADIOGRAPHER)},
    )  # fmt: skip


def _person_page(
    request: Request,
    station: Station,
    person_id: int,
    *,
    status: int = 200,
    error: HilumError | None = None,
    **shown_once: str,
) -> Response:
    with station.database.reading() as session:
        person = people.person_of(session, person_id)
        tokens = tokens_of(session, person_id)
    kinds = (
        [Role.SERVICE] if person.role is Role.SERVICE else [role for role in Role if role is not Role.SERVICE]
    )
    return render(
        request, "accounts/person.html", status=status, person=person, tokens=tokens, roles=kinds,
        error=_told(request, error), password=shown_once.get("password", ""),
        secret=shown_once.get("secret", ""), now=station.now(),
    )  # fmt: skip


def _told(request: Request, error: HilumError | None) -> str:
    return "" if error is None else words(request).gettext(str(error))
