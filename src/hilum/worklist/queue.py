"""The study table as a queue: workers lease studies, a dead worker's lease runs out, a result counts once.

Trap: a slow worker may finish after its lease ran out and another took the study; its token is no longer the
study's, so `finish` turns its result away. A new film of a leased study takes the lease away in the same way.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from hilum.errors import StateRefused
from hilum.records import RefusalCode
from hilum.worklist.audit import move, record
from hilum.worklist.readings import Reader, deciding
from hilum.worklist.states import State
from hilum.worklist.tables import AuditEvent, Film, Reading, Study

MOST_ATTEMPTS = 3  # a study that killed this many workers is failed, so that it cannot stop the queue
MOST_AT_ONCE = 100  # studies failed in one transaction


@dataclass(frozen=True, slots=True)
class Lease:
    """A study that one worker may score until the time given."""

    study_id: int
    token: str
    until: datetime
    films: tuple[Film, ...]  # the study's, those that are not scored too
    age_years: float | None  # by header or sender
    n_attempts: int  # this one included

    @property
    def chosen(self) -> tuple[Film, ...]:
        """The films to score; none where no film of the study can be read."""
        return tuple(film for film in self.films if film.is_chosen)


def is_waiting(session: Session, now: datetime, *, most_attempts: int = MOST_ATTEMPTS) -> bool:
    """Whether any study waits; for a reading session, so that idle workers take no lock."""
    return session.scalar(select(Study.id).where(_is_free(now, most_attempts)).limit(1)) is not None


def lease(
    session: Session, *, worker: str, now: datetime, seconds: float, most_attempts: int = MOST_ATTEMPTS
) -> Lease | None:
    """Take the next study, the highest priority and then the oldest first; None where none waits.

    Args:
        session: a writing one; commit before the work begins.
        worker: its name, for the trail.
        now: with its zone.
        seconds: how long the lease holds.
        most_attempts: a study that was leased this often without a result is left to `fail_exhausted`.
    """
    study = session.scalar(
        select(Study)
        .where(_is_free(now, most_attempts))
        .order_by(Study.queue_rank, Study.received_at, Study.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if study is None:
        return None
    study.lease_owner = worker
    study.lease_token = secrets.token_hex(16)
    study.lease_until = now + timedelta(seconds=seconds)
    study.n_attempts += 1
    films = session.scalars(select(Film).where(Film.study_id == study.id).order_by(Film.id)).all()
    return Lease(
        study.id, study.lease_token, study.lease_until, tuple(films), study.age_years, study.n_attempts
    )


def renew(session: Session, held: Lease, *, now: datetime, seconds: float) -> bool:
    """Hold a lease longer; False where it is no longer the worker's.

    Args:
        session: a writing one.
        held: as `lease` gave it.
        now: with its zone.
        seconds: from now.
    """
    found = session.execute(
        update(Study)
        .where(Study.id == held.study_id, Study.lease_token == held.token, Study.state == State.QUEUED)
        .values(lease_until=now + timedelta(seconds=seconds))
        .returning(Study.id)
    )
    return found.scalar() is not None


def release(session: Session, *, worker: str, now: datetime) -> int:
    """End the leases of a worker that is known to be dead; how many."""
    found = session.execute(
        update(Study)
        .where(Study.lease_owner == worker, Study.state == State.QUEUED)
        .values(lease_token=None, lease_until=now)
        .returning(Study.id)
    )
    return len(found.all())


def finish(
    session: Session, held: Lease, readings: Sequence[Reading], after: State, *, now: datetime
) -> Study | None:
    """File a result and end the lease; None, with nothing filed, where the lease is no longer the worker's.

    Args:
        session: a writing one.
        held: as `lease` gave it.
        readings: one or more, of one going-over of the study, not yet added to a session.
        after: SCORED, REFUSED, or FAILED.
        now: with its zone.
    """
    study = session.scalar(
        select(Study)
        .where(Study.id == held.study_id, Study.lease_token == held.token, Study.state == State.QUEUED)
        .with_for_update()
    )
    if study is None:
        return None
    _file(session, study, readings, after, now=now, who=f"worker {readings[0].worker}")
    return study


def fail_exhausted(
    session: Session, *, now: datetime, reader: Reader, most_attempts: int = MOST_ATTEMPTS
) -> list[tuple[Study, Reading]]:
    """Fail the studies that as many workers died on as may, and return them with their readings.

    Args:
        session: a writing one.
        now: with its zone.
        reader: that the workers read with.
        most_attempts: of workers.
    """
    dead = session.scalars(
        select(Study)
        .where(is_exhausted(now, most_attempts))
        .order_by(Study.id)
        .limit(MOST_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    failed = []
    for study in dead:
        reason = f"{study.n_attempts} workers ended while they read this study; the log may say why."
        reading = reader.refusal(study.id, RefusalCode.FAILED, reason, at=now, worker="station")
        _file(session, study, [reading], State.FAILED, now=now, who="station")
        failed.append((study, reading))
    return failed


def queue_again(session: Session, study: Study, *, at: datetime, who: str, action: str) -> AuditEvent:
    """Put a study back into the queue, from the start; a worker that holds it loses it.

    Args:
        session: a writing one.
        study: locked, with its films' bytes in place.
        at: with its zone.
        who: as the trail has it.
        action: why, as in "late-film" or "requeue".

    Raises:
        StateRefused: more of it may come, or its films were removed.
    """
    if study.removed_at is not None:
        raise StateRefused(f"study {study.id} cannot be scored again: its films were removed by retention")
    study.lease_owner = study.lease_token = study.lease_until = None
    study.n_attempts = 0
    if study.state is State.QUEUED:
        return record(session, at=at, who=who, action=action, study_id=study.id)
    return move(session, study, State.QUEUED, at=at, who=who, action=action)


def _file(
    session: Session, study: Study, readings: Sequence[Reading], after: State, *, now: datetime, who: str
) -> None:
    session.add_all(readings)
    detail = {"attempt": study.n_attempts, "n_readings": len(readings)}
    study.lease_owner = study.lease_token = study.lease_until = None
    study.n_attempts = 0
    main = deciding(readings)
    study.score, study.is_flagged, study.refusal_code = main.score, main.is_flagged, main.refusal_code
    event = move(session, study, after, at=now, who=who, action="score")
    event.bundle, event.threshold, event.detail = main.bundle, main.threshold, detail


def is_exhausted(now: datetime, most_attempts: int) -> ColumnElement[bool]:
    """Whether as many workers died on a study as may; one that died left a time in `lease_until`."""
    return and_(Study.lease_until <= now, Study.state == State.QUEUED, Study.n_attempts >= most_attempts)


def _is_free(now: datetime, most_attempts: int) -> ColumnElement[bool]:
    is_unheld = or_(Study.lease_until.is_(None), Study.lease_until <= now)
    return and_(Study.state == State.QUEUED, Study.n_attempts < most_attempts, is_unheld)
