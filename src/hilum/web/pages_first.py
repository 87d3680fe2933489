"""Pages before uploads: while somebody waits for a page, the next film that is sent waits a moment.

All threads of the server share one interpreter, so that a page of 30 ms took ten times as long beside twenty
uploads. Trap: a stream of events or an export never ends by itself, so a page counts until its answer begins;
and an upload waits only so long for a film, lest a crowd of readers keep films out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_WAIT_S = 0.25  # of one film, for pages
LOOKING = frozenset({"GET", "HEAD"})


class Lookers:
    """How many wait for a page."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._n = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Somebody waits until the block ends."""
        self._add(1)
        try:
            yield
        finally:
            self._add(-1)

    def let_pass(self, longest_s: float = LONGEST_WAIT_S) -> bool:
        """Wait until nobody waits for a page; False where somebody still does."""
        with self._changed:
            return self._changed.wait_for(lambda: self._n == 0, longest_s)

    def _add(self, n: int) -> None:
        with self._changed:
            self._n += n
            self._changed.notify_all()


LOOKERS = Lookers()  # of this process, as its interpreter is


class PagesFirst:
    """Counts who waits for a page, a picture, or an answer of the API."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in LOOKING:
            await self.app(scope, receive, send)
            return
        with ExitStack() as until_answered:
            until_answered.enter_context(LOOKERS.one_more())

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    until_answered.close()
                await send(message)

            await self.app(scope, receive, send_noted)
