"""The station's own studies as the tables that calibration and the watch for drift are made on.

Trap: only readings of the bundle that reads now count, since a probability of one bundle is not another's;
and only the newest reading that decided, so that a study counts once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from hilum.evaluation.watched import WatchedFilm, WatchedTable
from hilum.records import Prediction
from hilum.worklist.programme import Period
from hilum.worklist.readings import deciding
from hilum.worklist.tables import Reading, Study

LABELS = {"positive": 1, "negative": 0}
MOST_WATCHED = 4000  # studies of a side, the newest; a thousand tell a change that matters
ROLES = frozenset(
    {"film", "score", "code", "bundle", "threshold", "day", "site", "device", "age", "sex", "patient"}
)


def confirmed_cases(session: Session, bundle_sha256: str) -> list[Prediction]:
    """Scored studies with a confirmatory test's positive or negative result."""
    found = (Study.test_result.in_(LABELS), Study.score.is_not(None))
    return [
        Prediction(
            film=str(study.id),
            label=LABELS[study.test_result or ""],
            score=reading.probability,
            patient=_patient(study),
            site=study.site or None,
            age_years=study.age_years,
            sex=study.sex,
        )
        for study, reading in _decided(session, *found)
        if reading.bundle_sha256 == bundle_sha256 and reading.probability is not None
    ]


def watched(session: Session, period: Period, bundle_sha256: str) -> WatchedTable:
    """The studies of a period that the bundle read, refused ones too."""
    films = tuple(
        WatchedFilm(
            film=str(study.id),
            score=reading.probability,
            code=reading.refusal_code,
            bundle=reading.bundle,
            threshold=reading.threshold,
            day=_day(study),
            site=study.site or None,
            device=study.device or None,
            age=study.age_years,
            sex=study.sex,
            patient=_patient(study),
        )
        for study, reading in _decided(session, period.condition(), limit=MOST_WATCHED)
        if reading.bundle_sha256 == bundle_sha256
    )
    return WatchedTable(Path("worklist"), films, ROLES)


def _decided(
    session: Session, *conditions: ColumnElement[bool], limit: int | None = None
) -> Iterator[tuple[Study, Reading]]:
    query = select(Study).where(*conditions).order_by(Study.received_at.desc()).limit(limit)
    for study in session.scalars(query.options(selectinload(Study.readings))):
        if study.readings:
            yield study, deciding(study.readings)


def _patient(study: Study) -> str:
    """Whom a study counts for; one without a patient counts for itself."""
    return f"study {study.id}" if study.patient_key is None else f"patient {study.patient_key}"


def _day(study: Study) -> date:
    return study.received_at.date()
