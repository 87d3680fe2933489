"""Slowing down who guesses passwords, by login and by address, counted in the database for all servers.

Trap: an attempt counts before the password is looked at and is forgiven afterwards, so that a hundred at the
same moment are a hundred attempts. The same counting goes for a login that nobody has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hilum.worklist.tables import LogInAttempts

FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 900.0
FORGOTTEN_AFTER = timedelta(hours=1)  # without a further attempt


@dataclass(frozen=True, slots=True)
class _Counted:
    key: str
    most: int  # failures before the first wait


def _counted(login: str, address: str) -> Iterator[_Counted]:
    # A login from one address stops early; the same login from everywhere later, so that a stranger cannot
    # easily keep its owner out; and an address whatever logins it tries.
    yield _Counted(_key("both", login, address), 5)
    yield _Counted(_key("login", login), 25)
    yield _Counted(_key("address", address), 50)


def count_attempt(session: Session, *, login: str, address: str, now: datetime) -> float | None:
    """Count an attempt, or give the seconds to wait, with nothing counted.

    Args:
        session: a writing one; commit before the password is checked.
        login: as typed, in lower case.
        address: of the client.
        now: with its zone.
    """
    counted = list(_counted(login, address))
    rows = [_row(session, each.key, now) for each in counted]
    waits = [
        row.locked_until - now for row in rows if row.locked_until is not None and row.locked_until > now
    ]
    if waits:
        return max(waits).total_seconds()
    for each, row in zip(counted, rows, strict=True):
        row.n_failures = row.n_failures + 1 if now - row.last_at < FORGOTTEN_AFTER else 1
        row.last_at = now
        excess = row.n_failures - each.most
        row.locked_until = now + timedelta(seconds=_wait_s(excess)) if excess >= 0 else None
    return None


def forgive(session: Session, *, login: str, address: str) -> None:
    """Take back what was counted, after the right password."""
    keys = [each.key for each in _counted(login, address)]
    session.execute(delete(LogInAttempts).where(LogInAttempts.key.in_(keys[:2])))
    # Others may be guessing from the same address: only this attempt is taken back.
    row = session.get(LogInAttempts, keys[2])
    if row is not None:
        row.n_failures = max(0, row.n_failures - 1)
        row.locked_until = None


def forget_old(session: Session, now: datetime) -> None:
    """Remove what no longer counts."""
    session.execute(delete(LogInAttempts).where(LogInAttempts.last_at < now - FORGOTTEN_AFTER))


def _row(session: Session, key: str, now: datetime) -> LogInAttempts:
    """The key's row, locked; made where it is not there, whoever else is making it."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(insert(LogInAttempts).values(key=key, n_failures=0, last_at=now).on_conflict_do_nothing())
    return session.scalars(select(LogInAttempts).where(LogInAttempts.key == key).with_for_update()).one()


def _wait_s(excess: int) -> float:
    return float(min(FIRST_WAIT_S * 2 ** min(excess, 20), LONGEST_WAIT_S))


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
