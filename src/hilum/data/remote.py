"""What servers say of a file, and of themselves when they fail, as HTTP puts it.

The trap: the texts of the HTTP library's errors hold signed addresses; faults are told in words of our own.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import email.utils
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TRANSIENT = {408, 425, 429, 500, 502, 503, 504}  # HTTP statuses that may go away by themselves


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that can be asked for, whole or in part."""

    request: (
        Any  # requests.PreparedRequest; its address is signed and its headers may hold the token: never shown
    )
    n_bytes: int | None
    validator: str | None  # ETag or Last-Modified: the same as long as the file is
    md5: bytes | None
    server: str = "Kaggle"  # whom to name where it cannot be reached


def remote_file(response: Any) -> RemoteFile | None:
    """The file that an answer holds, or None where it is a page instead of a file."""
    if response.headers.get("Content-Type", "").startswith(("text/html", "application/json")):
        return None
    length = response.headers.get("Content-Length", "")
    is_coded = "Content-Encoding" in response.headers  # then the length is that of the packed bytes
    return RemoteFile(
        request=response.request,
        n_bytes=int(length) if length.isdigit() and not is_coded else None,
        validator=response.headers.get("ETag") or response.headers.get("Last-Modified"),
        md5=next(_md5_headers(response.headers), None),
    )


def _md5_headers(headers: Any) -> Iterator[bytes]:
    """MD5 as Content-MD5 (RFC 1864) or in x-goog-hash (Google Cloud Storage, where Kaggle keeps files)."""
    stated = [headers.get("Content-MD5", "")]
    stated += re.findall(r"md5=([^,\s]+)", headers.get("x-goog-hash", ""))
    for text in stated:
        with contextlib.suppress(binascii.Error, ValueError):
            digest = base64.b64decode(text, validate=True)
            if len(digest) == 16:
                yield digest


def network_fault(error: Exception, server: str = "Kaggle") -> str:
    """What broke, in words; the library's own text holds signed addresses and is not shown."""
    import requests

    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy to the internet cannot be reached; look at HTTPS_PROXY"
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate is not trusted; if a proxy is in between, set REQUESTS_CA_BUNDLE"
    if isinstance(error, requests.exceptions.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, requests.exceptions.ConnectionError):
        return f"{server} cannot be reached; is this machine on the internet?"
    return f"the download failed ({type(error).__name__})"


def retry_after_s(response: Any) -> float | None:
    """Seconds to wait by the Retry-After header, a number or a date (RFC 9110, 10.2.3)."""
    stated = response.headers.get("Retry-After", "")
    with contextlib.suppress(ValueError):
        return max(0.0, float(stated))
    try:
        return max(0.0, email.utils.parsedate_to_datetime(stated).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
