"""The one way a film comes in, whoever brings it: bytes that are on disk become a film of a study, once.

The same DICOM instance, or the same file, sent again is the same film: it is answered as accepted and changes
nothing. A picture that belongs to no DICOM study is a study of its own, whose UID is made of its bytes.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hilum.worklist.audit import move, record
from hilum.worklist.film_facts import FilmFacts
from hilum.worklist.originals import Kept
from hilum.worklist.states import Origin, State
from hilum.worklist.tables import Film, Patient, Study

PICTURE_NAMESPACE = uuid.UUID("5b6f7c1e-3a43-5d43-9d7a-0c1f4d6a8e21")  # of studies made from a file's hash


@dataclass(frozen=True, slots=True)
class Arrival:
    """A film at the door, its bytes kept already.

    What the sender says beside the file (`patient_id`, `age_years`) fills in what the file does not tell.
    """

    kept: Kept
    facts: FilmFacts
    origin: Origin
    who: str  # a login, or "node AE"
    at: datetime
    source: str = ""  # the calling AE title, or the person
    file_name: str = ""
    site: str = ""
    upload_id: int | None = None
    patient_id: str = ""
    age_years: float | None = None
    sex: str | None = None
    priority: int = 0
    closes_after_s: float = 0.0  # how long to wait for more films of the study; 0: it is whole


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of an arrival."""

    study_id: int
    film_id: int
    is_new: bool  # False: this film was here already


def accept(session: Session, arrival: Arrival) -> Accepted:
    """File a film under its study; the caller commits, and only then acknowledges.

    Args:
        session: a writing one.
        arrival: whose bytes are on disk.
    """
    study = session.scalar(select(Study).where(Study.study_uid == study_uid(arrival)).with_for_update())
    if study is None:
        study = _new_study(session, arrival)
    known = _known_film(session, study, arrival)
    if known is not None:
        return Accepted(study.id, known.id, is_new=False)
    film = _new_film(study, arrival)
    session.add(film)
    session.flush()
    record(session, at=arrival.at, who=arrival.who, action="receive", study_id=study.id,
           film=film.id, sha256=film.sha256, origin=str(arrival.origin))  # fmt: skip
    if study.state is State.RECEIVED:
        study.closes_at = arrival.at + timedelta(seconds=arrival.closes_after_s)
        if arrival.closes_after_s == 0:
            move(session, study, State.QUEUED, at=arrival.at, who=arrival.who, action="queue")
    return Accepted(study.id, film.id, is_new=True)


def study_uid(arrival: Arrival) -> str:
    """The study's UID by the file, or one made of its bytes (PS3.5 B.2: 2.25 and a UUID)."""
    if arrival.facts.study_uid:
        return arrival.facts.study_uid
    return f"2.25.{uuid.uuid5(PICTURE_NAMESPACE, arrival.kept.sha256).int}"


def _known_film(session: Session, study: Study, arrival: Arrival) -> Film | None:
    return session.scalar(
        select(Film).where(Film.study_id == study.id, Film.sha256 == arrival.kept.sha256).limit(1)
    )


def _new_study(session: Session, arrival: Arrival) -> Study:
    facts = arrival.facts
    study = Study(
        study_uid=study_uid(arrival),
        state=State.RECEIVED,
        state_since=arrival.at,
        origin=arrival.origin,
        upload_id=arrival.upload_id,
        accession=facts.accession,
        age_years=facts.age_years if facts.age_years is not None else arrival.age_years,
        sex=facts.sex or arrival.sex,
        site=arrival.site or facts.institution,
        device=facts.device,
        study_date=facts.study_date,
        received_at=arrival.at,
        priority=arrival.priority,
    )
    patient = _patient(session, arrival)
    session.add(study)
    session.flush()
    study.patient_key = None if patient is None else patient.id
    record(session, at=arrival.at, who=arrival.who, action="open", study_id=study.id).after = State.RECEIVED
    return study


def _patient(session: Session, arrival: Arrival) -> Patient | None:
    patient_id = arrival.facts.patient_id or arrival.patient_id
    if not patient_id:
        return None
    issuer = arrival.facts.patient_issuer or arrival.site
    found = session.scalar(select(Patient).where(Patient.patient_id == patient_id, Patient.issuer == issuer))
    if found is None:
        found = Patient(patient_id=patient_id, issuer=issuer, name=arrival.facts.patient_name,
                        birth_date=arrival.facts.birth_date)  # fmt: skip
        session.add(found)
        session.flush()
    return found


def _new_film(study: Study, arrival: Arrival) -> Film:
    facts = arrival.facts
    return Film(
        study_id=study.id,
        sha256=arrival.kept.sha256,
        n_bytes=arrival.kept.n_bytes,
        file_name=arrival.file_name,
        file_format=facts.file_format,
        sop_instance_uid=facts.sop_instance_uid,
        sop_class_uid=facts.sop_class_uid,
        series_uid=facts.series_uid,
        transfer_syntax_uid=facts.transfer_syntax_uid,
        modality=facts.modality,
        view=facts.view,
        laterality=facts.laterality,
        image_type=facts.image_type,
        series_description=facts.series_description,
        n_rows=facts.n_rows,
        n_columns=facts.n_columns,
        source=arrival.source,
        received_at=arrival.at,
    )
