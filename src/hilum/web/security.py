"""What holds for every answer and every request, whatever the page: headers, hosts, sizes, forged requests.

Trap: these are plain ASGI layers, because Starlette's BaseHTTPMiddleware would hold streams and events back.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hilum.web.problems import ForgedRequest, TooLarge, answer, problem
from hilum.web.settings import WebSettings
from hilum.web.visitor import visitor_or_none

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110, 9.2.1
# The viewer decodes in WebAssembly and in workers made of blobs; nothing comes from another host.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer, with which browsers send `Origin: null` for a page's own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
TRANSPORT_SECURITY = "max-age=31536000"  # a year, for this host alone
STATIC_LIFETIME = "public, max-age=31536000, immutable"
STATIC_REVALIDATED = "public, no-cache"
# Where films are taken; a PDF or a calibration file is no film.
UPLOAD_PATHS = ("/upload", "/api/v1/score", "/api/v1/uploads", "/api/v1/studies", "/dicom-web/studies")
MOST_FORM_BYTES = 2_000_000
WAYS_IN = frozenset({"/login", "/start"})  # whoever stands there acts for nobody yet, nor for the last one
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?")


class SecureHeaders:
    """Adds the headers to every answer; whatever is not a static file is never kept by a browser."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self.app = app
        self.headers = {**HEADERS, **({"Strict-Transport-Security": TRANSPORT_SECURITY} if is_https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", _lifetime(scope, message["status"]))
            await send(message)

        await self.app(scope, receive, send_with_headers)


class KnownHosts:
    """Turns away a Host header that is not ours: DNS rebinding, and links made with another's name."""

    def __init__(self, app: ASGIApp, *, allowed: tuple[str, ...]) -> None:
        self.app = app
        self.allowed = frozenset(host.lower() for host in allowed)  # addresses need no entry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_known(Headers(scope=scope).getlist("host")):
            detail = "this station does not go by that name; hilum serve --allowed-host adds one"
            await problem(400, detail, code="unknown-host")(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_known(self, hosts: list[str]) -> bool:
        found = HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
        return found is not None and (found[1] in self.allowed or _is_address(found[1]))


class OnlyHttps:
    """Turns away what came around the HTTPS proxy, or through one that does not say that it speaks HTTPS."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["scheme"] != "https" and scope["path"] != "/api/v1/health":
            detail = "this station is to be reached by HTTPS; its proxy must set X-Forwarded-Proto"
            await problem(400, detail, code="plain-http")(scope, receive, send)
            return
        await self.app(scope, receive, send)


class BodyLimit:
    """Stops a request whose body is larger than allowed, by its header at once, else while it comes."""

    def __init__(self, app: ASGIApp, *, limit_of: Callable[[Scope], int]) -> None:
        self.app = app
        self.limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most, n_bytes = self.limit_of(scope), 0
        detail = f"a request has at most {most / 1e6:.0f} MB here; send it in parts"
        stated = Headers(scope=scope).get("content-length", "")
        if stated.isdecimal() and int(stated[:20]) > most:
            await answer(Request(scope), TooLarge(detail))(scope, receive, send)
            return

        async def receive_counted() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > most:
                raise HTTPException(TooLarge.status, detail)  # the one kind that FastAPI's parsers let pass
            return message

        await self.app(scope, receive_counted, send)


async def check_not_forged(request: Request) -> None:
    """A dependency of the whole app: an unsafe request of a session carries the session's token.

    It comes as the header X-CSRF-Token or as the form's field `csrf`. A request with an API token needs none,
    as no browser adds that by itself.

    Raises:
        ForgedRequest: it is missing or wrong.
    """
    visitor = visitor_or_none(request)
    if request.method in SAFE_METHODS or visitor is None or visitor.is_token:
        return
    if request.url.path in WAYS_IN:
        return
    sent = request.headers.get("x-csrf-token")
    if sent is None and _is_form(request):
        field = (await request.form()).get("csrf")
        sent = field if isinstance(field, str) else None
    if sent is None or not _is_equal(sent, visitor.csrf):
        raise ForgedRequest("the form is too old, or came from elsewhere; load the page again and repeat")


def check_origin(request: Request) -> None:
    """Refuse an unsafe request that a browser says comes from another site; before log-in it is all there is.

    Raises:
        ForgedRequest: another origin, or one that the browser hides.
    """
    if request.method in SAFE_METHODS:
        return
    origin, host = request.headers.get("origin"), request.headers.get("host", "").lower()
    is_foreign = origin is not None and urlsplit(origin).netloc.lower() != host
    if is_foreign or request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise ForgedRequest("the request came from a page of another site")


def _is_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("application/x-www-form-urlencoded", "multipart/form-data")


def _is_address(host: str) -> bool:
    """DNS rebinding needs a name, so whoever asks for an address means this machine."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _is_equal(sent: str, kept: str) -> bool:
    return bool(kept) and hmac.compare_digest(sent.encode(), kept.encode())


def _lifetime(scope: Scope, status: int) -> str:
    if scope["path"].startswith("/static/") and status in (200, 206, 304):
        return STATIC_LIFETIME if scope["query_string"].startswith(b"v=") else STATIC_REVALIDATED
    return "no-store"


def limits_by_path(settings: WebSettings) -> Callable[[Scope], int]:
    """Films may be large where films are taken; all else is a form, and is held in memory whole."""

    def limit_of(scope: Scope) -> int:
        takes_films = scope["path"].startswith(UPLOAD_PATHS) and not _is_held_whole(Headers(scope=scope))
        return settings.most_upload_bytes if takes_films else MOST_FORM_BYTES

    return limit_of


def _is_held_whole(headers: Headers) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind.endswith(("json", "x-www-form-urlencoded"))
