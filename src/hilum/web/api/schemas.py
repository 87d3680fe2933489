"""What the API takes and answers, as records that OpenAPI describes; field names are the project's own words.

Trap: a field that holds identity or the machine's reading is null where the visitor may not see it, so every
such field is optional here; `api.telling` decides, and nothing else fills these records.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from hilum.findings import Zone
from hilum.records import Certainty, RefusalCode
from hilum.web.uploads import Outcome
from hilum.worklist.states import DeliveryState, Opinion, Origin, State
from hilum.worklist.verdicts import LONGEST_COMMENT

LARGEST_NUMBER = 2**31 - 1  # of a row, PostgreSQL's integer
Number = Annotated[int, Path(ge=1, le=LARGEST_NUMBER)]


class Strict(BaseModel):
    """A body that is sent; a field that we do not know is refused, so that a slip of the pen is told."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """What went wrong, by RFC 9457."""

    type: str = Field(examples=["urn:hilum:problem:not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(description="A sentence for people.", examples=["there is no study 17"])
    code: str = Field(description="A word for programs, which stays the same.", examples=["not-found"])


class Result(StrEnum):
    """What the machine says of a film."""

    SCORED = "scored"
    REFUSED = "refused"
    FAILED = "failed"
    """A fault of ours; queue it again."""
    WAITING = "waiting"
    HIDDEN = "hidden"
    """Blind mode: give your verdict first."""


class PatientOut(BaseModel):
    """Who it is; for roles that may see identity."""

    patient_id: str
    name: str
    birth_date: date | None


class ReadingOut(BaseModel):
    """What one bundle said of one film: a score, or a refusal with its reason."""

    reading: int
    film: int | None = Field(description="None where no film of the study could be read.")
    made_at: datetime
    bundle: str = Field(examples=["hilum-base 0.9.0"])
    bundle_sha256: str = Field(description="Of bundle.json, which holds the hashes of all its files.")
    operating_point: str
    threshold: float = Field(description="On the probability, 0 to 1.", examples=[0.41])
    score: float | None = Field(description="0 to 100, the probability times 100.", examples=[87.3])
    probability: float | None = Field(description="Calibrated, 0 to 1.", examples=[0.8731])
    flag: bool | None = Field(description="Whether the probability reaches the threshold.")
    spread: float | None = Field(description="Standard deviation of the members' probabilities.")
    certainty: Certainty | None
    error_rate: float | None = Field(description="That the certainty holds at.")
    zones: dict[Zone, float] = Field(description="The probability of each lung zone.")
    sentence: str = Field(description="The result in words.")
    notes: list[str]
    code: RefusalCode | None = Field(description="Of a refusal.")
    reason: str = Field(description="Of a refusal: what was measured, and its limit.")
    heat_map: str | None = Field(description="Where its picture is; none where nothing was localised.")
    seconds: float


class FilmOut(BaseModel):
    """One image of a study."""

    film: int
    format: str = Field(examples=["dicom", "png", "jpeg"])
    sha256: str
    n_bytes: int
    modality: str
    view: str
    n_rows: int | None
    n_columns: int | None
    received_at: datetime
    is_chosen: bool = Field(description="Whether it is scored.")
    why_not: str
    is_removed: bool = Field(description="Its bytes are gone, by the rule of retention.")
    file_name: str | None = Field(description="As sent; for roles that may see identity.")


class VerdictOut(BaseModel):
    """What a reader said."""

    verdict: int
    who: str
    given_at: datetime
    opinion: Opinion
    zones: list[Zone]
    comment: str
    score_was_shown: bool


class VerdictIn(Strict):
    """A reader's verdict; a later one follows it and replaces nothing."""

    opinion: Opinion
    zones: list[Zone] = Field(default=[], max_length=len(Zone), examples=[["right upper"]])
    comment: str = Field(default="", max_length=LONGEST_COMMENT)


class Test(StrEnum):
    """A confirmatory test."""

    CULTURE = "culture"
    XPERT = "xpert"
    SMEAR = "smear"
    OTHER = "other"


class TestAnswer(StrEnum):
    """What it found."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    INDETERMINATE = "indeterminate"


class TestResultIn(Strict):
    """The result of a confirmatory test."""

    test: Test
    result: TestAnswer
    taken_on: date | None = Field(default=None, description="The day that the sample was taken.")


class TestResultOut(TestResultIn):
    """The same, as entered."""

    test_result: int
    who: str
    given_at: datetime


class DeliveryOut(BaseModel):
    """One kind of result of one study on its way to one place."""

    delivery: int
    study: int
    kind: str = Field(examples=["sr", "webhook"])
    target: str
    state: DeliveryState
    n_attempts: int
    next_at: datetime
    sent_at: datetime | None
    last_error: str


class StudyBrief(BaseModel):
    """One visit, as lists show it."""

    study: int = Field(description="The study number that pages and logs show.", examples=[17])
    state: State
    received_at: datetime
    study_date: date | None
    site: str
    device: str
    origin: Origin
    age_years: float | None = Field(description="At the study; 90 for all who are older, without identity.")
    sex: str | None
    is_hidden: bool = Field(description="Blind mode hides the machine's reading from you until your verdict.")
    score: float | None
    flag: bool | None
    refusal_code: RefusalCode | None
    opinion: Opinion | None
    test_result: str | None
    patient: PatientOut | None = Field(description="Null for roles that may not see identity.")
    accession: str | None = Field(description="Null for roles that may not see identity.")
    study_uid: str | None = Field(description="Null for roles that may not see identity.")


class StudyOut(StudyBrief):
    """One visit with everything that belongs to it."""

    films: list[FilmOut]
    readings: list[ReadingOut] = Field(description="Oldest first; none where they are hidden.")
    verdicts: list[VerdictOut]
    test_results: list[TestResultOut]
    deliveries: list[DeliveryOut]


class StudyList(BaseModel):
    """Some studies, and how to ask for those after them."""

    studies: list[StudyBrief]
    after: str | None = Field(description="Give it as `after` for the next page; null: this is the last.")


class ScoreOut(BaseModel):
    """What became of one film."""

    result: Result
    study: int
    film: int
    state: State
    reading: ReadingOut | None = Field(description="Null while it waits, or is hidden.")
    score: float | None = None
    probability: float | None = None
    threshold: float | None = None
    flag: bool | None = None
    zones: dict[Zone, float] = {}
    certainty: Certainty | None = None
    sentence: str = ""
    notes: list[str] = []
    bundle: str | None = None
    code: RefusalCode | None = Field(default=None, description="Of a refusal.")
    reason: str = Field(default="", description="Of a refusal, a sentence.")
    heat_map: str | None = None
    poll: str = Field(description="Where the study can be asked for.", examples=["/api/v1/studies/17"])


class TakenOut(BaseModel):
    """What became of one file of an upload."""

    name: str
    outcome: Outcome
    study: int | None
    film: int | None
    code: str | None
    reason: str


class UploadOut(BaseModel):
    """What became of an upload's files."""

    upload: int
    files: list[TakenOut]
    poll: str = Field(description="Where its studies can be followed.", examples=["/api/v1/uploads/3"])


class UploadProgress(StudyList):
    """An upload as it stands."""

    upload: int
    started_at: datetime
    states: dict[State, int] = Field(description="How many of its studies are in each state.")
    is_finished: bool = Field(description="Whether none of its studies waits to be scored.")


class PointOut(BaseModel):
    """A threshold, and where it came from."""

    name: str
    threshold: float = Field(description="On the probability, 0 to 1.")
    bundle: str
    chosen_by: str | None = Field(description="Null for the bundle's own.")
    chosen_at: datetime | None
    evidence: dict[str, Any]


class PointsOut(BaseModel):
    """The operating points of the station's bundle."""

    in_force: PointOut
    chosen: list[PointOut] = Field(description="All that were chosen here, the newest first.")
    own: list[PointOut] = Field(description="The bundle's own, its default first.")


class PointIn(Strict):
    """A threshold to put in force for films scored from now on."""

    name: str = Field(min_length=1, max_length=128, pattern=r"\S", examples=["local, sensitivity 0.95"])
    threshold: float = Field(ge=0, le=1, description="On the probability.", examples=[0.37])
    reason: str = Field(default="", max_length=2000, description="Why, for the trail.")


class AuditOut(BaseModel):
    """One row of the trail."""

    event: int
    at: datetime
    who: str
    action: str
    study: int | None
    before: str | None
    after: str | None
    bundle: str | None
    threshold: float | None
    detail: dict[str, Any]


class AuditList(BaseModel):
    """Some rows of the trail, the newest first."""

    events: list[AuditOut]
    before: int | None = Field(description="Give it as `before` for older ones; null: there are none.")


class DeliveryList(BaseModel):
    """Some deliveries, the newest first."""

    deliveries: list[DeliveryOut]
    before: int | None = Field(description="Give it as `before` for older ones; null: there are none.")


class WebhookIn(Strict):
    """A URL to be told of every finished study of your uploads."""

    url: str = Field(min_length=8, max_length=2000, examples=["https://clinic.example.org/hilum"])


class WebhookOut(BaseModel):
    """A URL that is told."""

    webhook: int
    url: str
    created_at: datetime


class NewWebhook(WebhookOut):
    """The same with its secret, which is shown this once."""

    secret: str = Field(description="Of the signatures, as Standard Webhooks has it.", examples=["whsec_..."])


class WebhookList(BaseModel):
    """Your URLs."""

    webhooks: list[WebhookOut]
