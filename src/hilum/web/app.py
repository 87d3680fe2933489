"""The web app: the station's pages and API on one port, put together from parts that do not know each other.

Trap: layers run from the last added to the first, and a layer that answers by itself skips those within it;
so headers are outermost, then hosts, sizes, and the gatekeeper.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.sessions import SessionMiddleware

import hilum
from hilum.web import oidc, problems
from hilum.web.access_log import AccessLog
from hilum.web.accounts.passwords import Passwords
from hilum.web.api.describing import describe
from hilum.web.foreign_viewers import ForeignViewers
from hilum.web.gatekeeper import Gatekeeper
from hilum.web.metrics import Metrics, Timed
from hilum.web.pages_first import PagesFirst
from hilum.web.security import (
    BodyLimit,
    KnownHosts,
    OnlyHttps,
    SecureHeaders,
    check_not_forged,
    limits_by_path,
)
from hilum.web.settings import WebSettings
from hilum.web.templating import STATIC_FOLDER
from hilum.web.webhooks import WebhookSender
from hilum.worklist.station import Station

# Each part of the app adds its line: "module:router".
ROUTERS = (
    "hilum.web.health:router",
    "hilum.web.metrics:router",
    "hilum.web.accounts.start:router",
    "hilum.web.accounts.log_in:router",
    "hilum.web.accounts.own:router",
    "hilum.web.accounts.people_pages:router",
    "hilum.web.pages.preferences:router",
    "hilum.web.pages.upload:router",
    "hilum.web.pages.worklist:router",
    "hilum.web.pages.export:router",
    "hilum.web.pages.study:router",
    "hilum.web.pages.pictures:router",
    "hilum.web.pages.report:router",
    "hilum.web.pages.settings:router",
    "hilum.web.pages.programme:router",
    "hilum.web.pages.threshold:router",
    "hilum.web.events:router",
    "hilum.web.dicomweb.routes:router",
    "hilum.web.api.routes:router",
)

DESCRIPTION = """Films in, scores and refusals out, verdicts back, with the rights of the log-in or token.

Send a token as `Authorization: Bearer hilum_...`; every error is problem+json (RFC 9457)."""


def create_app(
    settings: WebSettings,
    *,
    station: Station | None = None,
    passwords: Passwords | None = None,
    are_workers_alive: Callable[[], bool] = lambda: True,
) -> FastAPI:
    """The app of one station.

    Args:
        settings: of the server; everything else is read from the station's database.
        station: open already, so that a command shares it; None opens one, and closes it with the app.
        passwords: with a quicker hash, for tests.
        are_workers_alive: for /api/v1/ready.
    """
    owned = None if station is not None else Station(settings.station)
    app = FastAPI(
        title="Hilum",
        version=hilum.__version__,
        description=DESCRIPTION,
        docs_url=None,  # it would load scripts from another host
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=_lifespan_closing(owned),
        dependencies=[Depends(check_not_forged)],
    )
    app.state.settings = settings
    app.state.station = station or owned
    app.state.passwords = passwords or Passwords()
    app.state.are_workers_alive = are_workers_alive
    app.state.metrics = Metrics()
    problems.add_handlers(app)
    for target in ROUTERS:
        app.include_router(_router(target))
    describe(app)
    _add_single_sign_on(app, settings)
    app.mount("/static", StaticFiles(directory=STATIC_FOLDER), name="static")
    _add_layers(app, settings)
    return app


def _router(target: str) -> APIRouter:
    module, _, attribute = target.partition(":")
    router = getattr(importlib.import_module(module), attribute)
    assert isinstance(router, APIRouter), f"{target} is no router"
    return router


def _add_single_sign_on(app: FastAPI, settings: WebSettings) -> None:
    if settings.oidc is not None:
        app.state.oidc = oidc.build_client(settings.oidc)
        app.include_router(oidc.router)


def _add_layers(app: FastAPI, settings: WebSettings) -> None:
    """The innermost first."""
    if settings.oidc is not None:
        app.add_middleware(
            SessionMiddleware, secret_key=oidc.state_key(app.state.station), session_cookie=oidc.COOKIE,
            max_age=oidc.STATE_LASTS_S, path="/oidc", same_site="lax", https_only=settings.is_https,
        )  # fmt: skip
    app.add_middleware(problems.Faults)
    app.add_middleware(Gatekeeper, station=app.state.station, settings=settings)
    app.add_middleware(BodyLimit, limit_of=limits_by_path(settings))
    if settings.viewer_origins:
        app.add_middleware(ForeignViewers, origins=settings.viewer_origins)
    if settings.is_https:
        app.add_middleware(OnlyHttps)
    app.add_middleware(KnownHosts, allowed=settings.allowed_hosts)
    app.add_middleware(PagesFirst)
    app.add_middleware(SecureHeaders, is_https=settings.is_https)
    app.add_middleware(AccessLog)
    app.add_middleware(Timed, metrics=app.state.metrics)


def _lifespan_closing(owned: Station | None) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        sender = WebhookSender(app.state.station, allows_private=app.state.settings.webhooks_to_private)
        sender.start()
        yield
        await to_thread.run_sync(sender.stop)
        if owned is not None:
            owned.close()

    return lifespan
