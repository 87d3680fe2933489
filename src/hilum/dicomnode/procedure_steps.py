"""Closing a study by its modality's word: it is whole once every image that the ended step names is here.

Trap: "completed" may come before the last film, since a modality reports and sends by different associations;
so a step is looked at when it ends and again at every film. A step that names images which never come leaves
the study to its time-out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hilum.worklist.audit import record
from hilum.worklist.states import State, StepState
from hilum.worklist.tables import Film, ProcedureStep, Study

MOST_NAMED = 1000  # images of one step that are looked for; a study of films has a handful


def close_where_whole(session: Session, study_id: int, *, now: datetime) -> bool:
    """Let a study be queued at once if its steps have ended and their images are here.

    Args:
        session: a writing one.
        study_id: our number.
        now: with its zone.
    """
    study = session.get(Study, study_id)
    if study is None or study.state is not State.RECEIVED:
        return False
    steps = session.scalars(select(ProcedureStep).where(ProcedureStep.study_uid == study.study_uid)).all()
    if not steps or not all(_is_whole(session, step) for step in steps):
        return False
    study.closes_at = now
    record(session, at=now, who=f"node {steps[0].source}", action="procedure-step-ended", study_id=study.id)
    return True


def close_studies_of(session: Session, steps: Sequence[ProcedureStep], *, now: datetime) -> None:
    """`close_where_whole` for the studies that steps belong to, of those that have come."""
    uids = [step.study_uid for step in steps]
    for study_id in session.scalars(select(Study.id).where(Study.study_uid.in_(uids))).all():
        close_where_whole(session, study_id, now=now)


def _is_whole(session: Session, step: ProcedureStep) -> bool:
    if step.state is StepState.IN_PROGRESS:
        return False
    if step.state is StepState.DISCONTINUED:
        return True  # no more will come, whatever is missing
    named = set(step.instance_uids)
    if not named or len(named) > MOST_NAMED:
        return False
    here = func.count(Film.sop_instance_uid.distinct())
    return session.scalar(select(here).where(Film.sop_instance_uid.in_(named))) == len(named)
