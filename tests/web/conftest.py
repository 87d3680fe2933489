"""A station on a temporary folder, its app in this process, and a client for every role."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from argon2 import PasswordHasher
from chromium import CHROMIUM
from fastapi import FastAPI
from fastapi.testclient import TestClient

from hilum.web.accounts import sessions, tokens
from hilum.web.accounts.passwords import Passwords
from hilum.web.accounts.people import add_person
from hilum.web.app import create_app
from hilum.web.settings import WebSettings
from hilum.worklist.database import FILE_NAME
from hilum.worklist.migrating import migrate
from hilum.worklist.states import Role
from hilum.worklist.station import Station, StationSettings
from hilum.worklist.tables import Person

PASSWORD = "four words go here"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # a real hash takes 0.1 s


class StationOfTests(Station):
    """A station whose clock a test may move."""

    later = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.later


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables, to be copied, since making them takes as long as a test."""
    made = Station(StationSettings(folder=tmp_path_factory.mktemp("empty")))
    migrate(made.database)
    with made.database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    made.close()
    return made.settings.folder / FILE_NAME


@pytest.fixture
def station(tmp_path: Path, empty_database: Path) -> Iterator[StationOfTests]:
    """An open station with its tables, on SQLite; no workers."""
    folder = tmp_path / "station"
    folder.mkdir()
    shutil.copy(empty_database, folder / FILE_NAME)
    made = StationOfTests(StationSettings(folder=folder, low_disk_bytes=0))
    yield made
    made.close()


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    """With a hash that takes no time."""
    return Passwords(QUICK)


@pytest.fixture
def web_settings(station: StationOfTests) -> WebSettings:
    """As `hilum serve` has them on the loopback."""
    return WebSettings(station=station.settings, allowed_hosts=("testserver",))


@pytest.fixture
def app(station: StationOfTests, web_settings: WebSettings, passwords: Passwords) -> FastAPI:
    """The whole app."""
    return create_app(web_settings, station=station, passwords=passwords)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A browser that nobody has logged in with; it follows no redirect."""
    with TestClient(app, follow_redirects=False) as made:
        yield made


@pytest.fixture
def listening(app: FastAPI) -> Iterator[str]:
    """The address of the app on a free port of the loopback, for programs that speak HTTP themselves."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@dataclass
class People:
    """Makes people of a role, and clients that are logged in as them."""

    app: FastAPI
    station: StationOfTests
    settings: WebSettings
    passwords: Passwords
    clients: list[TestClient] = field(default_factory=list)

    def add(self, role: Role, login: str | None = None) -> Person:
        """A person whose login is their role, unless told, and whose password is `PASSWORD`."""
        made_hash = None if role is Role.SERVICE else self.passwords.made_hash(PASSWORD)
        with self.station.database.writing() as session:
            return add_person(session, login=login or str(role), name=f"A {role}", role=role,
                              password_hash=made_hash, now=self.station.now())  # fmt: skip

    def browser(self, role: Role, login: str | None = None) -> TestClient:
        """A client with a session, which sends its X-CSRF-Token and asks for pages."""
        return self.browser_of(self.add(role, login))

    def browser_of(self, person: Person) -> TestClient:
        with self.station.database.writing() as session:
            opened = sessions.open_session(session, person, self.settings, now=self.station.now())
        headers = {"X-CSRF-Token": opened.csrf, "Accept": "text/html", "Origin": "http://testserver"}
        return self._client(headers, {sessions.cookie_name(self.settings): opened.secret})

    def program(self, role: Role, login: str | None = None) -> TestClient:
        """A client with a token of the person, which asks for JSON."""
        person = self.add(role, login)
        with self.station.database.writing() as session:
            _, secret = tokens.make_token(
                session, person, name="test", n_days=1, now=self.station.now(), who="test"
            )
        return self._client({"Authorization": f"Bearer {secret}", "Accept": "application/json"}, {})

    def _client(self, headers: dict[str, str], cookies: dict[str, str]) -> TestClient:
        made = TestClient(self.app, follow_redirects=False, headers=headers, cookies=cookies)
        self.clients.append(made)
        return made


@pytest.fixture
def people(
    app: FastAPI, station: StationOfTests, web_settings: WebSettings, passwords: Passwords
) -> Iterator[People]:
    """Makes people, browsers, and programs."""
    made = People(app, station, web_settings, passwords)
    yield made
    for client in made.clients:
        client.close()


@pytest.fixture
def browser(people: People) -> Callable[[Role], TestClient]:
    """`browser(Role.READER)`: a client that is logged in."""
    return people.browser


@pytest.fixture
def program(people: People) -> Callable[[Role], TestClient]:
    """`program(Role.SERVICE)`: a client with a token."""
    return people.program


@pytest.fixture(scope="module")
def playwright_driver() -> Iterator[Any]:
    """Playwright, which downloads nothing: it drives the system's own Chromium.

    Ended with each module, since it keeps an event loop running that other rooms' tests would trip over.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the python package playwright")
    if not CHROMIUM.is_file():
        pytest.skip(f"needs Chromium at {CHROMIUM}, or its path in HILUM_CHROMIUM")
    with sync_api.sync_playwright() as driver:
        yield driver
