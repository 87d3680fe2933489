"""Writing the audit trail: one row for whatever anyone, or any worker, did.

Trap: a row belongs in the same transaction as what it tells of, so every function here takes a session.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hilum.worklist.states import State, check_transition
from hilum.worklist.tables import AuditEvent, Study


def record(
    session: Session, *, at: datetime, who: str, action: str, study_id: int | None = None, **detail: Any
) -> AuditEvent:
    """Add a row to the trail.

    Args:
        session: a writing one.
        at: with its zone.
        who: a login, "worker NAME", or "node AE"; never a patient.
        action: a short word, as in "log-in", "upload", "score", "verdict".
        study_id: that it concerns.
        detail: JSON values; never a patient's name or identifier.
    """
    event = AuditEvent(at=at, who=who, action=action, study_id=study_id, detail=detail)
    session.add(event)
    return event


def move(session: Session, study: Study, after: State, *, at: datetime, who: str, action: str) -> AuditEvent:
    """Change a study's state and write the trail of it, in one transaction.

    Raises:
        StateRefused: the state may not follow the present one.
    """
    before = study.state
    check_transition(study.id, before, after)
    study.state = after
    study.state_since = at
    event = record(session, at=at, who=who, action=action, study_id=study.id)
    event.before, event.after = before, after
    return event
