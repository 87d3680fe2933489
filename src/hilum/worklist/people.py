"""How people are named where people read: by their name, with the login that the trail keeps.

Trap: a name can be changed and shared by two people, so verdicts and the trail hold logins, and a name is
looked up when it is shown.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from hilum.worklist.tables import Person


class Named(dict[str, str]):
    """Login -> how it is shown; what is no person of this station, as a worker, is shown as it is."""

    def __missing__(self, login: str) -> str:
        return login


def named(session: Session, logins: Collection[str]) -> Named:
    """How some logins are shown."""
    rows = session.execute(select(Person.login, Person.name).where(Person.login.in_(set(logins))))
    return Named({login: _shown(login, name) for login, name in rows})


def _shown(login: str, name: str) -> str:
    if name.casefold() in ("", login):
        return name or login
    return f"{name} ({login})"
