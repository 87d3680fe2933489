"""When a study is whole: some seconds after its last film, by what its sender's way in allows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from hilum.worklist.audit import move
from hilum.worklist.states import State
from hilum.worklist.tables import Study

MOST_AT_ONCE = 500  # studies, so that one transaction stays short


def close_due(session: Session, now: datetime) -> int:
    """Queue the studies whose time has come; how many.

    Args:
        session: a writing one.
        now: with its zone.
    """
    due = session.scalars(
        select(Study)
        .where(is_due(now))
        .order_by(Study.id)
        .limit(MOST_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for study in due:
        move(session, study, State.QUEUED, at=now, who="station", action="queue")
    return len(due)


def is_due(now: datetime) -> ColumnElement[bool]:
    """Whether a study is received and its time has come."""
    return and_(Study.state == State.RECEIVED, Study.closes_at <= now)
