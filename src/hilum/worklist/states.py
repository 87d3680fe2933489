"""The named states of a study and of a delivery, which may follow which, and what is delivered."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, get_args

from hilum.errors import StateRefused


class State(StrEnum):
    """Where a study stands; the words that pages, tables, and the API use."""

    RECEIVED = "received"
    """Here, and more of it may come."""
    QUEUED = "queued"
    """Whole, and waiting for a worker or held by one."""
    SCORED = "scored"
    REFUSED = "refused"
    FAILED = "failed"
    """A fault of ours, or workers that died on it; a person may queue it again."""
    READ = "read"
    """A reader has given a verdict."""
    DELIVERED = "delivered"
    """Its results have reached every place that they were to reach."""


ARRIVING = (State.RECEIVED, State.QUEUED)
FINISHED = (State.SCORED, State.REFUSED, State.FAILED)

# A result may be delivered before or after a person has read the study; a new film, a new bundle, or a
# person's wish queues it again.
FOLLOWS: dict[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.QUEUED}),
    State.QUEUED: frozenset(FINISHED),
    State.SCORED: frozenset({State.READ, State.DELIVERED, State.QUEUED}),
    State.REFUSED: frozenset({State.READ, State.DELIVERED, State.QUEUED}),
    State.FAILED: frozenset({State.READ, State.QUEUED}),
    State.READ: frozenset({State.DELIVERED, State.QUEUED, State.READ}),
    State.DELIVERED: frozenset({State.READ, State.QUEUED, State.DELIVERED}),
}


def check_transition(study: int, before: State, after: State) -> None:
    """Refuse a change of state that the table does not hold.

    Raises:
        StateRefused: naming the study, and what may follow.
    """
    if after not in FOLLOWS[before]:
        allowed = ", ".join(sorted(FOLLOWS[before]))
        raise StateRefused(f"study {study} is {before} and cannot become {after}; what may follow: {allowed}")


class DeliveryState(StrEnum):
    """Where one result of one study stands on its way to one place."""

    WAITING = "waiting"
    """To be sent, or to be sent again."""
    SENT = "sent"
    GIVEN_UP = "given-up"
    """Tried for as long as the settings say; a person may send it again."""


class ResultKind(StrEnum):
    """What a finished study sends; the words of settings and deliveries, and a part of the objects' UIDs."""

    REPORT = "sr"
    """TID 1500 measurement report."""
    PICTURE = "picture"
    """Secondary capture with the heat map burned in."""
    SOFTCOPY = "softcopy"
    """Presentation state with the heat map's contours."""
    PDF = "pdf"
    """Encapsulated case report."""
    HL7 = "hl7"
    """HL7 v2 message."""
    FHIR = "fhir"
    """FHIR DiagnosticReport."""


ObjectKind = Literal[ResultKind.REPORT, ResultKind.PICTURE, ResultKind.SOFTCOPY, ResultKind.PDF]
OBJECT_KINDS: tuple[ObjectKind, ...] = get_args(ObjectKind)  # of DICOM; the rest are messages


class Role(StrEnum):
    """What a person, or a program, at the station may do; `web.rights` holds the table."""

    RADIOGRAPHER = "radiographer"
    READER = "reader"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"
    SERVICE = "service"
    """A program with a token: it uploads and reads back results."""


class Opinion(StrEnum):
    """A reader's verdict on a study."""

    TUBERCULOSIS = "tb-consistent"
    OTHER = "other-abnormality"
    NORMAL = "normal"
    REPEAT = "repeat-film"


class Origin(StrEnum):
    """How a study came in."""

    UPLOAD = "upload"
    API = "api"
    DICOM = "dicom"
    DICOMWEB = "dicomweb"
    ARCHIVE = "archive"
    """Fetched from an archive by query and retrieve."""
    DEMO = "demo"


class StepState(StrEnum):
    """Where a modality's procedure step stands; PS3.3 C.4.14's words in ours."""

    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    DISCONTINUED = "discontinued"
