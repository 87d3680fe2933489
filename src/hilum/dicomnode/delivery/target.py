"""Where results go, as one line of text, and how each kind of place is reached.

`AE@HOST:PORT` is a DICOM archive, `stow+https://host/dicom-web` a DICOMweb server, `mllp://host:port` an HL7
engine, `fhir+https://host/fhir` a FHIR server.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from hilum.dicomnode.peer import Peer, parse_peer
from hilum.errors import SettingsInvalid
from hilum.worklist.states import OBJECT_KINDS, ResultKind


@dataclass(frozen=True, slots=True)
class WebTarget:
    """A server reached by HTTP."""

    url: str  # "http://…" or "https://…", without a slash at the end


@dataclass(frozen=True, slots=True)
class MllpTarget:
    """An HL7 engine that listens for MLLP frames."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Target:
    """A place that results go to, and what goes there."""

    text: str  # as the settings have it, and the worklist keeps it
    place: Peer | WebTarget | MllpTarget
    kinds: tuple[ResultKind, ...]


def parse_target(text: str, objects: tuple[ResultKind, ...] = OBJECT_KINDS) -> Target:
    """A line of the settings.

    Args:
        text: see the module.
        objects: the kinds of DICOM object that are wanted.

    Raises:
        SettingsInvalid: it is of none of the forms.
    """
    scheme = text.partition("://")[0].lower() if "://" in text else ""
    if scheme in ("stow+http", "stow+https"):
        return Target(text, _web(text, "stow+"), objects)
    if scheme in ("fhir+http", "fhir+https"):
        return Target(text, _web(text, "fhir+"), (ResultKind.FHIR,))
    if scheme == "mllp":
        return Target(text, _mllp(text), (ResultKind.HL7,))
    if scheme:
        raise SettingsInvalid(
            f"{text!r}: results go to AE@HOST:PORT, stow+https://…, mllp://…, or fhir+https://…"
        )
    return Target(text, parse_peer(text), objects)


def _web(text: str, prefix: str) -> WebTarget:
    parts = urlsplit(text[len(prefix) :])
    if not parts.hostname or parts.username or parts.password:
        raise SettingsInvalid(
            f"{text!r} names no host, or holds a password; a token belongs in HILUM_DELIVERY_TOKEN"
        )
    return WebTarget(text[len(prefix) :].rstrip("/"))


def _mllp(text: str) -> MllpTarget:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise SettingsInvalid(f"{text!r} is no MLLP address; it looks like mllp://HOST:PORT")
    return MllpTarget(host, port)
