"""Filing one received film, and the status that tells its sender what became of it.

Trap: 0x0000 is a promise. It is given only once the bytes are synced to disk and their row is committed; a
process killed before that leaves a sender without an answer, who sends again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.dimse_primitives import C_STORE
from sqlalchemy.exc import SQLAlchemyError

from hilum.dicomnode.contexts import FOR_PROCESSING_FILMS, SECONDARY_CAPTURES
from hilum.dicomnode.privacy import frames
from hilum.dicomnode.procedure_steps import close_where_whole
from hilum.dicomnode.receiving import Film, Refused
from hilum.dicomnode.settings import NodeSettings
from hilum.dicomnode.statuses import (
    CLASS_DIFFERS,
    DISK_SHORT,
    FAULT,
    FOR_PROCESSING,
    INSTANCE_DIFFERS,
    INVALID_INSTANCE,
    NOT_WRITTEN,
    OWN_RESULT,
    SECONDARY_CAPTURE,
    STUDY_MISSING,
    SUCCESS,
    TOO_LARGE,
    UNREADABLE,
    ObjectRefused,
)
from hilum.errors import DiskShort, FilmMissing
from hilum.worklist.film_facts import FilmFacts, read_film_facts
from hilum.worklist.intake import Accepted, Arrival, accept
from hilum.worklist.originals import Incoming, Kept
from hilum.worklist.states import Origin
from hilum.worklist.station import Station

log = logging.getLogger(__name__)

OWN_DEVICE = "The Hilum team Hilum"  # maker and model in our results; `outputs.marks` loads what draws them


@dataclass(frozen=True, slots=True)
class Sent:
    """A film as its sender announced it."""

    sop_class_uid: str
    sop_instance_uid: str
    sender: str  # the calling AE title
    film: Film


def on_c_store(event: evt.Event, settings: NodeSettings, station: Station) -> Dataset:
    """Answer a C-STORE request: PS3.4 B.2.3."""
    sender = str(event.assoc.requestor.ae_title).strip()
    try:
        accepted = _store(_sent(event, sender), settings, station)
    except ObjectRefused as refusal:
        status = refusal.status
        log.warning("node %s: refused with %04X: %s", sender, status.code, status.reason)
        return status.response(refusal.detail)
    except DiskShort as error:
        log.error("node %s: turned away: %s", sender, error)  # noqa: TRY400 - no fault of the program
        return DISK_SHORT.response()
    except (OSError, SQLAlchemyError, FilmMissing) as error:
        log.error("node %s: could not be written: %s", sender, frames(error))  # noqa: TRY400 - it quotes
        return NOT_WRITTEN.response()
    except Exception as error:  # a fault of ours must not end the association of the other films
        log.error("node %s: a fault: %s", sender, frames(error))  # noqa: TRY400 - it quotes
        return FAULT.response()
    log.info("node %s: film %d of study %d%s", sender, accepted.film_id, accepted.study_id,
             "" if accepted.is_new else ", which was here already")  # fmt: skip
    return SUCCESS.response()


def _sent(event: evt.Event, sender: str) -> Sent:
    request = event.request
    assert isinstance(request, C_STORE)
    if isinstance(request.DataSet, Refused):
        raise ObjectRefused(INVALID_INSTANCE)
    if not isinstance(request.DataSet, Film):
        raise ObjectRefused(UNREADABLE)
    return Sent(
        str(request.AffectedSOPClassUID).strip(" \0"),
        str(request.AffectedSOPInstanceUID).strip(" \0"),
        sender,
        request.DataSet,
    )


def _store(sent: Sent, settings: NodeSettings, station: Station) -> Accepted:
    try:
        kept, facts = _keep(sent, settings)
    finally:
        sent.film.give_up()
    arrival = Arrival(
        kept=kept,
        facts=facts,
        origin=Origin.DICOM,
        who=f"node {sent.sender}",
        at=station.now(),
        source=sent.sender,
        site=facts.institution or station.settings.site,
        closes_after_s=settings.closes_after_s,
    )
    return _file(arrival, station)


def _keep(sent: Sent, settings: NodeSettings) -> tuple[Kept, FilmFacts]:
    """Refuse what is not taken; bring the rest safely to disk."""
    _refuse_by_class(sent.sop_class_uid, settings)
    if sent.film.is_too_large:
        raise ObjectRefused(TOO_LARGE, f"({settings.most_object_bytes} bytes)")
    if sent.film.fault is not None:
        raise sent.film.fault
    if sent.film.incoming is None:
        raise ObjectRefused(UNREADABLE)
    sent.film.incoming.flush()
    facts = _read_facts(sent, sent.film.incoming.path)
    return sent.film.incoming.keep(), facts


def _refuse_by_class(sop_class_uid: str, settings: NodeSettings) -> None:
    if sop_class_uid in FOR_PROCESSING_FILMS and settings.for_processing == "refuse":
        raise ObjectRefused(FOR_PROCESSING)
    if sop_class_uid in SECONDARY_CAPTURES and settings.secondary_capture == "refuse":
        raise ObjectRefused(SECONDARY_CAPTURE)


def _read_facts(sent: Sent, path: Path) -> FilmFacts:
    """What the header says, where it says of itself what the sender announced."""
    facts = read_film_facts(path)
    if facts.sop_class_uid is None and facts.sop_instance_uid is None:
        raise ObjectRefused(UNREADABLE)
    if facts.sop_class_uid != sent.sop_class_uid:
        raise ObjectRefused(CLASS_DIFFERS)
    if facts.sop_instance_uid != sent.sop_instance_uid:
        raise ObjectRefused(INSTANCE_DIFFERS)
    if facts.study_uid is None:
        raise ObjectRefused(STUDY_MISSING)
    if facts.device.startswith(OWN_DEVICE):
        raise ObjectRefused(OWN_RESULT)
    return facts


def _file(arrival: Arrival, station: Station) -> Accepted:
    """Commit the film's row."""
    with station.database.writing() as session:
        accepted = accept(session, arrival)
        close_where_whole(session, accepted.study_id, now=arrival.at)
    return accepted


def open_in(station: Station) -> Callable[[], Incoming]:
    """What opens a place for a film's bytes, and refuses while the disk is short."""

    def open_file() -> Incoming:
        station.originals.check_room()
        return station.originals.incoming()

    return open_file
