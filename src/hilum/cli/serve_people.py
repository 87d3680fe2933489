"""The first administrator without a browser: from the environment, or for a demonstration.

Trap: a password on a command line is in everyone's list of processes; here it comes from the environment,
from a file, or is made by chance and printed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from hilum.errors import StationRefused
from hilum.web.accounts.passwords import Passwords, check_new_password
from hilum.web.accounts.people import (
    add_person,
    change_own_password,
    first_administrator,
    has_administrator,
    known_login,
)
from hilum.web.accounts.people_pages import made_password
from hilum.web.problems import InvalidRequest
from hilum.worklist.states import Role
from hilum.worklist.station import Station
from hilum.worklist.tables import Person

LOGIN, PASSWORD, PASSWORD_FILE = "HILUM_ADMINISTRATOR", "HILUM_PASSWORD", "HILUM_PASSWORD_FILE"
DEMO_LOGIN = "demo"


def administrator_from_environment(station: Station) -> None:
    """Make the administrator that the environment names, where the station has none yet.

    Raises:
        StationRefused: there is a login without a password, the file cannot be read, or one is no good.
    """
    login = os.environ.get(LOGIN)
    with station.database.reading() as session:
        if login is None or has_administrator(session):
            return
    password = password_from_environment()
    if password is None:
        raise StationRefused(f"{LOGIN} is set without {PASSWORD} or {PASSWORD_FILE}")
    try:
        check_new_password(password, login=known_login(login))
        made_hash = Passwords().made_hash(password)
        with station.database.writing() as session:
            first_administrator(session, login=login, name="", password_hash=made_hash, now=station.now())
    except InvalidRequest as error:
        raise StationRefused(f"{LOGIN} and {PASSWORD}: {error}") from error


def password_from_environment() -> str | None:
    """HILUM_PASSWORD, or the first line of the file that HILUM_PASSWORD_FILE names.

    Raises:
        StationRefused: the file cannot be read.
    """
    path = os.environ.get(PASSWORD_FILE)
    if path is None:
        return os.environ.get(PASSWORD)
    try:
        return next(iter(Path(path).read_text(encoding="utf-8").splitlines()), "")
    except (OSError, UnicodeDecodeError) as error:
        raise StationRefused(f"{PASSWORD_FILE} {path} cannot be read: {error}") from error


def demo_administrator(station: Station, *, tell: Callable[[str], None]) -> None:
    """Let somebody into a demonstration: a new password for `demo` at each start, printed.

    A station that has another administrator already keeps its own way in.
    """
    with station.database.reading() as session:
        demo = session.scalar(select(Person).where(Person.login == DEMO_LOGIN))
        if demo is None and has_administrator(session):
            return
    password = made_password()
    made_hash = Passwords().made_hash(password)
    with station.database.writing() as session:
        if demo is None:
            add_person(session, login=DEMO_LOGIN, name="Demonstration", role=Role.ADMINISTRATOR,
                       password_hash=made_hash, now=station.now())  # fmt: skip
        else:
            change_own_password(session, session.get_one(Person, demo.id), made_hash, now=station.now())
    tell(f"Log in as {DEMO_LOGIN} with the password {password}")
