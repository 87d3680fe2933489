"""Connections and associations within bounds: who may call, how many at once, how large, and for how long.

What pynetdicom leaves open is closed here. It shakes hands for TLS in the loop that accepts connections, so
one silent caller would stop all; it waits for the rest of a PDU without a limit; and it believes a length of
up to 4 GB. Trap: a socket's time-out starts anew with every byte, so a PDU has a deadline of its own.
"""

from __future__ import annotations

import logging
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_ACTION, N_EVENT_REPORT
from pynetdicom.pdu import A_ABORT_RQ
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from hilum.dicomnode.callers import may_call
from hilum.dicomnode.commitment_answers import Answers
from hilum.dicomnode.privacy import frames
from hilum.dicomnode.receiving import BoundedReceiver
from hilum.dicomnode.settings import LARGEST_PDU, NodeSettings
from hilum.dicomnode.statuses import CALLER_UNKNOWN
from hilum.worklist.originals import Incoming

log = logging.getLogger(__name__)

HEAD_BYTES = 6  # of a PDU: its type and length, PS3.8 9.3.1
PIECE_BYTES = 1 << 16  # read at once
THREADS_OF_ONE = 2  # of an association: its own, and its network's
SPARE = 8  # connections beyond the associations, so that a caller too many is told so


@dataclass(frozen=True, slots=True)
class Bounds:
    """What every association of one node shares."""

    settings: NodeSettings
    open_file: Callable[[], Incoming]  # for the bytes of one film
    answers: Answers
    tls: ssl.SSLContext | None


class BoundedServer(ThreadedAssociationServer):
    """pynetdicom's server; each connection is looked at in a thread of its own.

    Args:
        bounds: of its associations; the rest as pynetdicom's.
    """

    daemon_threads = True
    request_queue_size = 64  # modalities that call in the same moment

    def __init__(self, *args: Any, bounds: Bounds, **kwargs: Any) -> None:
        self.bounds = bounds
        self._n_threads_before = threading.active_count()
        super().__init__(*args, **(kwargs | {"request_handler": BoundedRequest}))

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and say nothing yet."""
        assert self.socket is not None
        return self.socket.accept()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for a connection, an association or not."""
        most = THREADS_OF_ONE * (self.bounds.settings.most_associations + SPARE)
        if threading.active_count() - self._n_threads_before <= most:
            return True
        log.warning("a connection was closed: more than %d are open", most // THREADS_OF_ONE)
        return False

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Shake hands for TLS where it is asked for, then wait for the association's request."""
        request.settimeout(self.bounds.settings.handshake_s)
        try:
            if self.bounds.tls is not None:
                request = self.bounds.tls.wrap_socket(request, server_side=True)
        except OSError as error:  # ssl's are of its kind
            log.warning("a caller did not come in by TLS: %s", getattr(error, "reason", type(error).__name__))
            request.close()
            return
        request.settimeout(self.bounds.settings.idle_s)
        super().process_request_thread(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a fault of ours in a connection's beginning; called while it is handled."""
        fault = sys.exception()
        log.error("a connection could not be served: %s", "" if fault is None else frames(fault))


class BoundedRequest(RequestHandler):
    """Makes an association whose reading and receiving have limits."""

    server: BoundedServer

    def _create_association(self) -> Association:
        association = super()._create_association()
        bounds = self.server.bounds
        association.dimse = BoundedReceiver(
            association, bounds.open_file, most_bytes=bounds.settings.most_object_bytes
        )
        served = served_within(association, bounds.answers)
        association._serve_request = served  # type: ignore[assignment, method-assign]
        reads_from = association.dul.socket
        assert reads_from is not None
        reads_from._shutdown_socket = partial(_close, self.request)  # type: ignore[method-assign]
        reader = PduReader(self.request, limit_s=bounds.settings.idle_s)
        reads_from.recv = reader.recv  # type: ignore[assignment, method-assign]
        return association


def _close(connection: socket.socket) -> None:
    """Close a connection, which pynetdicom leaves open where shutting it down fails."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def served_within(association: Association, answers: Answers) -> Callable[[Any, int], None]:
    """What serves the messages of an association: pynetdicom's, but no message is left without an answer.

    pynetdicom drops a request that lacks an element; its sender would wait, so the association is aborted.
    """
    serve = association._serve_request

    def serve_or_abort(message: Any, context_id: int) -> None:
        if isinstance(message, N_EVENT_REPORT) and message.is_valid_response:
            answers.acknowledged(association, message)
            return
        if not message.is_valid_request:
            log.warning("a message lacks what every %s has; its association ends", type(message).__name__)
            association.abort()
            return
        serve(message, context_id)
        if isinstance(message, N_ACTION):
            answers.report_by(association)

    return serve_or_abort


class PduReader:
    """Reads PDUs of at most `LARGEST_PDU`, each within a time.

    Args:
        connection: to read from.
        limit_s: for one PDU, from its first byte to its last.
    """

    def __init__(self, connection: socket.socket, *, limit_s: float) -> None:
        self._connection = connection
        self._limit_s = limit_s

    def recv(self, n_bytes: int) -> bytearray:
        """All of the bytes asked for, or fewer where the caller has hung up.

        Raises:
            OSError: they do not come in time, or are too many; the caller has been told.
        """
        if n_bytes > LARGEST_PDU:
            self._abort()
            raise OSError("a PDU longer than any that was agreed on")
        deadline = time.monotonic() + self._limit_s
        received = bytearray()
        while len(received) < n_bytes:
            if time.monotonic() > deadline:
                self._abort()
                raise TimeoutError("a PDU that did not come whole")
            piece = self._connection.recv(min(PIECE_BYTES, n_bytes - len(received)))
            if not piece:
                break
            received += piece
        return received

    def _abort(self) -> None:
        abort = A_ABORT_RQ()
        abort.source = 0x02  # the service provider, PS3.8 9.3.8
        abort.reason_diagnostic = 0x06  # invalid PDU parameter value
        try:
            self._connection.sendall(abort.encode())
        except OSError as error:
            log.info("a caller could not be told of an abort: %s", type(error).__name__)


def on_requested(event: evt.Event, settings: NodeSettings) -> None:
    """Turn away a caller that is not on the list; the called AE title is checked by pynetdicom."""
    association = event.assoc
    take_sender_order(association)
    caller = association.requestor
    title = str(caller.primitive.calling_ae_title)  # type: ignore[union-attr]
    address = str(caller.address)
    if settings.callers and not may_call(settings.callers, title, address):
        log.warning("an association was refused: %r at %s is not among those that may call", title, address)
        association.acse.send_reject(*CALLER_UNKNOWN)
        association.kill()


def take_sender_order(association: Association) -> None:
    """Agree on the first transfer syntax that a caller offers for a class and we take.

    What it names first is mostly what it holds, and many cannot unpack it; pynetdicom goes by our order.
    """
    request = association.requestor.primitive
    ours = {context.abstract_syntax: set(context.transfer_syntax)
            for context in association.acceptor.supported_contexts}  # fmt: skip
    for offered in request.presentation_context_definition_list if request is not None else ():
        taken = ours.get(offered.abstract_syntax, set())
        first = next((syntax for syntax in offered.transfer_syntax if syntax in taken), None)
        if first is not None:
            offered.transfer_syntax = [first]


def on_rejected(event: evt.Event) -> None:
    """Say in the log that an association was refused, and to whom."""
    caller = event.assoc.requestor
    log.warning("an association was refused: %r at %s", str(caller.ae_title), caller.address)


def on_closed(event: evt.Event) -> None:
    """Leave nothing of what was on its way."""
    receiver = event.assoc.dimse
    assert isinstance(receiver, BoundedReceiver)
    receiver.give_up()


def on_accepted(event: evt.Event) -> None:
    """Say in the log who calls, and what of it was turned away."""
    caller = event.assoc.requestor
    refused = {str(context.abstract_syntax) for context in event.assoc.rejected_contexts}
    log.info("association of %r at %s", str(caller.ae_title), caller.address)
    if refused:
        names = sorted(UID(name).name for name in refused)
        log.info("%r offers what is not taken here: %s", str(caller.ae_title), ", ".join(names))
