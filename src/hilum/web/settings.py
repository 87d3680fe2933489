"""The settings of the web server, written down once and passed in.

Trap: a secret comes from the environment or from a file that the server alone reads, never from a command
line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hilum.web.foreign_viewers import check_origins
from hilum.worklist.station import StationSettings

GIGABYTE = 1 << 30


@dataclass(frozen=True)
class RoleOfClaim:
    """A value of the claim, as a group of the provider, and the role that it stands for."""

    value: str  # as the provider writes it
    role: Literal["radiographer", "reader", "manager", "administrator"]  # here


@dataclass(frozen=True)
class OidcSettings:
    """One provider of OpenID Connect."""

    issuer: str  # its address; the rest is read from /.well-known/openid-configuration below it
    client_id: str  # as the provider registered this station
    client_secret: str | None = None  # None: a public client, which PKCE (RFC 7636) protects
    name: str = "OpenID Connect"  # on the button
    scopes: str = "openid profile email"  # asked for, parted by blanks
    login_claim: str = "preferred_username"  # the claim that names the person here
    role_claim: str = "groups"  # a text or a list of texts
    roles: tuple[RoleOfClaim, ...] = ()  # the first that matches; a person with none is turned away


@dataclass(frozen=True)
class SessionLimits:
    """When a log-in ends by itself."""

    idle_s: float = 3600.0  # without a request
    absolute_s: float = 12 * 3600.0  # a long shift


@dataclass(frozen=True)
class FileSettings:
    """What `hilum serve --settings FILE` may say; the rest is on the command line."""

    sessions: SessionLimits = SessionLimits()  # when a log-in ends
    most_upload_bytes: int = 4 * GIGABYTE  # of one request
    oidc: OidcSettings | None = None  # None: log-in by password alone
    webhooks_to_private: bool = False  # whether webhooks may call loopback and private addresses
    viewer_origins: tuple[
        str, ...
    ] = ()  # of viewers elsewhere that may use DICOMweb: "https://viewer.example"

    def __post_init__(self) -> None:
        check_origins(self.viewer_origins)


@dataclass(frozen=True)
class WebSettings:
    """Of one server."""

    station: StationSettings  # whose pages these are
    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")  # names in the Host header
    is_https: bool = False  # here or at the proxy before it; cookies then travel by TLS only
    start_code: str | None = None  # asked for on /start; None on the loopback, where one is at the machine
    sessions: SessionLimits = SessionLimits()  # when a log-in ends
    most_upload_bytes: int = 4 * GIGABYTE  # of one request
    oidc: OidcSettings | None = None  # None: log-in by password alone
    webhooks_to_private: bool = False  # whether webhooks may call loopback and private addresses
    viewer_origins: tuple[
        str, ...
    ] = ()  # of viewers elsewhere that may use DICOMweb: "https://viewer.example"
