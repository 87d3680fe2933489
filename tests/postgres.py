"""A real PostgreSQL server on a folder and a free port of its own, from Debian's packages.

PostgreSQL will not run as root, so there it runs as the user that Debian's package makes. Trap: that user
must reach the folder, so it is not below pytest's, which is closed to others.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

USER = "postgres"
# A test's server may forget what it was told when the machine fails; a measurement's may not.
FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class PostgresServer:
    """A running server; each database made on it is empty, or a copy of another."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._numbers = count(1)

    def url(self, name: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def make_database(self, template: str = "template1") -> str:
        """The name of a new database."""
        name = f"hilum_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def programs() -> Path | None:
    """Where Debian keeps the server's programs; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def running_postgres(*, settings: tuple[str, ...] = FORGETFUL) -> Iterator[PostgresServer]:
    """Start a server, and stop it and remove its folder at the end."""
    place = programs()
    assert place is not None, "ask programs() first"
    folder = Path(tempfile.mkdtemp(prefix="hilum-postgres-"))
    try:
        as_user = _as_user(folder)
        subprocess.run([*as_user, place / "initdb", "-D", folder / "data", "-A", "trust", "-U", USER,
                        "-E", "UTF8", "--locale=C", "--no-sync"],
                       check=True, stdout=subprocess.DEVNULL, cwd=folder)  # fmt: skip
        port = _free_port()
        asked = ("listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={folder}", *settings)
        options = " ".join(f"-c {setting}" for setting in asked)
        control = [*as_user, place / "pg_ctl", "-D", folder / "data", "-w"]
        subprocess.run([*control, "-l", folder / "log", "-o", options, "start"],
                       check=True, stdout=subprocess.DEVNULL, cwd=folder)  # fmt: skip
        try:
            yield PostgresServer(port)
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"],
                           check=True, stdout=subprocess.DEVNULL, cwd=folder)  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_user(folder: Path) -> list[str]:
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, USER, USER)
    return ["runuser", "-u", USER, "--"]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
