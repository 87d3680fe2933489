"""Modality performed procedure steps (PS3.4 annex F): a modality says that it begins, and that it has ended.

Of all that a step holds, only this is kept: its state, its study, and which images it made.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import evt
from pynetdicom.dimse_primitives import N_CREATE, N_SET
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hilum.dicomnode.elements import decoded, sequence, text, uid
from hilum.dicomnode.outputs.uids import is_uid
from hilum.dicomnode.privacy import frames
from hilum.dicomnode.procedure_steps import close_studies_of
from hilum.dicomnode.statuses import (
    DUPLICATE_INSTANCE,
    INVALID_INSTANCE,
    INVALID_VALUE,
    MISSING_ATTRIBUTE,
    NO_LONGER_UPDATED,
    NO_SUCH_INSTANCE,
    PROCESSING_FAILURE,
    RESOURCE_LIMITATION,
    SUCCESS,
    ObjectRefused,
)
from hilum.worklist.states import StepState
from hilum.worklist.station import Station
from hilum.worklist.tables import ProcedureStep

log = logging.getLogger(__name__)

# Performed Procedure Step Status (0040,0252): PS3.3 C.4.14
STATES = {
    "IN PROGRESS": StepState.IN_PROGRESS,
    "COMPLETED": StepState.COMPLETED,
    "DISCONTINUED": StepState.DISCONTINUED,
}


@dataclass(frozen=True, slots=True)
class Change:
    """What a sender asks of a step, read from its request."""

    sop_instance_uid: str
    sender: str
    attributes: Dataset

    @property
    def state(self) -> StepState | None:
        """That it is to take; None where the request does not say."""
        told = text(self.attributes, "PerformedProcedureStepStatus").upper()
        if not told:
            return None
        if told not in STATES:
            raise ObjectRefused(INVALID_VALUE, "(0040,0252)")
        return STATES[told]

    @property
    def study_uids(self) -> list[str]:
        """Of the scheduled steps that this one fulfils, each once."""
        scheduled = sequence(self.attributes, "ScheduledStepAttributesSequence")
        found = (uid(item, "StudyInstanceUID") for item in scheduled)
        return list(dict.fromkeys(name for name in found if name is not None))

    @property
    def instance_uids(self) -> list[str]:
        """Of the images that were made, each once."""
        return sorted(
            {name for item in self._references() if (name := uid(item, "ReferencedSOPInstanceUID"))}
        )

    def _references(self) -> Iterator[Dataset]:
        for series in sequence(self.attributes, "PerformedSeriesSequence"):
            yield from sequence(series, "ReferencedImageSequence")
            yield from sequence(series, "ReferencedNonImageCompositeSOPInstanceSequence")


def on_n_create(event: evt.Event, station: Station) -> tuple[Dataset, Dataset | None]:
    """Open a step: PS3.4 F.7.2.1. The UID is made here where the sender names none."""
    assert isinstance(event.request, N_CREATE)
    named = event.request.AffectedSOPInstanceUID
    asked = str(named or generate_uid(prefix=None))
    answer, attributes = _answered(event, asked, lambda change: _create(change, station), "attribute_list")
    if attributes is not None and named is None:
        attributes.AffectedSOPInstanceUID = asked  # pynetdicom takes it from here into the response
    return answer, attributes


def on_n_set(event: evt.Event, station: Station) -> tuple[Dataset, Dataset | None]:
    """Change a step: PS3.4 F.7.2.2. A study whose last step ends with all its images here is queued."""
    assert isinstance(event.request, N_SET)
    asked = str(event.request.RequestedSOPInstanceUID)
    return _answered(event, asked, lambda change: _set(change, station), "modification_list")


def _answered(
    event: evt.Event, instance_uid: str, act: Callable[[Change], None], attributes: str
) -> tuple[Dataset, Dataset | None]:
    sender = str(event.assoc.requestor.ae_title).strip()
    try:
        act(Change(instance_uid, sender, decoded(event, attributes)))
    except ObjectRefused as refusal:
        status = refusal.status
        log.warning("node %s: procedure step refused with %04X: %s", sender, status.code, status.reason)
        return status.response(refusal.detail), None
    except SQLAlchemyError as error:
        log.error("node %s: procedure step not written: %s", sender, frames(error))  # noqa: TRY400 - it quotes
        return RESOURCE_LIMITATION.response(), None
    except Exception as error:  # the attributes may be anything, and are decoded on access
        log.error("node %s: procedure step: %s", sender, frames(error))  # noqa: TRY400 - it quotes
        return PROCESSING_FAILURE.response(), None
    return SUCCESS.response(), Dataset()


def _create(change: Change, station: Station) -> None:
    if not is_uid(change.sop_instance_uid):
        raise ObjectRefused(INVALID_INSTANCE)
    if change.state is None:
        raise ObjectRefused(MISSING_ATTRIBUTE, "(0040,0252)")
    if change.state is not StepState.IN_PROGRESS:  # PS3.4 F.7.2.1.2
        raise ObjectRefused(INVALID_VALUE, "(0040,0252)")
    if not change.study_uids:
        raise ObjectRefused(MISSING_ATTRIBUTE, "(0040,0270)")
    with station.database.writing() as session:
        if _steps(session, change.sop_instance_uid):
            raise ObjectRefused(DUPLICATE_INSTANCE)
        for study_uid in change.study_uids:
            session.add(ProcedureStep(sop_instance_uid=change.sop_instance_uid, study_uid=study_uid,
                                      source=change.sender, state=StepState.IN_PROGRESS,
                                      started_at=station.now()))  # fmt: skip
    log.info("node %s: a procedure step began", change.sender)


def _set(change: Change, station: Station) -> None:
    now = station.now()
    with station.database.writing() as session:
        steps = _steps(session, change.sop_instance_uid)
        if not steps:
            raise ObjectRefused(NO_SUCH_INSTANCE)
        if steps[0].state is not StepState.IN_PROGRESS:
            raise ObjectRefused(NO_LONGER_UPDATED)
        for step in steps:
            step.instance_uids = change.instance_uids or step.instance_uids
            step.state = change.state or step.state
            step.ended_at = None if step.state is StepState.IN_PROGRESS else now
        session.flush()
        close_studies_of(session, steps, now=now)
        log.info("node %s: a procedure step is %s", change.sender, steps[0].state)


def _steps(session: Session, sop_instance_uid: str) -> list[ProcedureStep]:
    chosen = select(ProcedureStep).where(ProcedureStep.sop_instance_uid == sop_instance_uid)
    return list(session.scalars(chosen.order_by(ProcedureStep.id).with_for_update()).all())
