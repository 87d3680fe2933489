"""Whether scores, refusals, or the people who come have changed since a time that was found good.

`evaluation.monitoring` judges; this hands it the station's studies. Trap: with a few films no change can be
told, and `can_alarm` then says that silence means nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hilum.errors import TableInvalid
from hilum.evaluation.monitoring import Monitoring, MonitorSettings, monitor
from hilum.evaluation.watched import WatchedFilm, WatchedTable
from hilum.records import RefusalCode
from hilum.worklist.programme import Period
from hilum.worklist.tables import Reading, Study

MOST_FILMS = 5000  # of each side, the newest: what more would add to an alarm is not worth the wait
ROLES = frozenset({"film", "score", "code", "bundle", "threshold", "day", "site", "device", "age", "sex",
                   "patient"})  # fmt: skip


def drift(session: Session, reference: Period, current: Period, settings: MonitorSettings) -> Monitoring:
    """Hold the studies of one period against those of another.

    Args:
        session: a reading one.
        reference: a time that was found good.
        current: a time since.
        settings: windows, and how often a false alarm may come.

    Raises:
        TableInvalid: one of them holds no scored study, or what cannot be compared.
    """
    tables = [watched(session, period) for period in (reference, current)]
    for table, word in zip(tables, ("reference", "current"), strict=True):
        if not any(film.score is not None for film in table.films):
            raise TableInvalid(f"no study of the {word} period was scored, so there is nothing to compare")
    return monitor(tables[0], tables[1], settings)


def watched(session: Session, period: Period) -> WatchedTable:
    """A period's studies, scored or refused, as monitoring takes them; faults of ours are left out."""
    newest = select(Reading.study_id, func.max(Reading.id).label("id")).group_by(Reading.study_id).subquery()
    rows: Sequence[Any] = session.execute(
        select(Study, Reading.bundle, Reading.threshold)
        .join(newest, newest.c.study_id == Study.id)
        .join(Reading, Reading.id == newest.c.id)
        .where(period.condition())
        .order_by(Study.received_at.desc(), Study.id.desc())
        .limit(MOST_FILMS)
    ).all()
    films = [_film(row) for row in reversed(rows) if row.Study.refusal_code != RefusalCode.FAILED]
    return WatchedTable(Path("station"), tuple(films), ROLES)


def _film(row: Any) -> WatchedFilm:
    study: Study = row.Study
    return WatchedFilm(
        film=f"study-{study.id}",
        score=None if study.score is None else study.score / 100,
        code=study.refusal_code,
        bundle=row.bundle,
        threshold=row.threshold,
        day=study.received_at.date(),
        site=study.site or None,
        device=study.device or None,
        age=study.age_years,
        sex=study.sex,
        patient=None if study.patient_key is None else f"patient-{study.patient_key}",
    )
