"""A station of each kind, SQLite and a real PostgreSQL, so that every test of the worklist holds on both."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bundles import write_film, write_tiny_bundle
from hilum.inference.bundle import Bundle
from hilum.worklist.database import Database, database_url
from hilum.worklist.film_facts import read_film_facts
from hilum.worklist.intake import Accepted, Arrival, accept
from hilum.worklist.migrating import migrate
from hilum.worklist.states import Origin
from hilum.worklist.station import Station, StationSettings
from postgres import PostgresServer, programs, running_postgres

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Clock(Station):
    """A station whose clock stands still until a test moves it."""

    time = NOON

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The bundle made of a few operators; it reads the films of `bundles.write_film`."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server for all tests of a session."""
    if programs() is None:
        pytest.skip("needs PostgreSQL's server, as Debian's package postgresql has it")
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer) -> str:
    """The name of a database with the worklist's tables, to copy."""
    name = postgres.make_database()
    database = Database(database_url(Path(), postgres.url(name)))
    migrate(database)
    database.close()
    return name


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a SQLite database of the worklist's tables, to copy."""
    folder = tmp_path_factory.mktemp("sqlite")
    database = Database(database_url(folder))
    migrate(database)
    database.close()
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, tiny_bundle: Bundle
) -> Iterator[StationSettings]:
    """Of a station whose tables are made, on each database in turn."""
    folder = tmp_path / "station"
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("migrated_sqlite"), folder)
        yield StationSettings(folder, bundle=tiny_bundle.folder, low_disk_bytes=0)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.make_database(request.getfixturevalue("migrated_postgres"))
    yield StationSettings(folder, database_url=server.url(name), bundle=tiny_bundle.folder, low_disk_bytes=0)
    server.drop_database(name)


@pytest.fixture
def station(settings: StationSettings) -> Iterator[Clock]:
    """An open station at noon."""
    opened = Clock(settings)
    yield opened
    opened.close()


@pytest.fixture
def take(station: Clock, tmp_path: Path) -> Callable[..., Accepted]:
    """Take a film in: a path, or a phantom that is drawn; what an `Arrival` holds by name."""

    def taken(path: Path | None = None, **changes) -> Accepted:
        film = path or write_film(tmp_path / "film.png", has_spot=True)
        kept = station.originals.keep_file(film)
        known = {"origin": Origin.UPLOAD, "who": "rosa", "at": station.now()}
        arrival = Arrival(kept, read_film_facts(kept.path), **(known | changes))
        with station.database.writing() as session:
            return accept(session, arrival)

    return taken
