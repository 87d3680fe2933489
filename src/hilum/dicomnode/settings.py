"""The settings of the DICOM node: one frozen record, filled from TOML and the command's flags.

Trap: DICOM has no log-in, so a node that others can reach must say who may call it, by a list or by client
certificates; settings that leave the door open are refused.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from hilum.dicomnode.callers import Caller, parse_caller
from hilum.dicomnode.delivery.target import parse_target
from hilum.dicomnode.peer import AE_TITLE_LENGTH, Peer, is_ae_title, parse_peer
from hilum.errors import SettingsInvalid
from hilum.worklist.states import ObjectKind, ResultKind
from hilum.worklist.station import StationSettings

MEGABYTE = 1 << 20
LARGEST_PDU = MEGABYTE
SMALLEST_PDU = 4096  # PS3.8 D.1 sets no floor; below this a film is thousands of messages


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """TLS by PS3.15 B.12, the BCP 195 (RFC 9325) profile: 1.2 or 1.3, forward secrecy, no weak cipher."""

    certificate: Path  # of this node, PEM, with its chain
    key: Path  # PEM, without a password
    authorities: Path | None = None  # PEM; who signed the callers' certificates; None: callers show none


@dataclass(frozen=True)
class NodeSettings:
    """Of one node."""

    station: StationSettings  # whose worklist the films come to
    ae_title: str = "HILUM"  # who we are; a sender must call us so
    host: str = "127.0.0.1"  # the address to listen at; 0.0.0.0 for every one
    port: int = 11112  # registered for DICOM; 0 takes a free one
    allow: tuple[str, ...] = ()  # "AE", "AE@ADDRESS", "*@NETWORK"; none: anyone who can reach the address
    send_to: tuple[str, ...] = ()  # "AE@HOST:PORT", "stow+https://…", "mllp://…", "fhir+https://…"
    send: tuple[ObjectKind, ...] = (
        ResultKind.REPORT,
        ResultKind.PICTURE,
    )  # to each: of "sr", "picture", "softcopy", "pdf"
    reads: bool = True  # False: `hilum serve` keeps the workers
    peers: tuple[str, ...] = ()  # "AE@HOST:PORT", where answers to storage commitment may be sent
    modality_worklist: str | None = None  # "AE@HOST:PORT", asked for age, sex, accession that films lack
    tls: TlsSettings | None = None  # None: callers come in without TLS
    peer_authorities: Path | None = None  # PEM; where set, we call by TLS and trust these alone
    secondary_capture: Literal["read", "refuse"] = "read"  # digitisers and scanners send films so
    for_processing: Literal["keep", "refuse"] = "refuse"  # raw DX, kept but never scored
    others: Literal["keep", "refuse"] = "refuse"  # what is no radiograph, kept but never scored
    closes_after_s: float = 30.0  # without a new film, after which a study is whole
    most_associations: int = 16  # at once
    most_pdu_bytes: int = 131072  # what dcmtk sends at most
    most_object_bytes: int = 512 * MEGABYTE  # a 4020 x 4892 film of 16 bit has 39 MB
    idle_s: float = 60.0  # of silence, after which an association is aborted
    handshake_s: float = 15.0  # for TLS, and for the association's request after that
    commitment_days: float = 3.0  # for which an answer to storage commitment is tried

    def __post_init__(self) -> None:
        if not is_ae_title(self.ae_title):
            raise SettingsInvalid(
                f"{self.ae_title!r} is no AE title: 1 to {AE_TITLE_LENGTH} plain characters, no backslash"
            )
        for name, low, high in _RANGES:
            if not low <= getattr(self, name) <= high:
                raise SettingsInvalid(f"{name} must be from {low:g} to {high:g}, not {getattr(self, name):g}")
        self.known_peers, self.worklist_peer, self.targets  # noqa: B018 - read here, so that a wrong one is refused at the start
        if not (self.is_local or self.callers or (self.tls and self.tls.authorities)):
            raise SettingsInvalid(
                f"{self.host} can be reached from other machines: say who may call with --allow AE@ADDRESS "
                "(or --allow '*' for anyone), or ask for client certificates"
            )

    @cached_property
    def callers(self) -> tuple[Caller, ...]:
        """`allow`, read; none: anyone may call."""
        return tuple(map(parse_caller, self.allow))

    @cached_property
    def known_peers(self) -> dict[str, Peer]:
        """`peers`, read, by AE title."""
        return {peer.ae_title: peer for peer in map(parse_peer, self.peers)}

    @cached_property
    def worklist_peer(self) -> Peer | None:
        """`modality_worklist`, read."""
        return None if self.modality_worklist is None else parse_peer(self.modality_worklist)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """What goes where, as the worklist plans its deliveries: of the station's settings, and `send_to`."""
        places = [parse_target(text, self.send) for text in self.send_to]
        planned = (f"{kind}={place.text}" for place in places for kind in place.kinds)
        return tuple(dict.fromkeys((*self.station.targets, *planned)))

    @property
    def is_local(self) -> bool:
        """Whether only this machine can call."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


_RANGES = (
    ("port", 0, 65535),
    ("closes_after_s", 0, 24 * 3600),
    ("most_associations", 1, 500),
    ("most_pdu_bytes", SMALLEST_PDU, LARGEST_PDU),
    ("most_object_bytes", MEGABYTE, 4096 * MEGABYTE),
    ("idle_s", 1, 3600),
    ("handshake_s", 1, 600),
    ("commitment_days", 0, 30),
)
