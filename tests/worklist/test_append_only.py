"""The audit trail can be added to, and by no means changed: the database itself refuses."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from hilum.worklist.append_only import REASON
from hilum.worklist.audit import record
from hilum.worklist.tables import AuditEvent


@pytest.fixture
def trail(station):
    """A station whose trail has two rows."""
    with station.database.writing() as session:
        for action in ("log-in", "upload"):
            record(session, at=station.now(), who="rosa", action=action)
    return station


def actions(station) -> list[str]:
    with station.database.reading() as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


@pytest.mark.parametrize("statement", [
    update(AuditEvent).values(who="nobody"),
    update(AuditEvent).where(AuditEvent.action == "log-in").values(action="x"),
    delete(AuditEvent),
    text("UPDATE audit_event SET id = id + 100"),
])  # fmt: skip
def test_a_row_is_neither_changed_nor_removed(trail, statement):
    """Whatever the program asks, the row stays."""
    with pytest.raises(DBAPIError, match=REASON), trail.database.writing() as session:
        session.execute(statement)

    assert actions(trail) == ["log-in", "upload"]


def test_the_table_is_not_emptied_at_once(trail):
    """TRUNCATE asks no row's trigger, so it has its own."""
    if trail.database.is_sqlite:
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DBAPIError, match=REASON), trail.database.writing() as session:
        session.execute(text("TRUNCATE audit_event"))

    assert actions(trail) == ["log-in", "upload"]


def test_a_row_is_not_replaced(trail):
    """SQLite's INSERT OR REPLACE removes a row without asking the triggers of DELETE."""
    if not trail.database.is_sqlite:
        pytest.skip("PostgreSQL has no INSERT OR REPLACE")
    with pytest.raises(DBAPIError, match=REASON), trail.database.writing() as session:
        session.execute(insert(AuditEvent).prefix_with("OR REPLACE"),
                        {"id": 1, "at": trail.now(), "who": "x", "action": "x", "detail": {}})  # fmt: skip

    assert actions(trail) == ["log-in", "upload"]


def test_rows_are_added(trail):
    """The triggers stand in nobody's way who adds."""
    with trail.database.writing() as session:
        record(session, at=trail.now(), who="rosa", action="log-out")

    assert actions(trail) == ["log-in", "upload", "log-out"]
