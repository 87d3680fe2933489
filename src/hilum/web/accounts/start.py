"""First start: the station asks for its first administrator, once.

Trap: until then whoever comes first would own the station. On the loopback that is who sits at the machine, and
the checks of host and origin keep other sites' pages out; from elsewhere a code is asked for, which the console
alone has shown.
"""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from hilum.web.accounts import throttle
from hilum.web.accounts.log_in import begin_session, client_address
from hilum.web.accounts.passwords import check_new_password
from hilum.web.accounts.people import first_administrator, has_administrator, known_login
from hilum.web.problems import InvalidRequest, NotAllowed, TooMany
from hilum.web.settings import WebSettings
from hilum.web.templating import render
from hilum.web.translation import N_, words
from hilum.web.visitor import current_station
from hilum.worklist.station import Station

router = APIRouter(include_in_schema=False)

LOOPBACK = frozenset({"127.0.0.1", "::1", "testclient"})
WRONG_CODE = N_("The code is wrong. The station's console shows it.")
UNEQUAL = N_("The two passwords differ.")


@router.get("/start")
def start_page(
    request: Request, station: Annotated[Station, Depends(current_station)], code: str = ""
) -> Response:
    """The form, or the log-in once it is over."""
    with station.database.reading() as session:
        if has_administrator(session):
            return RedirectResponse("/login", status_code=303)
    return _page(request, code=code)


@router.post("/start")
def start(
    request: Request,
    station: Annotated[Station, Depends(current_station)],
    login: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    repeated: Annotated[str | None, Form()] = None,
    code: Annotated[str, Form()] = "",
) -> Response:
    """Make the administrator and log them in; whoever comes second is told that there is one."""
    try:
        _check_code(request, station, code)
        if repeated is not None and repeated != password:
            raise InvalidRequest(UNEQUAL, "repeated")
        check_new_password(password, login=known_login(login), name=name)
        made_hash = request.app.state.passwords.made_hash(password)
        with station.database.writing() as session:
            person = first_administrator(
                session, login=login, name=name, password_hash=made_hash, now=station.now()
            )
    except InvalidRequest as error:
        return _page(request, status=422, error=error, login=login, name=name, code=code)
    return begin_session(request, station, person, to="/", action="log-in")


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
    request: Request,
    *,
    status: int = 200,
    error: InvalidRequest | None = None,
    login: str = "",
    name: str = "",
    code: str = "",
) -> Response:
    told = "" if error is None else words(request).gettext(str(error))
    return render(
        request, "accounts/start.html", status=status, error=told, field=error.field if error else "",
        login=login, name=name, code=code, asks_code=request.app.state.settings.start_code is not None,
    )  # fmt: skip
