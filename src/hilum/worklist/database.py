"""One way to open the database, SQLite or PostgreSQL by URL, and two kinds of session: reading and writing.

Trap: SQLite upgrades a reading transaction to a writing one by failing when another writes; so a writing
session takes the lock at once (BEGIN IMMEDIATE), and a reading session must not write.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

from hilum.errors import DatabaseRefused

BUSY_TIMEOUT_S = 30.0  # SQLite: one writer at a time; the others wait this long
FILE_NAME = "hilum.sqlite"
POOL_SIZE, POOL_OVERFLOW = 10, 40  # connections a process: a web server's thread pool has 40 threads


def database_url(folder: Path, url: str | None = None) -> URL:
    """The URL to open: the one given, or a SQLite file in the station's folder.

    Args:
        folder: of the station's data.
        url: SQLAlchemy's form; `postgresql://` takes psycopg 3.

    Raises:
        DatabaseRefused: it is no URL, or of another database.
    """
    if url is None:
        return URL.create("sqlite", database=str(folder / FILE_NAME))
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseRefused(
            "the database URL cannot be read; it looks like postgresql://user@host/name"
        ) from error
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() in ("sqlite", "postgresql"):
        return parsed
    raise DatabaseRefused(
        f"{parsed.get_backend_name()} is not a database Hilum runs on; take SQLite or PostgreSQL"
    )


class Database:
    """An engine and its sessions; rows stay usable after their session has closed.

    Args:
        url: as `database_url` gives it.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self.engine = _engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._writers = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one moment of the database, and is rolled back at its end."""
        with self._sessions() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that commits at its end, or rolls back where something is raised."""
        with self._turn(), self._sessions() as session, session.begin():
            session.connection(execution_options={"is_writing": True})
            yield session

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One writer of this process after another, where the database takes one at a time.

        SQLite has those who wait look again ever more seldom, and a lock wakes the next. Whoever waited in
        vain goes on without it, and is told by SQLite that it is busy.
        """
        has_turn = self.is_sqlite and self._writers.acquire(timeout=BUSY_TIMEOUT_S)
        try:
            yield
        finally:
            if has_turn:
                self._writers.release()


def _engine(url: URL) -> Engine:
    """Parameters are hidden: an error's words go to the log, and a statement may carry a patient's name."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_S},
            pool_size=POOL_SIZE, max_overflow=POOL_OVERFLOW,
        )  # fmt: skip
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        url, hide_parameters=True, connect_args={"options": "-c timezone=utc"},  # so that a day is UTC's
        pool_pre_ping=True,  # a connection that a restarted server has closed is noticed before it is used
        pool_size=POOL_SIZE, max_overflow=POOL_OVERFLOW,
    )  # fmt: skip


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not open transactions of its own
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # a commit that was answered survives a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
