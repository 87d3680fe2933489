"""Another DICOM program, as `AE@HOST:PORT`, and how we open an association with it.

Trap: an association that is not released holds one of the other side's few places until it times out, so
`associated` is the only way one is opened.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pynetdicom import AE
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation

from hilum.errors import PeerFailed, ServiceRefused, SettingsInvalid

if TYPE_CHECKING:
    from pynetdicom.association import Association
    from pynetdicom.events import EventHandlerType
    from pynetdicom.presentation import PresentationContext

AE_TITLE_LENGTH = 16  # PS3.5 6.2, VR AE
HIGHEST_PORT = 65535
ACCEPTED = 0x00  # result of an A-ASSOCIATE answer: PS3.8 7.1.1.7


@dataclass(frozen=True, slots=True)
class Peer:
    """Where another DICOM program listens."""

    ae_title: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.ae_title}@{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Requestor:
    """Who we are when we call, and how long we wait."""

    ae_title: str = "HILUM"
    timeout_s: float = 30.0  # of connecting, of the association's answer, and of each message's
    tls: ssl.SSLContext | None = None


def parse_peer(text: str) -> Peer:
    """`ORTHANC@192.168.1.7:4242`, an IPv6 address in brackets.

    Raises:
        SettingsInvalid: it is not of that form.
    """
    ae_title, at, address = text.rpartition("@")
    host, colon, port = address.rpartition(":")
    is_port = port.isascii() and port.isdigit() and 0 < int(port) <= HIGHEST_PORT
    if not (at and colon and is_port and host.strip("[]") and is_ae_title(ae_title)):
        raise SettingsInvalid(
            f"{text!r} is no DICOM address; it looks like AE@HOST:PORT, with an AE title of 1 to"
            f" {AE_TITLE_LENGTH} plain characters"
        )
    return Peer(ae_title.strip(), host.removeprefix("[").removesuffix("]"), int(port))


def is_ae_title(text: str) -> bool:
    """Whether a text is an Application Entity title: PS3.5 6.2."""
    is_plain = all(" " <= letter <= "~" and letter != "\\" for letter in text)
    return is_plain and bool(text.strip()) and len(text) <= AE_TITLE_LENGTH


@contextmanager
def associated(
    peer: Peer,
    requestor: Requestor,
    contexts: Sequence[PresentationContext],
    *,
    roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
    on: Sequence[EventHandlerType] = (),
) -> Iterator[Association]:
    """An association with another program, released at the end.

    Args:
        peer: whom to call.
        requestor: who we are.
        contexts: at most 128: PS3.8 9.3.2.2.
        roles: that we ask for beyond those of a user, as C-GET does.
        on: what to do with what the other side sends meanwhile.

    Raises:
        PeerFailed: it cannot be reached, or refuses us; trying again later may help.
        ServiceRefused: it takes none of the contexts.
    """
    entity = AE(ae_title=requestor.ae_title)
    entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = requestor.timeout_s
    entity.network_timeout = requestor.timeout_s
    link = entity.associate(
        peer.host,
        peer.port,
        contexts=list(contexts),
        ae_title=peer.ae_title,
        ext_neg=list(roles),
        evt_handlers=list(on),
        tls_args=None if requestor.tls is None else (requestor.tls, peer.host),
    )
    if not link.is_established:
        raise _failure(peer, link)
    try:
        yield link
    finally:
        if link.is_established:
            link.release()


def _failure(peer: Peer, link: Association) -> PeerFailed:
    answer = link.acceptor.primitive
    if link.is_rejected:
        told = "" if answer is None else f" ({answer.reason_str})"
        return PeerFailed(f"{peer} refuses the association{told}; check that it knows our AE title")
    if answer is not None and answer.result == ACCEPTED:
        contexts = link.requestor.requested_contexts
        offered = {context.abstract_syntax.name for context in contexts if context.abstract_syntax}
        return ServiceRefused(f"{peer} does not take {', '.join(sorted(offered))}")
    return PeerFailed(f"{peer} does not answer; check host, port, and that it runs")
