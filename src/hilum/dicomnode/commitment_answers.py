"""Answering storage commitment: by the association that asked while it is open, else by one of our own.

What is asked is written down before it is acknowledged, so the answer goes out even if this process dies.
Trap: the asker is not done with its own request until the response has left, so the answer waits a moment.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta

from pydicom.uid import UID
from pynetdicom import build_role
from pynetdicom.association import Association
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import StorageCommitmentPushModel  # type: ignore[attr-defined]
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from hilum.dicomnode.commitment_report import commitment_report
from hilum.dicomnode.contexts import COMMITMENT_INSTANCE
from hilum.dicomnode.peer import Requestor, associated
from hilum.dicomnode.privacy import frames
from hilum.dicomnode.settings import NodeSettings
from hilum.dicomnode.statuses import SUCCESS
from hilum.errors import HilumError, PeerFailed
from hilum.worklist.audit import record
from hilum.worklist.station import Station
from hilum.worklist.tables import Commitment

log = logging.getLogger(__name__)

MOMENT_S = 0.2  # for the response to leave before the answer follows
FIRST_WAIT_S, LONGEST_WAIT_S = 15.0, 3600.0  # between tries, doubled each time
LOOK_EVERY_S = 5.0
AT_ONCE = 100  # requests of one look

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

    def answer_soon(self, request_id: int, association: Association) -> None:
        """Answer by the association that asked, in a moment; the thread does it later where that fails."""
        if association.requestor.ae_title.strip() not in self._settings.known_peers:
            log.info("a request of storage commitment can be answered only while its association lasts")
        answer = threading.Thread(target=self._answer_by, args=(request_id, association), daemon=True)
        answer.start()

    def _answer_by(self, request_id: int, association: Association) -> None:
        if self._is_stopping.wait(MOMENT_S) or not association.is_established:
            return
        try:
            self._report(request_id, association)
        except (HilumError, RuntimeError, ValueError, SQLAlchemyError) as error:  # it may end meanwhile
            log.info("storage commitment will be answered later: %s", type(error).__name__)

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
        role = build_role(StorageCommitmentPushModel, scp_role=True)  # we report as the provider, PS3.4 J.3.3
        try:
            caller, contexts = Requestor(self._settings.ae_title), [build_context(StorageCommitmentPushModel)]
            with associated(peer, caller, contexts, roles=[role]) as association:
                self._report(request.id, association)
        except (HilumError, RuntimeError, ValueError) as error:
            log.warning(
                "node %s: storage commitment, try %d: %s", request.sender, request.n_attempts + 1, error
            )
            self._postpone(request)

    def _postpone(self, request: Commitment) -> None:
        wait = min(FIRST_WAIT_S * 2 ** min(request.n_attempts, 16), LONGEST_WAIT_S)
        with self._station.database.writing() as session:
            again = session.get(Commitment, request.id)
            if again is not None:
                again.n_attempts += 1
                again.next_at = self._station.now() + timedelta(seconds=wait)

    def _report(self, request_id: int, association: Association) -> None:
        """Send the N-EVENT-REPORT; the request is done once it was acknowledged."""
        with self._station.database.reading() as session:
            request = session.get(Commitment, request_id)
        if request is None:  # answered meanwhile
            return
        event_type, report = commitment_report(request, self._station)
        answer, _ = association.send_n_event_report(report, event_type, StorageCommitmentPushModel,
                                                    UID(COMMITMENT_INSTANCE))  # fmt: skip
        if answer.get("Status") != SUCCESS.code:
            raise PeerFailed(f"{request.sender} did not take the report of storage commitment")
        self._end(request.id, "commitment")

    def _end(self, request_id: int, action: str) -> None:
        with self._station.database.writing() as session:
            request = session.get(Commitment, request_id)
            if request is None:
                return
            session.execute(delete(Commitment).where(Commitment.id == request_id))
            record(session, at=self._station.now(), who=f"node {request.sender}", action=action,
                   n=len(request.instances))  # fmt: skip
