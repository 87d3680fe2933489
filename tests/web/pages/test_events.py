"""Events of the station: one reader of the trail for every page that listens."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from sse_starlette.sse import AppStatus

from hilum.web import events
from hilum.web.events import Change, Feed
from hilum.worklist.audit import record
from hilum.worklist.states import Role
from hilum.worklist.tables import Study


@pytest.fixture
def quick(monkeypatch):
    """Polls that do not wait a second."""
    monkeypatch.setattr(events, "POLL_S", 0.02)


def happen(station, study: int) -> None:
    with station.database.writing() as session:
        record(session, at=station.now(), who="test", action="score", study_id=study)


async def heard(feed: Feed, n: int) -> list[Change]:
    """The first n changes that a listener hears."""
    changes = feed.changes(await feed.listen())
    try:
        return [await asyncio.wait_for(anext(changes), 20) for _ in range(n)]
    finally:
        await changes.aclose()


async def settled(feed: Feed, n: int) -> None:
    """Wait until n listeners are there, and their reader is at work."""
    while len(feed._listeners) < n or feed._task is None:
        await asyncio.sleep(0.01)


def test_a_listener_hears_what_happens_from_now_on(station, add_study, quick):
    """And nothing of what was before."""
    before, after = add_study(), add_study()
    happen(station, before)

    async def listen() -> list[Change]:
        feed = Feed(station)
        told = asyncio.create_task(heard(feed, 1))
        await settled(feed, 1)
        happen(station, after)
        return await told

    assert asyncio.run(listen()) == [Change(after, "scored", None)]


def test_many_listeners_share_one_reader(station, add_study, quick, monkeypatch):
    """The trail is asked as often for ten pages as for one."""
    number = add_study()
    readers = 0
    follow = Feed._follow

    async def counted(self: Feed, last: int) -> None:
        nonlocal readers
        readers += 1
        await follow(self, last)

    monkeypatch.setattr(Feed, "_follow", counted)

    async def listen() -> list[list[Change]]:
        feed = Feed(station)
        told = [asyncio.create_task(heard(feed, 1)) for _ in range(10)]
        await settled(feed, 10)
        await asyncio.sleep(0.1)
        happen(station, number)
        return await asyncio.gather(*told)

    assert {len(changes) for changes in asyncio.run(listen())} == {1}
    assert readers == 1


def test_nobody_listening_asks_nothing(station, add_study, quick):
    """The reader ends with its last listener."""

    async def listen() -> bool:
        feed = Feed(station)
        told = asyncio.create_task(heard(feed, 1))
        await settled(feed, 1)
        happen(station, add_study())
        await told
        assert feed._task is not None
        await asyncio.wait_for(feed._task, 20)
        return feed._task.done()

    assert asyncio.run(listen())


def test_a_change_tells_the_upload_it_is_of(station, add_study, quick):
    """So that a page hears of its own films alone."""
    from hilum.worklist.tables import Upload

    number = add_study()
    with station.database.writing() as session:
        session.add(Upload(id=7, who="ann", started_at=station.now()))
        session.flush()
        session.get_one(Study, number).upload_id = 7

    async def listen() -> list[Change]:
        feed = Feed(station)
        told = asyncio.create_task(heard(feed, 1))
        await settled(feed, 1)
        happen(station, number)
        return await told

    assert asyncio.run(listen())[0].upload_id == 7


def test_events_are_for_those_who_may_see_studies(client):
    """Nobody is told without a log-in."""
    assert client.get("/events").status_code == 401


def test_a_stream_of_a_server_that_stops_ends_whole(listening, program, monkeypatch):
    """Its last chunk comes, so that the page sees an end and no error."""
    token = program(Role.READER).headers["Authorization"]
    asked = httpx.stream("GET", f"{listening}/events", headers={"Authorization": token}, timeout=20)
    with asked as answer:
        monkeypatch.setattr(AppStatus, "should_exit", True)  # what uvicorn's handler of SIGTERM sets
        rest = answer.read()

    assert answer.status_code == 200
    assert rest == b""
