"""The tables, in SQLAlchemy's declarative form, alike on SQLite and PostgreSQL.

Trap: a change here needs the same change in `migrations/`; tests/worklist/test_migrations.py compares them.
Times are UTC with their zone. Names and identifiers of patients stand in `Patient` and `Film.file_name`, in
no other place, so that de-identified views leave out two things and no more.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Computed,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeEngine

from hilum.worklist.states import DeliveryState, Opinion, Origin, Role, State, StepState
from hilum.worklist.wording import as_line, as_prose


class UtcTime(TypeDecorator[datetime]):
    """A time with its zone, in UTC; SQLite keeps none of its own. A time without a zone is a bug."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone came to the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Word(TypeDecorator[Any]):
    """A StrEnum kept as its value, so that a dump can be read without this program."""

    impl = String(32)
    cache_ok = True

    def __init__(self, words: type[Any]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else str(self.words(value))

    def process_result_value(self, value: str | None, dialect: Any) -> Any:
        return None if value is None else self.words(value)


class Line(TypeDecorator[str]):
    """One line of text from anywhere: PostgreSQL refuses NUL and what is too long, so neither gets in.

    Trap: it is cut without a word. What must stay distinct when it is long is shortened before it comes here,
    by `wording.as_identifier`.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else as_line(value, self.length)


class Code(Line):
    """A line that is ordered by its bytes, whatever the database's language, so that an index finds those
    that begin alike; a language's own order looks at letter case last, if at all."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        collation = "C" if dialect.name == "postgresql" else None  # SQLite's own order is that of the bytes
        return dialect.type_descriptor(String(self.length, collation=collation))


class Prose(TypeDecorator[str]):
    """Text of any length from anywhere, without what PostgreSQL refuses."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else as_prose(value)


class Base(DeclarativeBase):
    """All tables; relationships must be loaded on purpose."""


class Patient(Base):
    """Who was examined; everything here is identity and is shown by role."""

    __tablename__ = "patient"
    __table_args__ = (UniqueConstraint("patient_id", "issuer"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = mapped_column(Line(64))
    issuer: Mapped[str] = mapped_column(Line(64), default="")  # DICOM Issuer of Patient ID, or the site
    name: Mapped[str] = mapped_column(Prose, default="")  # as people read it, not with DICOM's carets
    birth_date: Mapped[date | None] = mapped_column(default=None)
    folded: Mapped[str] = mapped_column(Prose, default="")  # id and name by `wording.folded`, for searching


class Upload(Base):
    """A handful of films dropped together; the page follows its progress."""

    __tablename__ = "upload"

    id: Mapped[int] = mapped_column(primary_key=True)
    who: Mapped[str] = mapped_column(Line(64))
    started_at: Mapped[datetime] = mapped_column(UtcTime)


class Study(Base):
    """One visit: its films, where it stands, and, beside them, what lists show and sort by."""

    __tablename__ = "study"
    __table_args__ = (
        Index("ix_study_queue", "state", "queue_rank", "received_at", "id"),
        Index("ix_study_lease", "lease_until"),
        Index("ix_study_priority", "queue_rank", "received_at", "id"),
        Index("ix_study_score", "score_rank", "id"),
        Index("ix_study_state_score", "state", "score_rank", "id"),  # what is to be read, highest first
        Index("ix_study_opinion", "state", "opinion", "refusal_code"),  # `search.count_groups` by index alone
        Index("ix_study_received", "received_at", "id"),
        Index("ix_study_state", "state", "received_at", "id"),
        Index("ix_study_flag", "is_flagged", "state", "opinion", "refusal_code"),  # the same of the flagged
        Index("ix_study_flag_score", "is_flagged", "score_rank", "id"),
        Index("ix_study_flag_received", "is_flagged", "received_at", "id"),
        Index("ix_study_refusal", "refusal_code", "state", "opinion"),  # the same of those without a score
        Index("ix_study_site_opinion", "site", "state", "opinion", "refusal_code"),  # the same of a site
        Index("ix_study_site_score", "site", "score_rank", "id"),
        Index("ix_study_site", "site", "received_at"),
        Index("ix_study_patient", "patient_key"),
        Index("ix_study_upload", "upload_id"),
        Index("ix_study_accession", "accession"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)  # the study number that pages and logs show
    study_uid: Mapped[str] = mapped_column(String(64), unique=True)  # DICOM Study Instance UID, or made here
    state: Mapped[State] = mapped_column(Word(State))
    state_since: Mapped[datetime] = mapped_column(UtcTime)
    origin: Mapped[Origin] = mapped_column(Word(Origin))
    patient_key: Mapped[int | None] = mapped_column(ForeignKey("patient.id"), default=None)
    upload_id: Mapped[int | None] = mapped_column(ForeignKey("upload.id"), default=None)
    accession: Mapped[str] = mapped_column(Code(64), default="")
    age_years: Mapped[float | None] = mapped_column(default=None)  # at the study
    sex: Mapped[str | None] = mapped_column(Line(8), default=None)  # findings.Sex
    site: Mapped[str] = mapped_column(Line(64), default="")
    device: Mapped[str] = mapped_column(Line(128), default="")
    study_date: Mapped[date | None] = mapped_column(default=None)
    received_at: Mapped[datetime] = mapped_column(UtcTime)
    closes_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)  # received: when it is queued
    priority: Mapped[int] = mapped_column(default=0)  # higher first; set by the site's rule
    queue_rank: Mapped[int] = mapped_column(Computed("-priority", persisted=True))  # so that one index orders

    lease_owner: Mapped[str | None] = mapped_column(Line(128), default=None)
    lease_token: Mapped[str | None] = mapped_column(String(32), default=None)
    lease_until: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    n_attempts: Mapped[int] = mapped_column(default=0)

    # Copies of the latest reading, verdict, and test, for lists.
    score: Mapped[float | None] = mapped_column(default=None)  # 0-100
    score_rank: Mapped[float] = mapped_column(
        Computed("coalesce(score, -1)", persisted=True)
    )  # to sort by: the databases place NULL differently
    is_flagged: Mapped[bool | None] = mapped_column(default=None)
    refusal_code: Mapped[str | None] = mapped_column(Line(32), default=None)
    opinion: Mapped[Opinion | None] = mapped_column(Word(Opinion), default=None)
    test_result: Mapped[str | None] = mapped_column(Line(32), default=None)

    removed_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)  # originals, by retention

    patient: Mapped[Patient | None] = relationship(lazy="raise")
    films: Mapped[list[Film]] = relationship(back_populates="study", lazy="raise", order_by="Film.id")
    readings: Mapped[list[Reading]] = relationship(lazy="raise", order_by="Reading.id")
    verdicts: Mapped[list[Verdict]] = relationship(lazy="raise", order_by="Verdict.id")
    test_results: Mapped[list[TestResult]] = relationship(lazy="raise", order_by="TestResult.id")
    deliveries: Mapped[list[Delivery]] = relationship(lazy="raise", order_by="Delivery.id")


class Film(Base):
    """One image of a study; its bytes are kept under `sha256` by `worklist.originals`."""

    __tablename__ = "film"
    __table_args__ = (UniqueConstraint("study_id", "sha256"), Index("ix_film_sop", "sop_instance_uid"))

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    sha256: Mapped[str] = mapped_column(String(64), index=True)  # of the bytes as they came
    n_bytes: Mapped[int]
    file_name: Mapped[str] = mapped_column(Prose, default="")  # as sent; may hold a name, so it is identity
    file_format: Mapped[str] = mapped_column(Line(16))  # "png", "jpeg", "dicom", "unknown"
    sop_instance_uid: Mapped[str | None] = mapped_column(String(64), default=None)
    sop_class_uid: Mapped[str | None] = mapped_column(String(64), default=None)
    series_uid: Mapped[str | None] = mapped_column(String(64), default=None)
    transfer_syntax_uid: Mapped[str | None] = mapped_column(String(64), default=None)
    modality: Mapped[str] = mapped_column(Line(16), default="")
    view: Mapped[str] = mapped_column(Line(16), default="")  # DICOM View Position
    laterality: Mapped[str] = mapped_column(Line(16), default="")
    image_type: Mapped[str] = mapped_column(Line(128), default="")
    series_description: Mapped[str] = mapped_column(Line(128), default="")
    n_rows: Mapped[int | None] = mapped_column(default=None)
    n_columns: Mapped[int | None] = mapped_column(default=None)
    source: Mapped[str] = mapped_column(Line(64), default="")  # the calling AE title, or the person
    received_at: Mapped[datetime] = mapped_column(UtcTime)
    is_chosen: Mapped[bool] = mapped_column(default=True)  # the one that is scored
    why_not: Mapped[str] = mapped_column(Prose, default="")  # where it is not, a sentence
    removed_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)  # its bytes, by retention

    study: Mapped[Study] = relationship(back_populates="films", lazy="raise")


class Reading(Base):
    """What one bundle said of one film: a score, or a refusal with its reason."""

    __tablename__ = "reading"

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    film_id: Mapped[int | None] = mapped_column(ForeignKey("film.id"), default=None)
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    worker: Mapped[str] = mapped_column(Line(128))
    bundle: Mapped[str] = mapped_column(Line(128))  # "name version"
    bundle_sha256: Mapped[str] = mapped_column(String(64))  # of bundle.json
    threshold: Mapped[float]  # on probability
    operating_point: Mapped[str] = mapped_column(Line(128))  # its name
    score: Mapped[float | None] = mapped_column(default=None)  # 0-100
    probability: Mapped[float | None] = mapped_column(default=None)  # calibrated, 0..1
    is_flagged: Mapped[bool | None] = mapped_column(default=None)
    spread: Mapped[float | None] = mapped_column(default=None)
    certainty: Mapped[str | None] = mapped_column(Line(16), default=None)  # records.Certainty
    error_rate: Mapped[float | None] = mapped_column(default=None)
    zones: Mapped[dict[str, float]] = mapped_column(JSON, default=dict)  # findings.Zone -> probability
    notes: Mapped[list[str]] = mapped_column(JSON, default=list)
    refusal_code: Mapped[str | None] = mapped_column(Line(32), default=None)
    refusal_reason: Mapped[str] = mapped_column(Prose, default="")
    heat_map_sha256: Mapped[str | None] = mapped_column(
        String(64), default=None
    )  # a PNG; None: none localised
    seconds: Mapped[float]


class Verdict(Base):
    """What a reader said; never changed, only followed by another."""

    __tablename__ = "verdict"

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    who: Mapped[str] = mapped_column(Line(64))
    given_at: Mapped[datetime] = mapped_column(UtcTime)
    opinion: Mapped[Opinion] = mapped_column(Word(Opinion))
    zones: Mapped[list[str]] = mapped_column(JSON, default=list)  # findings.Zone
    comment: Mapped[str] = mapped_column(Prose, default="")
    score_was_shown: Mapped[bool]  # False: given blind


class TestResult(Base):
    """The result of a confirmatory test, entered later."""

    __tablename__ = "test_result"
    __test__ = False  # no test of pytest's

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    who: Mapped[str] = mapped_column(Line(64))
    given_at: Mapped[datetime] = mapped_column(UtcTime)
    test: Mapped[str] = mapped_column(Line(32))  # "xpert", "culture", "smear", "other"
    result: Mapped[str] = mapped_column(Line(32))  # "positive", "negative", "indeterminate"
    taken_on: Mapped[date | None] = mapped_column(default=None)


class Delivery(Base):
    """One kind of result of one study on its way to one place."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("study_id", "reading_id", "target", "kind"),
        Index("ix_delivery_due", "state", "next_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    reading_id: Mapped[int] = mapped_column(ForeignKey("reading.id"))
    target: Mapped[str] = mapped_column(Line(255))  # "ORTHANC@127.0.0.1:4242", a URL, "mllp://host:port"
    kind: Mapped[str] = mapped_column(
        Line(32)
    )  # "sr", "picture", "softcopy", "pdf", "hl7", "fhir", "webhook"
    state: Mapped[DeliveryState] = mapped_column(Word(DeliveryState))
    n_attempts: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    next_at: Mapped[datetime] = mapped_column(UtcTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    last_error: Mapped[str] = mapped_column(Prose, default="")
    lease_token: Mapped[str | None] = mapped_column(String(32), default=None)
    lease_until: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class AuditEvent(Base):
    """Who did what, when, with which bundle and threshold; triggers refuse to change or remove a row."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_study", "study_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str] = mapped_column(Line(128))  # a login, "worker NAME", "node AE"; never a patient
    action: Mapped[str] = mapped_column(Line(48))
    study_id: Mapped[int | None] = mapped_column(default=None)
    before: Mapped[str | None] = mapped_column(Line(32), default=None)  # states, where one changed
    after: Mapped[str | None] = mapped_column(Line(32), default=None)
    bundle: Mapped[str | None] = mapped_column(Line(128), default=None)
    threshold: Mapped[float | None] = mapped_column(default=None)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class Person(Base):
    """Someone, or some program, with rights at the station."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(Line(64), unique=True)  # lower case
    name: Mapped[str] = mapped_column(Line(128), default="")
    role: Mapped[Role] = mapped_column(Word(Role))
    password_hash: Mapped[str | None] = mapped_column(String(255), default=None)  # Argon2; None: no password
    must_change_password: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    subject: Mapped[str | None] = mapped_column(Line(255), unique=True, default=None)  # OIDC issuer + sub
    language: Mapped[str] = mapped_column(Line(8), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class LogInAttempts(Base):
    """Failed log-ins that count against a login or an address, whether or not there is such a login."""

    __tablename__ = "log_in_attempts"

    key: Mapped[str] = mapped_column(Line(64), primary_key=True)  # SHA-256 of what is counted
    n_failures: Mapped[int]  # since the last success, or since they were last forgotten
    last_at: Mapped[datetime] = mapped_column(UtcTime)
    locked_until: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class WebSession(Base):
    """A log-in; the cookie holds the secret, this row its SHA-256."""

    __tablename__ = "web_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    seen_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)

    person: Mapped[Person] = relationship(lazy="raise")


class ApiToken(Base):
    """A token of the API, shown once; this row holds its SHA-256."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(Line(64))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)

    person: Mapped[Person] = relationship(lazy="raise")


class OperatingPoint(Base):
    """A threshold of this station with its evidence; the newest row of a bundle is in force."""

    __tablename__ = "operating_point"

    id: Mapped[int] = mapped_column(primary_key=True)
    bundle_sha256: Mapped[str] = mapped_column(String(64), index=True)
    bundle: Mapped[str] = mapped_column(Line(128))
    name: Mapped[str] = mapped_column(Line(128))
    threshold: Mapped[float]  # on probability
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what `calibrate` wrote
    chosen_by: Mapped[str] = mapped_column(Line(64))
    chosen_at: Mapped[datetime] = mapped_column(UtcTime)


class Webhook(Base):
    """A URL that is told of every finished study of an upload by the API, signed."""

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    url: Mapped[str] = mapped_column(Prose)
    secret: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    is_active: Mapped[bool] = mapped_column(default=True)


class StationSetting(Base):
    """A setting that the manager changes on a page: blind mode, site rules, retention."""

    __tablename__ = "station_setting"

    name: Mapped[str] = mapped_column(Line(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    changed_by: Mapped[str] = mapped_column(Line(64))
    changed_at: Mapped[datetime] = mapped_column(UtcTime)


class ProcedureStep(Base):
    """A modality's performed procedure step (MPPS), a row for each study that it belongs to."""

    __tablename__ = "procedure_step"
    __table_args__ = (UniqueConstraint("sop_instance_uid", "study_uid"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    study_uid: Mapped[str] = mapped_column(String(64), index=True)  # may come before the study's first film
    source: Mapped[str] = mapped_column(Line(64))  # the calling AE title
    state: Mapped[StepState] = mapped_column(Word(StepState))
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    instance_uids: Mapped[list[str]] = mapped_column(
        JSON, default=list
    )  # of all that was made, once it ended


class Commitment(Base):
    """A request of storage commitment that is not answered yet; an answered one is only in the trail."""

    __tablename__ = "commitment"
    __table_args__ = (UniqueConstraint("sender", "transaction_uid"), Index("ix_commitment_due", "next_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    sender: Mapped[str] = mapped_column(Line(64))  # the calling AE title
    transaction_uid: Mapped[str] = mapped_column(String(64))
    instances: Mapped[list[list[str]]] = mapped_column(JSON)  # SOP class and instance of each
    asked_at: Mapped[datetime] = mapped_column(UtcTime)
    next_at: Mapped[datetime] = mapped_column(UtcTime)
    n_attempts: Mapped[int] = mapped_column(default=0)
