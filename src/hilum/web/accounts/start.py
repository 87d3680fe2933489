"""First start: the station asks for its first administrator, once.

Trap: until then whoever comes first would own the station. On the loopback that is who sits at the machine,
and the checks of host and origin keep other sites' pages out; from elsewhere a code is asked for, which the
console alone has shown.
"""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from hilum.web.accounts import throttle
from hilum.web.accounts.log_in import begin_session, client_address
from hilum.web.accounts.passwords import UNEQUAL, check_new_password
from hilum.web.accounts.people import first_administrator, has_administrator, known_login
from hilum.web.problems import InvalidRequest, NotAllowed, TooMany
from hilum.web.settings import WebSettings
from hilum.web.templating import render
from hilum.web.translation import N_, words
from hilum.web.visitor import current_station
from hilum.worklist.station import Station
from hilum.worklist.tables import Person

router = APIRouter(include_in_schema=False)

LOOPBACK = frozenset({"127.0.0.1", "::1", "testclient"})
WRONG_CODE = N_("The code is wrong. The station's console shows it.")


class StartForm(BaseModel):
    """The first administrator as typed."""

    login: str = ""
    name: str = ""
    password: str = ""
    repeated: str = ""
    code: str = ""


@router.get("/start")
def start_page(
    request: Request, station: Annotated[Station, Depends(current_station)], code: str = ""
) -> Response:
    """The form, or the log-in once it is over."""
    with station.database.reading() as session:
        if has_administrator(session):
            return RedirectResponse("/login", status_code=303)
    return _page(request, StartForm(code=code))


@router.post("/start")
def start(
    request: Request,
    station: Annotated[Station, Depends(current_station)],
    form: Annotated[StartForm, Form()],
) -> Response:
    """Make the administrator and log them in; whoever comes second is told that there is one."""
    try:
        _check_code(request, station, form.code)
        person = _made_administrator(request, station, form)
    except InvalidRequest as error:
        return _page(request, form, status=422, error=error)
    return begin_session(request, station, person, to="/", action="log-in")


def _made_administrator(request: Request, station: Station, form: StartForm) -> Person:
    if form.repeated != form.password:
        raise InvalidRequest(UNEQUAL, "repeated")
    check_new_password(form.password, login=known_login(form.login), name=form.name)
    made_hash = request.app.state.passwords.made_hash(form.password)
    with station.database.writing() as session:
        return first_administrator(
            session, login=form.login, name=form.name, password_hash=made_hash, now=station.now()
        )


def _check_code(request: Request, station: Station, code: str) -> None:
    """Nothing to check on the loopback; from elsewhere the console's code, with the log-in's patience."""
    settings: WebSettings = request.app.state.settings
    address = client_address(request)
    if settings.start_code is None:
        if address not in LOOPBACK:
            raise NotAllowed("first start is for who sits at the machine")
        return
    now = station.now()
    with station.database.writing() as session:
        wait_s = throttle.count_attempt(session, login="first start", address=address, now=now)
    if wait_s is not None:
        raise TooMany("too many wrong codes; wait and try again", wait_s)
    if not hmac.compare_digest(code.strip().encode(), settings.start_code.encode()):
        raise InvalidRequest(WRONG_CODE, "code")
    with station.database.writing() as session:
        throttle.forgive(session, login="first start", address=address)


def _page(
    request: Request, form: StartForm, *, status: int = 200, error: InvalidRequest | None = None
) -> Response:
    told = "" if error is None else words(request).gettext(str(error))
    return render(
        request, "accounts/start.html", status=status, error=told, field=error.field if error else "",
        typed=form, asks_code=request.app.state.settings.start_code is not None,
    )  # fmt: skip
