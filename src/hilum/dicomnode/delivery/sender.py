"""The part of a node that sends: whatever is due is leased, made, sent, and written down, one after another.

Trap: a process may die between the sending and the writing down, and then sends again; the objects' UIDs, the
message's control id, and the report's id are computed, so that the other side replaces and does not multiply.
"""

from __future__ import annotations

import logging
import os
import threading

import httpx
from sqlalchemy.exc import SQLAlchemyError

from hilum.dicomnode.calling import requestor_of
from hilum.dicomnode.delivery.fhir_server import put_resource
from hilum.dicomnode.delivery.mllp import send_message
from hilum.dicomnode.delivery.outcome import Fate, Outcome
from hilum.dicomnode.delivery.results import Result, result_of
from hilum.dicomnode.delivery.store import store
from hilum.dicomnode.delivery.stow import stow
from hilum.dicomnode.delivery.target import MllpTarget, WebTarget, parse_target
from hilum.dicomnode.peer import Peer
from hilum.dicomnode.privacy import frames
from hilum.dicomnode.settings import NodeSettings
from hilum.errors import HilumError
from hilum.worklist.deliveries import finish_delivery, lease_delivery
from hilum.worklist.states import ResultKind
from hilum.worklist.station import Station
from hilum.worklist.tables import Delivery

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
LEASE_S = 300.0  # longer than the slowest place takes to answer or to time out
TIMEOUT_S = 30.0
TOKEN = "HILUM_DELIVERY_TOKEN"  # a bearer token for web servers; a secret, so not a setting


class Sender:
    """Sends what is due, from `start` to `stop`.

    Args:
        settings: of the node.
        station: whose results go out.

    Raises:
        StationRefused: a certificate cannot be used.
    """

    def __init__(self, settings: NodeSettings, station: Station) -> None:
        self._station = station
        self._who = f"node {settings.ae_title}"
        self._requestor = requestor_of(settings)
        token = os.environ.get(TOKEN, "")
        self._client = httpx.Client(
            timeout=TIMEOUT_S, headers={"Authorization": f"Bearer {token}"} if token else {}
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def start(self) -> None:
        """Begin with what earlier runs left."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the one in hand, and end; the rest waits in the worklist."""
        self._stop.set()
        self._thread.join()
        self._client.close()

    def send_once(self) -> bool:
        """Send what is due longest; False where nothing is."""
        with self._station.database.writing() as session:
            held = lease_delivery(
                session, kinds=[str(kind) for kind in ResultKind], now=self._station.now(), seconds=LEASE_S
            )
        if held is None:
            return False
        outcome = self._outcome(held)
        error = None if outcome.fate is Fate.SENT else outcome.told
        with self._station.database.writing() as session:
            finish_delivery(session, held, now=self._station.now(), who=self._who, error=error,
                            is_final=outcome.fate is Fate.NEVER)  # fmt: skip
        if error is not None:
            log.warning("study %d, %s: %s", held.study_id, held.kind, error)
        return True

    def _outcome(self, held: Delivery) -> Outcome:
        """Send; what cannot be made is given up, and a fault of ours is tried again after it is mended."""
        try:
            return self._send(held, result_of(self._station, held))
        except HilumError as error:
            return Outcome(Fate.NEVER, str(error))
        except Exception as error:  # one film's oddity must not stop the others' results
            log.error("study %d, %s: a fault: %s", held.study_id, held.kind, frames(error))  # noqa: TRY400
            return Outcome(
                Fate.AGAIN, f"a fault of Hilum ({type(error).__name__}); its log holds the details"
            )

    def _send(self, held: Delivery, result: Result) -> Outcome:
        kind, place = ResultKind(held.kind), parse_target(held.target).place
        match place:
            case Peer():
                return store(place, self._requestor, result.instance(kind))
            case MllpTarget():
                return send_message(place, result.message(), timeout_s=TIMEOUT_S)
            case WebTarget() if kind is ResultKind.FHIR:
                return put_resource(place, self._client, result.resource())
            case WebTarget():
                return stow(place, self._client, result.instance(kind))

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                has_sent = self.send_once()
            except SQLAlchemyError as error:
                log.error("the database did not answer: %s", frames(error))  # noqa: TRY400 - it may quote
                has_sent = False
            if not has_sent:
                self._stop.wait(LOOK_EVERY_S)
