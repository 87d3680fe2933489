"""One line a request: who asked for what, and what they got.

Trap: a search for a patient stands in the query, so a line holds the path alone, and a path that matches no
route of ours, which may hold anything, is not repeated.
"""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)


class AccessLog:
    """Logs each answer once it is sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 0

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        finally:
            log.info("%s", _line(scope, status, 1000 * (time.perf_counter() - start)))


def _line(scope: Scope, status: int, milliseconds: float) -> str:
    visitor = scope.get("state", {}).get("visitor")
    who = "-" if visitor is None else visitor.login
    client = scope.get("client")
    path = scope["path"] if "route" in scope else "(no such page)"
    return f"{client[0] if client else '-'} {who} {scope['method']} {path} {status} {milliseconds:.0f} ms"
