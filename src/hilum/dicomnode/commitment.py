"""Storage commitment by the push model (PS3.4 annex J): "are these safe with you?", answered by looking.

The answer is an N-EVENT-REPORT that follows the response; see `commitment_answers`.
"""

from __future__ import annotations

import logging

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.dimse_primitives import N_ACTION
from sqlalchemy.exc import SQLAlchemyError

from hilum.dicomnode.commitment_answers import Answers, Reference
from hilum.dicomnode.contexts import COMMITMENT_INSTANCE
from hilum.dicomnode.elements import decoded, sequence, uid
from hilum.dicomnode.privacy import frames
from hilum.dicomnode.statuses import (
    INVALID_ARGUMENT,
    MISSING_ATTRIBUTE,
    NO_SUCH_ACTION,
    NO_SUCH_INSTANCE,
    PROCESSING_FAILURE,
    RESOURCE_LIMITATION,
    SUCCESS,
    ObjectRefused,
)

log = logging.getLogger(__name__)

REQUEST_ACTION = 1  # PS3.4 J.3.2


def on_n_action(event: evt.Event, answers: Answers) -> tuple[Dataset, Dataset | None]:
    """Take a request of storage commitment: PS3.4 J.3.2."""
    sender = str(event.assoc.requestor.ae_title).strip()
    try:
        request_id = answers.write_down(sender, *_request(event))
    except ObjectRefused as refusal:
        log.warning("node %s: storage commitment refused: %s", sender, refusal.status.reason)
        return refusal.status.response(refusal.detail), None
    except SQLAlchemyError as error:
        log.error("node %s: storage commitment not written: %s", sender, frames(error))  # noqa: TRY400 - it quotes
        return RESOURCE_LIMITATION.response(), None
    except Exception as error:  # the message may be anything, and is decoded on access
        log.error("node %s: storage commitment: %s", sender, frames(error))  # noqa: TRY400 - it quotes
        return PROCESSING_FAILURE.response(), None
    answers.answer_after(request_id, event.assoc)
    return SUCCESS.response(), None


def _request(event: evt.Event) -> tuple[str, list[Reference]]:
    """The transaction and what it asks about."""
    assert isinstance(event.request, N_ACTION)
    if event.action_type != REQUEST_ACTION:
        raise ObjectRefused(NO_SUCH_ACTION)
    if str(event.request.RequestedSOPInstanceUID) != COMMITMENT_INSTANCE:
        raise ObjectRefused(NO_SUCH_INSTANCE)
    asked = decoded(event, "action_information")
    transaction = uid(asked, "TransactionUID")
    if transaction is None:
        raise ObjectRefused(MISSING_ATTRIBUTE, "(0008,1195)")
    items = sequence(asked, "ReferencedSOPSequence")
    if not items:
        raise ObjectRefused(MISSING_ATTRIBUTE, "(0008,1199)")
    references = [
        (uid(item, "ReferencedSOPClassUID"), uid(item, "ReferencedSOPInstanceUID")) for item in items
    ]
    whole = [(sop_class, instance) for sop_class, instance in references if sop_class and instance]
    if len(whole) < len(references):
        raise ObjectRefused(INVALID_ARGUMENT, "(0008,1199)")
    return transaction, whole
