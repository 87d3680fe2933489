"""TLS for DICOM by PS3.15 B.12, the BCP 195 (RFC 9325) profile, on both sides.

TLS 1.2 and 1.3 alone, with forward secrecy and authenticated encryption. Trap: a certificate proves who
signed it, and nothing about the AE title that its holder claims.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from hilum.dicomnode.settings import TlsSettings
from hilum.errors import StationRefused

# RFC 9325 4.2 for TLS 1.2, in OpenSSL's words; 1.3 has no weak ones.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!aNULL:!eNULL:!SHA1:!MD5"


def server_context(settings: TlsSettings) -> ssl.SSLContext:
    """For the node; callers show a certificate of one of the authorities, where there are any.

    Raises:
        StationRefused: a file cannot be used.
    """
    context = _hardened(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    _load(context, settings.certificate, settings.key)
    if settings.authorities is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        _trust(context, settings.authorities)
    return context


def client_context(
    authorities: Path, *, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """For calling another program, whose certificate one of the authorities has signed for its host's name.

    Raises:
        StationRefused: a file cannot be used.
    """
    context = _hardened(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    _trust(context, authorities)
    if certificate is not None:
        _load(context, certificate, key)
    return context


def _hardened(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION  # RFC 9325 3.3, 3.5
    return context


def _load(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        context.load_cert_chain(certificate, key, password="")  # never asks at the terminal
    except (OSError, ValueError) as error:  # ssl's errors are OSErrors
        raise StationRefused(f"{certificate}: cannot be used with its key: {_why(error)}") from None


def _trust(context: ssl.SSLContext, authorities: Path) -> None:
    try:
        context.load_verify_locations(authorities)
    except (OSError, ValueError) as error:
        raise StationRefused(f"{authorities}: holds no certificate in PEM form: {_why(error)}") from None


def _why(error: Exception) -> str:
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
