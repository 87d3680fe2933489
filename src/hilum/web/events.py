"""What happens at the station, told to open pages as server-sent events: one reader of the trail a process.

However many pages listen, the audit trail is asked once a second for rows after the last one seen, and not
at all while none listens. An event carries a study's number and state and nothing else; what a page may see
of it, the page asks for itself, with its own rights. Trap: a row is numbered before its transaction is
committed, so on PostgreSQL a lower number may appear after a higher one; rows are looked at again for
`OVERLAP` numbers.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from anyio import Event, to_thread
from fastapi import APIRouter, Depends, Request
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import EventSourceResponse, ServerSentEvent

from hilum.web.problems import TooMany
from hilum.web.rights import Right
from hilum.web.visitor import Visitor, require, station_of
from hilum.worklist.station import Station
from hilum.worklist.tables import AuditEvent, Study

log = logging.getLogger(__name__)

POLL_S = 1.0
OVERLAP = 100  # numbers of rows; transactions here are short
MOST_LISTENERS = 200  # of a process; a page that gets none asks by itself every few seconds
WAITING_EVENTS = 500  # of a listener that does not read; then it is dropped, and its page connects again
PING_S = 15
END_S = 3.0  # for the streams of a server that stops; less than uvicorn gives to answers
LONGEST_S = 600  # then the browser connects again, and its log-in is looked at again

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Change:
    """A study that something happened to."""

    study_id: int
    state: str
    upload_id: int | None


Listener = asyncio.Queue[Change | None]  # None: it has fallen behind


class Feed:
    """Reads the trail while somebody listens.

    Args:
        station: whose trail it is.
    """

    def __init__(self, station: Station) -> None:
        self.station = station
        self._listeners: set[Listener] = set()
        self._starting = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        return len(self._listeners) >= MOST_LISTENERS

    async def listen(self) -> Listener:
        """A new listener, to whom everything is told from now on; hand it to `changes`."""
        listener: Listener = asyncio.Queue(WAITING_EVENTS)
        self._listeners.add(listener)
        async with self._starting:
            if self._task is None or self._task.done():
                last = await to_thread.run_sync(self._newest)
                self._task = asyncio.create_task(self._follow(last))
        return listener

    async def changes(self, listener: Listener) -> AsyncIterator[Change]:
        """What a listener is told; ends after `LONGEST_S`, or where it falls behind."""
        try:
            async with asyncio.timeout(LONGEST_S):
                while (change := await listener.get()) is not None:
                    yield change
        except TimeoutError:
            log.debug("a listener has listened long enough")
        finally:
            self._listeners.discard(listener)

    async def _follow(self, last: int) -> None:
        seen: OrderedDict[int, None] = OrderedDict()
        start = last
        while self._listeners:
            await asyncio.sleep(POLL_S)
            try:
                rows = await to_thread.run_sync(self._since, max(start, last - OVERLAP))
            except SQLAlchemyError:
                log.exception("the audit trail could not be read; trying again")
                continue
            new = {row: change for row, change in rows.items() if row not in seen}
            seen.update(dict.fromkeys(new))
            while len(seen) > 2 * OVERLAP:
                seen.popitem(last=False)
            last = max(last, *rows, 0) if rows else last
            for change in dict.fromkeys(new.values()):
                self._tell(change)

    def end(self, listener: Listener) -> None:
        """Tell a listener nothing more; its changes end after those that it has been told."""
        self._listeners.discard(listener)
        if listener.full():
            listener.get_nowait()
        listener.put_nowait(None)

    def _tell(self, change: Change) -> None:
        for queue in list(self._listeners):
            if queue.full():
                self.end(queue)
            else:
                queue.put_nowait(change)

    def _newest(self) -> int:
        with self.station.database.reading() as session:
            return session.scalar(select(func.max(AuditEvent.id))) or 0

    def _since(self, row: int) -> dict[int, Change]:
        """By number of the trail's row; at most a thousand, the rest at the next look."""
        found = (
            select(AuditEvent.id, Study.id, Study.state, Study.upload_id)
            .join(Study, Study.id == AuditEvent.study_id)
            .where(AuditEvent.id > row)
            .order_by(AuditEvent.id)
            .limit(1000)
        )
        with self.station.database.reading() as session:
            return {
                number: Change(study, str(state), upload)
                for number, study, state, upload in session.execute(found)
            }


def feed_of(request: Request) -> Feed:
    """The app's one feed."""
    state = request.app.state
    if not hasattr(state, "feed"):
        state.feed = Feed(station_of(request))
    feed: Feed = state.feed
    return feed


@router.get("/events")
async def events(
    request: Request,
    _visitor: Annotated[Visitor, Depends(require(Right.SEE_STUDIES))],
    upload: int | None = None,
) -> EventSourceResponse:
    """Studies that change, of one upload or all; each event is `study` with its number and state."""
    feed = feed_of(request)
    if feed.is_full:
        raise TooMany("too many pages are open at this station", wait_s=30)

    listener, is_stopping = await feed.listen(), Event()

    async def told() -> AsyncIterator[ServerSentEvent]:
        ending = asyncio.create_task(_end_at(is_stopping, feed, listener))
        try:
            async for change in feed.changes(listener):
                if upload is None or change.upload_id == upload:
                    yield ServerSentEvent(event="study", data=f"{change.study_id} {change.state}")
        finally:
            ending.cancel()

    return EventSourceResponse(told(), ping=PING_S, shutdown_event=is_stopping, shutdown_grace_period=END_S)


async def _end_at(is_stopping: Event, feed: Feed, listener: Listener) -> None:
    """End a listener's stream when the server stops, so that its answer is whole and not cut off."""
    await is_stopping.wait()
    feed.end(listener)
