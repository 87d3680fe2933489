"""Answering storage commitment: by the association that asked while it is open, else by one of our own.

What is asked is written down before it is acknowledged, so the answer goes out even if this process dies.
Trap: pynetdicom's own way to report takes the next message of the association for the answer, so a film
that is sent in that moment would be lost; here a report is sent between two messages and not waited for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO
from weakref import WeakKeyDictionary

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import build_role
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.dsutils import encode
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import StorageCommitmentPushModel  # type: ignore[attr-defined]
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from hilum.dicomnode.calling import requestor_of
from hilum.dicomnode.commitment_report import commitment_report
from hilum.dicomnode.contexts import COMMITMENT_INSTANCE
from hilum.dicomnode.peer import Peer, associated
from hilum.dicomnode.privacy import frames
from hilum.dicomnode.settings import NodeSettings
from hilum.dicomnode.statuses import SUCCESS
from hilum.errors import HilumError, PeerFailed
from hilum.worklist.audit import record
from hilum.worklist.station import Station
from hilum.worklist.tables import Commitment

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 15.0, 3600.0  # between tries, doubled each time
LOOK_EVERY_S = 5.0
AT_ONCE = 100  # requests of one look
MOST_MESSAGE_IDS = 1 << 16  # Message ID (0000,0110) is US

Reference = tuple[str, str]  # SOP class and SOP instance


class Answers:
    """Answers what was asked, at once where the asker is still there, else again and again from one thread.

    Args:
        settings: of the node.
        station: whose films are asked about.
    """

    def __init__(self, settings: NodeSettings, station: Station) -> None:
        self._settings = settings
        self._station = station
        self._requestor = requestor_of(settings)
        self._asked: WeakKeyDictionary[Association, list[int]] = WeakKeyDictionary()
        self._reported: WeakKeyDictionary[Association, dict[int, int]] = WeakKeyDictionary()  # by message
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="commitment", daemon=True)

    def start(self) -> None:
        """Begin to answer what earlier runs left."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is not answered waits in the database."""
        self._is_stopping.set()
        self._thread.join()

    def write_down(self, sender: str, transaction_uid: str, instances: Sequence[Reference]) -> int:
        """Keep a request until it is answered; the same one again is the same one. Returns its number."""
        now = self._station.now()
        with self._station.database.writing() as session:
            same = select(Commitment).where(
                Commitment.sender == sender, Commitment.transaction_uid == transaction_uid
            )
            found = session.scalar(same) or Commitment(
                sender=sender, transaction_uid=transaction_uid, asked_at=now
            )
            found.instances = [list(reference) for reference in instances]
            found.n_attempts, found.next_at = 0, now + timedelta(seconds=FIRST_WAIT_S)
            session.add(found)
            session.flush()
            return found.id

    def answer_after(self, request_id: int, association: Association) -> None:
        """Have a request answered by the association that asked, once its own response has left."""
        if association.requestor.ae_title.strip() not in self._settings.known_peers:
            log.info("a request of storage commitment can be answered only while its association lasts")
        self._asked.setdefault(association, []).append(request_id)

    def report_by(self, association: Association) -> None:
        """Send the reports that are owed to an association; called between two of its messages."""
        for request_id in self._asked.pop(association, []):
            try:
                self._send_report(request_id, association)
            except (ValueError, SQLAlchemyError) as error:
                log.warning("storage commitment will be answered later: %s", frames(error))

    def acknowledged(self, association: Association, answer: N_EVENT_REPORT) -> None:
        """Take the answer to a report; a failure is tried again by an association of our own."""
        request_id = self._reported.get(association, {}).pop(answer.MessageIDBeingRespondedTo or 0, None)
        if request_id is not None and answer.Status == SUCCESS.code:
            self._end(request_id, "commitment")

    def _send_report(self, request_id: int, association: Association) -> None:
        """Send a report and do not wait: its answer is a message like any other."""
        found = self._report(request_id)
        if found is None or not association.is_established:
            return
        request = N_EVENT_REPORT()
        request.MessageID = request_id % MOST_MESSAGE_IDS
        request.AffectedSOPClassUID = StorageCommitmentPushModel
        request.AffectedSOPInstanceUID = UID(COMMITMENT_INSTANCE)
        request.EventTypeID, report = found
        context = association._get_valid_context(StorageCommitmentPushModel, "")
        syntax = context.transfer_syntax[0]
        encoded = encode(report, syntax.is_implicit_VR, syntax.is_little_endian)
        assert encoded is not None
        assert context.context_id is not None
        request.EventInformation = BytesIO(encoded)
        self._reported.setdefault(association, {})[request.MessageID] = request_id
        association.dimse.send_msg(request, context.context_id)

    def _run(self) -> None:
        while not self._is_stopping.wait(LOOK_EVERY_S):
            try:
                self._answer_due()
            except Exception as error:  # the thread must outlive a database that is away
                log.error("storage commitment: %s", frames(error))  # noqa: TRY400 - it quotes

    def _answer_due(self) -> None:
        with self._station.database.reading() as session:
            due = select(Commitment).where(Commitment.next_at <= self._station.now())
            requests = session.scalars(due.order_by(Commitment.next_at).limit(AT_ONCE)).all()
        for request in requests:
            if self._is_stopping.is_set():
                return
            self._try(request)

    def _try(self, request: Commitment) -> None:
        peer = self._settings.known_peers.get(request.sender)
        age = self._station.now() - request.asked_at
        if peer is None or age > timedelta(days=self._settings.commitment_days):
            self._end(request.id, "commitment-unanswered")
            log.warning("node %s: storage commitment could not be answered", request.sender)
            return
        try:
            self._call(request, peer)
        except (HilumError, RuntimeError, ValueError) as error:
            n_tries = request.n_attempts + 1
            log.warning("node %s: storage commitment, try %d: %s", request.sender, n_tries, error)
            self._postpone(request)

    def _postpone(self, request: Commitment) -> None:
        wait = min(FIRST_WAIT_S * 2 ** min(request.n_attempts, 16), LONGEST_WAIT_S)
        with self._station.database.writing() as session:
            again = session.get(Commitment, request.id)
            if again is not None:
                again.n_attempts += 1
                again.next_at = self._station.now() + timedelta(seconds=wait)

    def _report(self, request_id: int) -> tuple[int, Dataset] | None:
        """Event type and information; None where the request was answered meanwhile."""
        with self._station.database.reading() as session:
            request = session.get(Commitment, request_id)
        return None if request is None else commitment_report(request, self._station)

    def _call(self, request: Commitment, peer: Peer) -> None:
        """Report by an association of our own, as the provider: PS3.4 J.3.3."""
        found = self._report(request.id)
        if found is None:
            return
        event_type, report = found
        contexts = [build_context(StorageCommitmentPushModel)]
        roles = [build_role(StorageCommitmentPushModel, scp_role=True)]
        with associated(peer, self._requestor, contexts, roles=roles) as association:
            answer, _ = association.send_n_event_report(
                report, event_type, StorageCommitmentPushModel, UID(COMMITMENT_INSTANCE)
            )
        if answer.get("Status") != SUCCESS.code:
            raise PeerFailed(f"{peer} did not take the report of storage commitment")
        self._end(request.id, "commitment")

    def _end(self, request_id: int, action: str) -> None:
        with self._station.database.writing() as session:
            request = session.get(Commitment, request_id)
            if request is None:
                return
            session.execute(delete(Commitment).where(Commitment.id == request_id))
            record(session, at=self._station.now(), who=f"node {request.sender}", action=action,
                   n=len(request.instances))  # fmt: skip
