"""The one way a film comes in, whoever brings it: bytes that are on disk become a film of a study, once.

The same file of the same patient sent again is the same film: it is answered as accepted and changes nothing.
A picture that belongs to no DICOM study is a study of its own, whose UID is made of its bytes.
Trap: a Study Instance UID that comes with a second Patient ID is a sender's mistake that must not mix two
people, so those films are kept apart as a study of their own, and the trail of both says so; the same bytes
that come for two patients, a phantom perhaps, are two studies in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hilum.errors import FilmMissing
from hilum.findings import Sex
from hilum.worklist.audit import move, record
from hilum.worklist.film_facts import FilmFacts
from hilum.worklist.originals import Kept
from hilum.worklist.patients import Identity, take_patient
from hilum.worklist.queue import queue_again
from hilum.worklist.racing import add_once
from hilum.worklist.selection import choose
from hilum.worklist.states import Origin, State
from hilum.worklist.station_settings import read_choices
from hilum.worklist.tables import Film, Patient, Reading, Study
from hilum.worklist.wording import as_identifier, as_line, made_uid

MAX_AGE_YEARS = 120.0  # as `imaging.header` has it, which takes pydicom to load


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
    priority: int = 0  # added to the site's rule
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

    Raises:
        FilmMissing: they are not; the sender is to send them again.
    """
    if not arrival.kept.path.is_file():
        raise FilmMissing(arrival.kept.sha256)
    study = _study(session, arrival)
    known = session.scalar(_films(study).where(Film.sha256 == arrival.kept.sha256))
    if known is not None:  # where retention removed it, its next round removes it again
        return Accepted(study.id, known.id, is_new=False)
    film = _new_film(study, arrival)
    session.add(film)
    session.flush()
    choose(session.scalars(_films(study)).all(), without_score=_without_score(session, study))
    record(session, at=arrival.at, who=arrival.who, action="receive", study_id=study.id, film=film.id,
           sha256=film.sha256, origin=str(arrival.origin), why_not=film.why_not)  # fmt: skip
    _go_on(session, study, film, arrival)
    return Accepted(study.id, film.id, is_new=True)


def study_uid(arrival: Arrival) -> str:
    """The study's UID by the file, or one made of its bytes."""
    return arrival.facts.study_uid or made_uid(arrival.kept.sha256)


def _go_on(session: Session, study: Study, film: Film, arrival: Arrival) -> None:
    """What a new film does to its study's state; in a whole study, one that is not scored does nothing."""
    if study.state is State.RECEIVED:
        study.closes_at = arrival.at + timedelta(seconds=arrival.closes_after_s)
        if arrival.closes_after_s == 0:
            move(session, study, State.QUEUED, at=arrival.at, who=arrival.who, action="queue")
    elif film.is_chosen and (study.state is not State.QUEUED or study.lease_token is not None):
        queue_again(session, study, at=arrival.at, who=arrival.who, action="late-film")


def _films(study: Study) -> Select[Film]:
    return select(Film).where(Film.study_id == study.id).order_by(Film.id)


def _without_score(session: Session, study: Study) -> set[int]:
    """Films that were read and got no score."""
    rows = session.execute(select(Reading.film_id, Reading.score).where(Reading.study_id == study.id)).all()
    scored = {film for film, score in rows if score is not None}
    return {film for film, _ in rows if film is not None} - scored


def _study(session: Session, arrival: Arrival) -> Study:
    """The study that the film belongs to, locked; a new one where there is none of its UID and patient."""
    uid, identity = study_uid(arrival), _identity(arrival)
    first, is_new = _found_or_opened(session, uid, arrival)
    stands = None if first.patient_key is None else session.get(Patient, first.patient_key)
    if is_new or stands is None or identity is None or stands.patient_id == identity.patient_id:
        _complete(session, first, arrival, identity)
        return first
    apart, is_new = _found_or_opened(session, made_uid(uid, identity.patient_id), arrival)
    if is_new:
        _complete(session, apart, arrival, identity)
        for study, other in ((first, apart), (apart, first)):
            record(session, at=arrival.at, who=arrival.who, action="patient-conflict", study_id=study.id,
                   other_study=other.id)  # fmt: skip
    return apart


def _identity(arrival: Arrival) -> Identity | None:
    facts = arrival.facts
    patient_id = facts.patient_id or as_identifier(arrival.patient_id, 64)
    if not patient_id:
        return None
    issuer = facts.patient_issuer or as_line(arrival.site, 64)
    return Identity(patient_id, issuer, name=facts.patient_name, birth_date=facts.birth_date)


def _found_or_opened(session: Session, uid: str, arrival: Arrival) -> tuple[Study, bool]:
    """The study, locked, and whether it is new."""
    wanted = select(Study).where(Study.study_uid == uid).with_for_update()
    found = session.scalar(wanted)
    if found is not None:
        return found, False
    study = _opened(session, uid, arrival)
    if not add_once(session, study):
        return session.scalars(wanted).one(), False
    opened = record(session, at=arrival.at, who=arrival.who, action="open", study_id=study.id)
    opened.after = State.RECEIVED
    return study, True


def _complete(session: Session, study: Study, arrival: Arrival, identity: Identity | None) -> None:
    """Fill in what the study's earlier films did not tell."""
    facts = arrival.facts
    if identity is not None:
        patient, is_other = take_patient(session, identity)
        study.patient_key = study.patient_key or patient.id
        if is_other:
            record(session, at=arrival.at, who=arrival.who, action="identity-differs", study_id=study.id)
    if study.age_years is None:
        study.age_years = _stated_age(arrival) if facts.age_years is None else facts.age_years
    study.sex = study.sex or facts.sex or (arrival.sex if arrival.sex in set(Sex) else None)
    study.accession = study.accession or facts.accession
    study.study_date = study.study_date or facts.study_date


def _stated_age(arrival: Arrival) -> float | None:
    """What the sender says, where it can be true; NaN cannot."""
    age = arrival.age_years
    return age if age is not None and 0 <= age <= MAX_AGE_YEARS else None


def _opened(session: Session, uid: str, arrival: Arrival) -> Study:
    site = as_line(arrival.site or arrival.facts.institution, 64)
    return Study(
        study_uid=uid,
        state=State.RECEIVED,
        state_since=arrival.at,
        origin=arrival.origin,
        upload_id=arrival.upload_id,
        site=site,
        device=arrival.facts.device,
        received_at=arrival.at,
        priority=arrival.priority + read_choices(session).priority_of(site),
    )


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
