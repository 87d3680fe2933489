"""Studies in the station's tables, as workers and readers would leave them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hilum.worklist.states import Origin, State
from hilum.worklist.station import Station
from hilum.worklist.station_settings import choose_setting
from hilum.worklist.tables import Film, Patient, Reading, Study
from hilum.worklist.wording import folded

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
ZONES = {
    "right upper": 0.9, "left upper": 0.2, "right middle": 0.3, "left middle": 0.1, "right lower": 0.2,
    "left lower": 0.1,
}  # fmt: skip

AddStudy = Callable[..., int]


@pytest.fixture
def add_study(station: Station) -> AddStudy:
    """`add_study(score=91.5, patient="MARY")` gives the number of a study; a code refuses it instead."""
    made = 0

    def add(
        *,
        score: float | None = 91.5,
        refusal: str | None = None,
        patient: str = "",
        name: str = "",
        **fields: Any,
    ) -> int:
        nonlocal made
        made += 1
        received = fields.pop("received_at", START + timedelta(minutes=made))
        state = State.REFUSED if refusal else State.SCORED if score is not None else State.QUEUED
        with station.database.writing() as session:
            known = None
            if patient:
                known = Patient(patient_id=patient, issuer=str(made), name=name, folded=folded(patient, name))
                session.add(known)
                session.flush()
            study = Study(
                study_uid=f"1.2.3.{made}", state=state, state_since=received, origin=Origin.UPLOAD,
                patient_key=known.id if known else None, received_at=received, score=score,
                is_flagged=None if score is None else score >= 35, refusal_code=refusal, **fields,
            )  # fmt: skip
            session.add(study)
            session.flush()
            film = Film(study_id=study.id, sha256=f"{made:064x}", n_bytes=10, file_format="png",
                        file_name=f"{patient or 'film'}.png", received_at=received)  # fmt: skip
            session.add(film)
            session.flush()
            if state is not State.QUEUED:
                session.add(_reading(station, study, film, received))
            return study.id

    return add


@pytest.fixture
def set_blind(station: Station) -> None:
    """Blind reading is on."""
    with station.database.writing() as session:
        choose_setting(session, "is_blind", True, who="test", now=station.now())


def _reading(station: Station, study: Study, film: Film, made_at: datetime) -> Reading:
    return Reading(
        study_id=study.id, film_id=film.id, made_at=made_at, worker="test", bundle=station.bundle.label,
        bundle_sha256=station.bundle_sha256, threshold=0.35, operating_point="sensitivity-90",
        score=study.score, probability=None if study.score is None else study.score / 100,
        is_flagged=study.is_flagged, zones={} if study.score is None else ZONES,
        certainty=None if study.score is None else "abnormal",
        error_rate=None if study.score is None else 0.1,
        refusal_code=study.refusal_code, refusal_reason="No lungs were found; is this a frontal chest film?"
        if study.refusal_code else "", seconds=1.0,
    )  # fmt: skip
