"""The study table as a queue: workers lease studies, a dead worker's lease runs out, a result counts once.

Trap: a slow worker may finish after its lease ran out and another took the study; its token is no longer the
study's, so `finish` turns its result away.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, selectinload

from hilum.worklist.audit import move
from hilum.worklist.states import State
from hilum.worklist.tables import Film, Reading, Study

MOST_ATTEMPTS = 3  # a study that killed this many workers is failed, so that it cannot stop the queue


@dataclass(frozen=True, slots=True)
class Lease:
    """A study that one worker may score until the time given."""

    study_id: int
    token: str
    until: datetime
    films: tuple[Film, ...]  # the chosen ones; none where no film of the study can be read
    age_years: float | None  # by header or sender
    n_attempts: int  # this one included


def lease(session: Session, *, worker: str, now: datetime, seconds: float) -> Lease | None:
    """Take the next study, the highest priority and then the oldest first; None where none waits.

    Args:
        session: a writing one; commit before the work begins.
        worker: its name, for the trail.
        now: with its zone.
        seconds: how long the lease holds.
    """
    study = session.scalar(
        select(Study)
        .where(_is_free(now))
        .order_by(Study.priority.desc(), Study.received_at, Study.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .options(selectinload(Study.films))
    )
    if study is None:
        return None
    study.lease_owner = worker
    study.lease_token = secrets.token_hex(16)
    study.lease_until = now + timedelta(seconds=seconds)
    study.n_attempts += 1
    chosen = tuple(film for film in study.films if film.is_chosen)
    return Lease(study.id, study.lease_token, study.lease_until, chosen, study.age_years, study.n_attempts)


def finish(session: Session, held: Lease, reading: Reading, after: State, *, now: datetime) -> bool:
    """File a result and end the lease; False, with nothing filed, where the lease is no longer the worker's.

    Args:
        session: a writing one.
        held: as `lease` gave it.
        reading: not yet added to a session.
        after: SCORED, REFUSED, or FAILED.
        now: with its zone.
    """
    study = session.scalar(
        select(Study)
        .where(Study.id == held.study_id, Study.lease_token == held.token, Study.state == State.QUEUED)
        .with_for_update()
    )
    if study is None:
        return False
    session.add(reading)
    study.lease_owner = study.lease_token = study.lease_until = None
    study.score, study.is_flagged = reading.score, reading.is_flagged
    study.refusal_code = reading.refusal_code
    event = move(session, study, after, at=now, who=f"worker {reading.worker}", action="score")
    event.bundle, event.threshold = reading.bundle, reading.threshold
    return True


def _is_free(now: datetime) -> ColumnElement[bool]:
    return and_(Study.state == State.QUEUED, or_(Study.lease_until.is_(None), Study.lease_until < now))
