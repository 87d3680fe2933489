"""The one door: before any endpoint, and before a body is read, it is settled who asks and whether they may.

What is not named in `OPEN_PATHS` answers nobody who has not logged in, a path that does not exist included.
Trap: it is an ASGI layer, not a dependency, because FastAPI reads a whole upload before it asks dependencies.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from anyio import to_thread
from fastapi import Request
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import OperationalError
from starlette.types import ASGIApp, Receive, Scope, Send

from hilum.web.accounts import sessions, tokens
from hilum.web.accounts.people import has_administrator
from hilum.web.problems import NotLoggedIn, NotReady, PasswordDue, WebProblem, answer, is_for_program
from hilum.web.security import check_origin
from hilum.web.settings import WebSettings
from hilum.web.visitor import Visitor
from hilum.worklist.station import Station
from hilum.worklist.tables import Person

log = logging.getLogger(__name__)

HEALTH = "/api/v1/health"  # answers without the database
OPEN_PATHS = frozenset({HEALTH, "/login", "/start", "/preferences", "/oidc/login", "/oidc/callback"})
OPEN_FOLDER = "/static/"
WITH_PASSWORD_DUE = frozenset({"/account/password", "/logout", "/preferences"})
BEARER = "bearer "  # RFC 6750; the scheme's case does not count (RFC 9110, 11.1)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a request shows of who it is."""

    token: str | None
    cookie: str | None


class Gatekeeper:
    """Finds the visitor, puts them in `request.state.visitor`, and turns away who is none.

    Args:
        app: what is behind the door.
        station: whose database knows people.
        settings: of the server.
    """

    def __init__(self, app: ASGIApp, *, station: Station, settings: WebSettings) -> None:
        self.app = app
        self.station = station
        self.settings = settings
        self._has_started = False  # once there is an administrator there always is one

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and _asks_nobody(scope["path"])):
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})  # there are none
            return
        request = Request(scope, receive)
        try:
            await self._settle(request)
        except WebProblem as error:
            await answer(request, error)(scope, receive, send)
            return
        if await self._is_before_first_start(request):
            await RedirectResponse("/start", status_code=303)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _settle(self, request: Request) -> None:
        """Raises the problem that the request is to be answered with."""
        request.state.visitor, request.state.csrf = None, ""
        shown = _Shown(_bearer(request), request.cookies.get(sessions.cookie_name(self.settings)))
        if shown.token is None:
            check_origin(request)
        if shown.token is not None or shown.cookie is not None:
            try:
                visitor = await to_thread.run_sync(self._find, shown)
            except OperationalError:
                log.exception("the database did not answer")
                raise NotReady("the database does not answer; try again in a moment") from None
            request.state.visitor, request.state.csrf = visitor, visitor.csrf if visitor else ""
        self._check_may_pass(request)

    def _check_may_pass(self, request: Request) -> None:
        path = request.url.path
        visitor: Visitor | None = request.state.visitor
        if path in OPEN_PATHS:
            return
        if visitor is None:
            raise NotLoggedIn()
        if visitor.must_change_password and not visitor.is_token and path not in WITH_PASSWORD_DUE:
            raise PasswordDue()

    async def _is_before_first_start(self, request: Request) -> bool:
        """Whether a browser is to be shown to /start, because nobody can log in yet."""
        if self._has_started or request.url.path != "/login" or is_for_program(request):
            return False
        self._has_started = await to_thread.run_sync(self._look_for_administrator)
        return not self._has_started

    def _look_for_administrator(self) -> bool:
        with self.station.database.reading() as session:
            return has_administrator(session)

    def _find(self, shown: _Shown) -> Visitor | None:
        """Who shows a token, else who shows a cookie; a bad token is nobody, whatever the cookie says."""
        if shown.token is not None:
            return self._by_token(shown.token)
        return self._by_cookie(shown.cookie or "")

    def _by_token(self, secret: str) -> Visitor | None:
        now = self.station.now()
        with self.station.database.reading() as session:
            found = tokens.find_token(session, secret, now=now)
        if found is None:
            return None
        if tokens.is_to_be_marked(found, now):
            with self.station.database.writing() as session:
                tokens.mark_used(session, found.id, now)
        return _visitor(found.person, csrf="", is_token=True)

    def _by_cookie(self, secret: str) -> Visitor | None:
        now = self.station.now()
        with self.station.database.reading() as session:
            found = sessions.find_session(session, secret, self.settings, now=now)
        if found is None:
            return None
        if sessions.is_to_be_marked(found, now):
            with self.station.database.writing() as session:
                sessions.mark_seen(session, found.id, now)
        return _visitor(found.person, csrf=found.csrf, is_token=False)


def _visitor(person: Person, *, csrf: str, is_token: bool) -> Visitor:
    return Visitor(
        person_id=person.id,
        login=person.login,
        name=person.name,
        role=person.role,
        language=person.language,
        csrf=csrf,
        is_token=is_token,
        must_change_password=person.must_change_password,
    )


def _asks_nobody(path: str) -> bool:
    return path == HEALTH or path.startswith(OPEN_FOLDER)


def _bearer(request: Request) -> str | None:
    header = request.headers.get("authorization", "")
    return header[len(BEARER) :].strip() if header.lower().startswith(BEARER) else None
