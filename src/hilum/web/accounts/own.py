"""One's own account: name, language, password, and tokens.

Trap: a new password is asked for with the old one, whose guesses count as log-ins do; a borrowed session is
otherwise enough to take an account over.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from hilum.web.accounts.log_in import Attempt, Turned, begin_session, check_attempt, client_address
from hilum.web.accounts.passwords import UNEQUAL, check_new_password
from hilum.web.accounts.people import change_own_password, check_name, person_of
from hilum.web.accounts.tokens import make_token, revoke_token, tokens_of
from hilum.web.problems import InvalidRequest, NotAllowed, TooMany
from hilum.web.templating import render
from hilum.web.translation import LANGUAGES, N_, words
from hilum.web.visitor import Visitor, current_station, current_visitor
from hilum.worklist.audit import record
from hilum.worklist.station import Station
from hilum.worklist.tables import Person

router = APIRouter(prefix="/account", include_in_schema=False)

WRONG_PASSWORD = N_("This is not your present password.")
SAME_PASSWORD = N_("The new password is the old one. Take another.")
BAD_LANGUAGE = N_("Choose one of the languages.")


class PasswordForm(BaseModel):
    """A change of password as typed."""

    present: str = ""
    password: str = ""
    repeated: str = ""


def visitor_in_person(visitor: Annotated[Visitor, Depends(current_visitor)]) -> Visitor:
    """A person at a browser; a token may not make tokens, nor change a password."""
    if visitor.is_token:
        raise NotAllowed("this needs a log-in; a token cannot do it")
    return visitor


Here = Annotated[Station, Depends(current_station)]
InPerson = Annotated[Visitor, Depends(visitor_in_person)]


@router.get("")
def account_page(request: Request, station: Here, visitor: InPerson) -> Response:
    """Who one is, and one's tokens."""
    return _page(request, station, visitor)


@router.post("")
def change_account(
    request: Request,
    station: Here,
    visitor: InPerson,
    name: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "",
) -> Response:
    """Change name and language."""
    try:
        name = " ".join(name.split())
        check_name(name)
        if language not in ("", *LANGUAGES):
            raise InvalidRequest(BAD_LANGUAGE, "language")
    except InvalidRequest as error:
        return _page(request, station, visitor, status=422, error=error)
    with station.database.writing() as session:
        person = person_of(session, visitor.person_id)
        person.name, person.language = name, language
        record(session, at=station.now(), who=visitor.login, action="change-account", person=visitor.login)
    return RedirectResponse("/account", status_code=303)


@router.post("/tokens")
def make_own_token(
    request: Request,
    station: Here,
    visitor: InPerson,
    name: Annotated[str, Form()] = "",
    days: Annotated[str, Form()] = "",
) -> Response:
    """Make a token and show it, this once."""
    try:
        with station.database.writing() as session:
            _, secret = make_token(session, person_of(session, visitor.person_id), name=name,
                                   n_days=days_of(days), now=station.now(), who=visitor.login)  # fmt: skip
    except InvalidRequest as error:
        return _page(request, station, visitor, status=422, error=error)
    return _page(request, station, visitor, secret=secret)


@router.post("/tokens/{token_id}/revoke")
def revoke_own_token(station: Here, visitor: InPerson, token_id: int) -> Response:
    """End one of one's own tokens."""
    with station.database.writing() as session:
        revoke_token(session, token_id, person_id=visitor.person_id, now=station.now(), who=visitor.login)
    return RedirectResponse("/account", status_code=303)


@router.get("/password")
def password_page(request: Request, visitor: InPerson) -> Response:
    """The form; where an administrator has set the password, the only page there is."""
    return _password_page(request, visitor)


@router.post("/password")
def change_password(
    request: Request, station: Here, visitor: InPerson, form: Annotated[PasswordForm, Form()]
) -> Response:
    """Take a new password, end all sessions, and begin one here."""
    try:
        person = _person_with_password(request, station, visitor, form.present)
        _check_form(form, person)
    except InvalidRequest as error:
        return _password_page(request, visitor, status=422, error=error)
    made_hash = request.app.state.passwords.made_hash(form.password)
    with station.database.writing() as session:
        person = person_of(session, visitor.person_id)
        change_own_password(session, person, made_hash, now=station.now())
    return begin_session(request, station, person, to="/", action="log-in")


def days_of(text: str) -> int | None:
    """The days of a form's choice; none for no end. A text that is no number is out of range."""
    if text == "":
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def _person_with_password(request: Request, station: Station, visitor: Visitor, present: str) -> Person:
    attempt = Attempt(visitor.login, present, client_address(request))
    outcome = check_attempt(station, request.app.state.passwords, attempt)
    if isinstance(outcome, Person):
        return outcome
    raise _turned(outcome)


def _turned(turned: Turned) -> InvalidRequest | TooMany:
    if turned.wait_s is None:
        return InvalidRequest(WRONG_PASSWORD, "present")
    return TooMany("too many attempts; wait and try again", turned.wait_s)


def _check_form(form: PasswordForm, person: Person) -> None:
    if form.repeated != form.password:
        raise InvalidRequest(UNEQUAL, "repeated")
    if form.password == form.present:
        raise InvalidRequest(SAME_PASSWORD, "password")
    check_new_password(form.password, login=person.login, name=person.name)


def _page(
    request: Request,
    station: Station,
    visitor: Visitor,
    *,
    status: int = 200,
    error: InvalidRequest | None = None,
    secret: str = "",
) -> Response:
    with station.database.reading() as session:
        person = person_of(session, visitor.person_id)
        tokens = tokens_of(session, visitor.person_id)
    told = "" if error is None else words(request).gettext(str(error))
    return render(
        request, "accounts/account.html", status=status, person=person, tokens=tokens, secret=secret,
        error=told, field=error.field if error else "", now=station.now(),
    )  # fmt: skip


def _password_page(
    request: Request, visitor: Visitor, *, status: int = 200, error: InvalidRequest | None = None
) -> Response:
    told = "" if error is None else words(request).gettext(str(error))
    return render(
        request, "accounts/password.html", status=status, error=told, field=error.field if error else "",
        is_due=visitor.must_change_password,
    )  # fmt: skip
