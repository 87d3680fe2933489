"""A whole database as one file, taken while others write to it, and put back into an empty one.

SQLite is copied by its own VACUUM INTO, PostgreSQL by pg_dump and pg_restore; both see one moment.
Trap: a password belongs in no argument, which every user of a machine can read; PostgreSQL's programs are
told it by their environment.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from hilum.errors import DatabaseRefused
from hilum.worklist.database import Database

SQLITE_NAME, POSTGRES_NAME = "database.sqlite", "database.dump"
_DEBIAN = "/usr/lib/postgresql"


def dump_name(url: URL) -> str:
    """What the file of a database is called in a back-up, which tells the kind."""
    return SQLITE_NAME if url.get_backend_name() == "sqlite" else POSTGRES_NAME


def dump(database: Database, file: Path) -> None:
    """Write the database as it is at this moment.

    Args:
        database: in use, perhaps.
        file: that is not there yet.

    Raises:
        DatabaseRefused: it cannot be read, is damaged, or PostgreSQL's programs are not there.
    """
    if not database.is_sqlite:
        _run("pg_dump", database.url, "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")
        return
    source = Path(database.url.database or "")
    if not source.is_file():
        raise DatabaseRefused(f"there is no database {source}")
    with closing(sqlite3.connect(source)) as connection:
        try:
            connection.execute("VACUUM INTO ?", (str(file),))
        except sqlite3.DatabaseError as error:
            raise DatabaseRefused(f"the database {source} cannot be copied: {error}") from error
    check_sqlite(file)


def check_empty(file: Path, database: Database) -> None:
    """Refuse to put a dump where it cannot go.

    Raises:
        DatabaseRefused: it is of the other kind, or the database holds something.
    """
    if file.name != dump_name(database.url):
        kind = "SQLite" if file.name == SQLITE_NAME else "PostgreSQL"
        raise DatabaseRefused(f"the back-up is of {kind}, and can be restored there alone")
    if not database.is_sqlite:
        _refuse_tables(database)
        return
    place = Path(database.url.database or "")
    if place.exists():
        raise DatabaseRefused(f"{place} is there already; a back-up is restored into an empty folder")


def load(file: Path, database: Database) -> None:
    """Put a dump into an empty database, as `check_empty` found it.

    Raises:
        DatabaseRefused: the dump is damaged.
    """
    if not database.is_sqlite:
        _run("pg_restore", database.url, "--no-owner", "--no-privileges", "--single-transaction",
             "--exit-on-error", str(file))  # fmt: skip
        return
    check_sqlite(file)
    place = Path(database.url.database or "")
    shutil.copyfile(file, place)


def check_sqlite(file: Path) -> None:
    """SQLite's own check of every page, index, and foreign key.

    Raises:
        DatabaseRefused: with its first finding.
    """
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
            orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
        except sqlite3.DatabaseError as error:
            raise DatabaseRefused(f"the database {file} is damaged: {error}") from error
    if found != ["ok"] or orphan is not None:
        raise DatabaseRefused(f"the database {file} is damaged: {found[0] if orphan is None else orphan}")


def _refuse_tables(database: Database) -> None:
    try:
        with database.engine.connect() as connection:
            tables = inspect(connection).get_table_names()
    except DBAPIError as error:
        raise DatabaseRefused("the database to restore into cannot be reached") from error
    if tables:
        raise DatabaseRefused("the database to restore into holds tables; a back-up goes into an empty one")


def _run(program: str, url: URL, *arguments: str) -> None:
    place = _program(program)
    connection = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    told = {name: str(value) for name, value in connection.items() if value}
    asked = [str(place), "--no-password", f"--dbname={url.database or ''}", *arguments]
    done = subprocess.run(asked, env={**os.environ, **told}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise DatabaseRefused(f"{program} failed: {last}")


def _program(name: str) -> Path:
    """Debian keeps the programs of each version apart, the newest of which reads all older ones."""
    found = sorted(Path(_DEBIAN).glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which(name)
    if not found and on_path is None:
        raise DatabaseRefused(f"{name} is not installed; Debian's package postgresql-client has it")
    return found[-1] if found else Path(str(on_path))
