"""Who we are when we call another program: our AE title, and TLS where the settings ask for it."""

from __future__ import annotations

from hilum.dicomnode.peer import Requestor
from hilum.dicomnode.settings import NodeSettings
from hilum.dicomnode.tls import client_context


def requestor_of(settings: NodeSettings) -> Requestor:
    """By the node's settings; our own certificate is shown where we have one.

    Raises:
        StationRefused: a certificate cannot be used.
    """
    if settings.peer_authorities is None:
        return Requestor(settings.ae_title)
    own = settings.tls
    tls = client_context(
        settings.peer_authorities,
        certificate=None if own is None else own.certificate,
        key=None if own is None else own.key,
    )
    return Requestor(settings.ae_title, tls=tls)
