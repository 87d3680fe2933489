"""What went wrong, as problem+json (RFC 9457) for programs and as a page for people.

Trap: only a `HilumError` tells its own words; everything else is a bug, whose words may hold a patient's
name, so the answer says nothing of it and the traceback goes to the log alone.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hilum import errors
from hilum.errors import HilumError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
PROGRAM_PATHS = ("/api/", "/metrics", "/dicom-web")  # answered with problem+json, whoever asks
PRESENTED_VALUE_KEYS = ("type", "loc", "msg")  # of a validation error; its input may hold identity


class WebProblem(HilumError):
    """A request that is turned away; `status` and `code` say how."""

    status = HTTPStatus.BAD_REQUEST
    code = "bad-request"
    headers: Mapping[str, str] = {}


class NotLoggedIn(WebProblem):
    """Nobody we know."""

    status = HTTPStatus.UNAUTHORIZED
    code = "not-logged-in"
    headers = {"WWW-Authenticate": 'Bearer realm="hilum"'}

    def __init__(self, detail: str = "log in, or send a token as Authorization: Bearer hilum_...") -> None:
        super().__init__(detail)


class NotAllowed(WebProblem):
    """Somebody we know, without the right."""

    status = HTTPStatus.FORBIDDEN
    code = "not-allowed"


class PasswordDue(NotAllowed):
    """A password that an administrator has set, and its owner has not yet changed."""

    code = "password-due"

    def __init__(self) -> None:
        super().__init__("change your password first, at /account/password")


class ForgedRequest(WebProblem):
    """A request that another site may have made in a visitor's name."""

    status = HTTPStatus.FORBIDDEN
    code = "forged-request"


class NotFound(WebProblem):
    """No such thing, or none that this visitor may know of."""

    status = HTTPStatus.NOT_FOUND
    code = "not-found"


class InvalidRequest(WebProblem):
    """Something sent that cannot be taken.

    Args:
        detail: a sentence.
        field: of the form that it stands in; "" where it is not of one.
    """

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid"

    def __init__(self, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.field = field


class TooLarge(WebProblem):
    """More bytes than the station takes at once."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too-large"


class TooMany(WebProblem):
    """Too many attempts; `wait_s` says how long to wait."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too-many"

    def __init__(self, detail: str, wait_s: float) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": str(max(1, round(wait_s)))}


class NotReady(WebProblem):
    """The database, or the workers, cannot be reached."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "not-ready"


# What the other rooms raise; what is not named here is a request that cannot be met.
STATUS_OF: dict[type[HilumError], HTTPStatus] = {
    errors.StudyUnknown: HTTPStatus.NOT_FOUND,
    errors.StateRefused: HTTPStatus.CONFLICT,
    errors.FilmMissing: HTTPStatus.GONE,
    errors.ThresholdRefused: HTTPStatus.CONFLICT,
    errors.DatabaseRefused: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ExtraMissing: HTTPStatus.NOT_IMPLEMENTED,
    errors.DiskShort: HTTPStatus.INSUFFICIENT_STORAGE,
}


def problem(
    status: int,
    detail: str,
    *,
    code: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """An answer of RFC 9457; `code` is the stable word for programs, `detail` the sentence for people."""
    status = HTTPStatus(status)
    content = {"type": f"urn:hilum:problem:{code}", "title": status.phrase, "status": int(status),
               "detail": detail, "code": code, **more}  # fmt: skip
    return JSONResponse(content, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def is_for_program(request: Request) -> bool:
    """Whether the answer goes to a program: by path, or because it does not ask for a page."""
    if request.url.path.startswith(PROGRAM_PATHS):
        return True
    return "text/html" not in request.headers.get("accept", "") and "hx-request" not in request.headers


def answer(request: Request, error: HilumError) -> Response:
    """Turn an expected error into what its sender understands: problem+json, the way to log-in, or a page."""
    status, code = _status_and_code(error)
    headers = error.headers if isinstance(error, WebProblem) else {}
    if is_for_program(request):
        more = {"field": error.field} if isinstance(error, InvalidRequest) and error.field else {}
        return problem(status, str(error), code=code, headers=headers, **more)
    if isinstance(error, NotLoggedIn | PasswordDue):
        return _way_in(request, error)
    return _page(request, status, str(error), headers)


def add_handlers(app: FastAPI) -> None:
    """Answer every error that an endpoint raises on purpose."""
    app.add_exception_handler(HilumError, _on_hilum_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(OperationalError, _on_database)


class Faults:
    """Answers what nothing else has answered, a bug, and lets it go on to the server's log.

    It stands within the layer of headers, as Starlette's own answer to a bug would stand outside it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        except Exception:
            if scope["type"] == "http" and not has_begun:
                answered = _fault(Request(scope))
                answered.headers["Connection"] = "close"  # nobody knows how much of the request was read
                await answered(scope, receive, send)
            raise


def _status_and_code(error: HilumError) -> tuple[int, str]:
    if isinstance(error, WebProblem):
        return error.status, error.code
    status = next((status for kind, status in STATUS_OF.items() if isinstance(error, kind)), None)
    name = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in type(error).__name__)
    return status or HTTPStatus.UNPROCESSABLE_ENTITY, name.lstrip("-")


def _way_in(request: Request, error: WebProblem) -> Response:
    if isinstance(error, PasswordDue):
        target = "/account/password"
    else:
        target = f"/login?next={quote(_wanted(request), safe='')}"
    if "hx-request" in request.headers:  # htmx would put the log-in page into a corner of the present one
        return Response(status_code=error.status, headers={"HX-Redirect": target})
    return RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER)


def _wanted(request: Request) -> str:
    if request.method != "GET":
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"


def _page(request: Request, status: int, detail: str, headers: Mapping[str, str]) -> Response:
    from hilum.web.pages.problem import problem_page  # it imports the visitor, who imports this

    return problem_page(request, status, detail, headers=dict(headers))


def _on_hilum_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HilumError)
    return answer(request, error)


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code = status.phrase.lower().replace(" ", "-")
    if is_for_program(request):
        return problem(status, str(error.detail), code=code, headers=error.headers)
    return _page(request, status, str(error.detail), error.headers or {})


def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [{key: _plain(fault[key]) for key in PRESENTED_VALUE_KEYS} for fault in error.errors()]
    detail = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
    if is_for_program(request):
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, code="invalid", errors=faults)
    return _page(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail, {})


def _plain(value: Any) -> Any:
    return list(map(str, value)) if isinstance(value, tuple) else str(value)


def _on_database(request: Request, error: Exception) -> Response:
    log.error("the database did not answer: %s", type(error).__name__, exc_info=error)
    return answer(request, NotReady("the database does not answer; try again in a moment"))


def _fault(request: Request) -> Response:
    detail = "a fault of ours; the server's log holds what happened"
    if is_for_program(request):
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail, code="fault")
    return _page(request, HTTPStatus.INTERNAL_SERVER_ERROR, "", {})
