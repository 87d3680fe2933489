"""Who waits for a page goes before films that are sent, and no reader keeps films out for long."""

from __future__ import annotations

import threading
import time

import anyio
import pytest

from hilum.web.pages_first import LOOKERS, Lookers, PagesFirst


def answering(seen: list[bool], *, fails: bool = False):
    """An app that notes whether somebody waits before its answer begins, and after."""

    async def app(scope, receive, send) -> None:
        seen.append(LOOKERS.let_pass(0))
        if fails:
            raise ZeroDivisionError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        seen.append(LOOKERS.let_pass(0))
        await send({"type": "http.response.body", "body": b""})

    return PagesFirst(app)


def ask(app: PagesFirst, method: str) -> None:
    async def send(message) -> None:
        pass

    async def asked() -> None:
        await app({"type": "http", "method": method, "path": "/"}, send, send)

    anyio.run(asked)


@pytest.mark.parametrize(("method", "is_free"), [("GET", False), ("HEAD", False), ("POST", True)])
def test_a_page_counts_until_its_answer_begins(method, is_free):
    """A stream of events is a page too, and goes on for an hour; an upload is no page."""
    seen = []

    ask(answering(seen), method)

    assert seen == [is_free, True]


def test_a_page_that_fails_keeps_no_film_waiting():
    """A crash of a page is not for ever."""
    with pytest.raises(ZeroDivisionError):
        ask(answering([], fails=True), "GET")

    assert LOOKERS.let_pass(0)


def test_a_film_waits_until_the_last_page_is_answered():
    """Two wait for pages; the film goes on once both have theirs."""
    lookers, passed = Lookers(), []
    film = threading.Thread(target=lambda: passed.append(lookers.let_pass(60)))

    with lookers.one_more():
        with lookers.one_more():
            film.start()
        was_early = bool(passed)
    film.join()

    assert (was_early, passed) == (False, [True])


def test_a_film_waits_only_so_long():
    """A crowd of readers does not keep films out."""
    lookers = Lookers()

    with lookers.one_more():
        began = time.monotonic()
        assert not lookers.let_pass(0.05)

    assert time.monotonic() - began >= 0.05
