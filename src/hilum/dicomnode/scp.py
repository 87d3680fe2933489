"""The node's listening side: pynetdicom's server with our bounds, its handlers bound.

Trap: what pynetdicom logs is a setting of the whole process; see `privacy`.
"""

from __future__ import annotations

import logging
import threading

from pynetdicom import AE, evt

from hilum.dicomnode.associations import (
    BoundedServer,
    Bounds,
    on_accepted,
    on_closed,
    on_rejected,
    on_requested,
)
from hilum.dicomnode.commitment import on_n_action
from hilum.dicomnode.commitment_answers import Answers
from hilum.dicomnode.contexts import supported_contexts
from hilum.dicomnode.mpps import on_n_create, on_n_set
from hilum.dicomnode.on_c_echo import on_c_echo
from hilum.dicomnode.on_c_store import on_c_store, open_in
from hilum.dicomnode.privacy import keep_values_out_of_logs
from hilum.dicomnode.receiving import IMPLEMENTATION_UID, IMPLEMENTATION_VERSION
from hilum.dicomnode.settings import NodeSettings
from hilum.dicomnode.tls import server_context
from hilum.errors import StationRefused
from hilum.worklist.station import Station

log = logging.getLogger(__name__)

POLL_S = 0.2  # of the loop that accepts connections; `stop` waits as long


class Scp:
    """Takes films from modalities, from `start` to `stop`.

    Args:
        settings: of the node.
        station: whose worklist the films come to; its tables are there.

    Raises:
        StationRefused: a certificate cannot be used.
    """

    def __init__(self, settings: NodeSettings, station: Station) -> None:
        self.settings = settings
        self._station = station
        self._tls = None if settings.tls is None else server_context(settings.tls)
        self._answers = Answers(settings, station)
        self._server: BoundedServer | None = None

    def start(self) -> None:
        """Listen.

        Raises:
            StationRefused: the address is taken, or not this machine's.
        """
        keep_values_out_of_logs()
        settings = self.settings
        try:
            server = self._entity().make_server(
                (settings.host, settings.port), evt_handlers=self._handlers(), server_class=BoundedServer,
                bounds=Bounds(settings, open_in(self._station), self._answers, self._tls),
            )  # fmt: skip
        except OSError as error:
            raise StationRefused(
                f"{settings.host}:{settings.port} cannot be listened at: {error.strerror or error}"
            ) from None
        assert isinstance(server, BoundedServer)
        self._server = server
        server.ae._servers.append(server)
        threading.Thread(target=server.serve_forever, args=[POLL_S], name="node", daemon=True).start()
        self._answers.start()

    def stop(self) -> None:
        """Take no more associations, and end those that are open; what was not acknowledged is sent again."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.shutdown()
        self._answers.stop()
        for association in server.active_associations:
            association.abort()

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.server_address[1])

    def _entity(self) -> AE:
        settings = self.settings
        entity = AE(ae_title=settings.ae_title)
        entity.supported_contexts = supported_contexts(settings)
        entity.require_called_aet = True
        entity.maximum_associations = settings.most_associations
        entity.maximum_pdu_size = settings.most_pdu_bytes
        entity.acse_timeout = settings.handshake_s
        entity.network_timeout = entity.dimse_timeout = settings.idle_s
        entity.implementation_class_uid = IMPLEMENTATION_UID
        entity.implementation_version_name = IMPLEMENTATION_VERSION
        return entity

    def _handlers(self) -> list[evt.EventHandlerType]:
        return [
            (evt.EVT_REQUESTED, on_requested, [self.settings]),
            (evt.EVT_ACCEPTED, on_accepted),
            (evt.EVT_REJECTED, on_rejected),
            (evt.EVT_CONN_CLOSE, on_closed),
            (evt.EVT_C_ECHO, on_c_echo),
            (evt.EVT_C_STORE, on_c_store, [self.settings, self._station]),
            (evt.EVT_N_ACTION, on_n_action, [self._answers]),
            (evt.EVT_N_CREATE, on_n_create, [self._station]),
            (evt.EVT_N_SET, on_n_set, [self._station]),
        ]
