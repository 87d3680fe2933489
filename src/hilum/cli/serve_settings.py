"""What `hilum serve` was told, checked, as the web server's settings.

Trap: everything that is off the loopback and not encrypted is refused here unless it was asked for by name.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
from dataclasses import dataclass, replace
from pathlib import Path

from hilum.errors import StationRefused
from hilum.inference.bundle import read_bundle
from hilum.settings import read_settings
from hilum.web.settings import FileSettings, WebSettings
from hilum.worklist.station import StationSettings

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
LOCAL_PROXIES = ("127.0.0.1", "::1")
OIDC_SECRET = "HILUM_OIDC_CLIENT_SECRET"


@dataclass(frozen=True)
class ServeJob:
    """The command line."""

    demo: bool
    port: int
    host: str
    folder: Path
    database_url: str | None
    bundle: str | None
    n_workers: int
    site: str
    tls_certificate: Path | None
    tls_key: Path | None
    behind_proxy: bool
    trusted_proxies: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    allow_plain_http: bool
    settings_path: Path | None
    opens_browser: bool
    has_node: bool = False
    node_settings: Path | None = None

    @property
    def is_loopback(self) -> bool:
        return self.host == "localhost" or _is_loopback_address(self.host)

    @property
    def has_tls(self) -> bool:
        return self.tls_certificate is not None

    @property
    def proxies(self) -> tuple[str, ...]:
        """Whose X-Forwarded headers are believed."""
        return (self.trusted_proxies or LOCAL_PROXIES) if self.behind_proxy else ()


def web_settings(job: ServeJob) -> WebSettings:
    """The settings of the server; the code of first start is made here, for who is not at the machine.

    Raises:
        StationRefused: plain HTTP off the loopback, or a certificate without its key.
        SettingsInvalid: the settings file.
        NameUnknown, BundleInvalid: the bundle.
    """
    _check_encryption(job)
    from_file = (
        FileSettings() if job.settings_path is None else read_settings(job.settings_path, FileSettings)
    )
    station = StationSettings(
        folder=job.folder.absolute(),
        database_url=job.database_url,
        bundle=None if job.bundle is None else read_bundle(job.bundle).folder,
        n_workers=job.n_workers,
        site=job.site,
    )
    is_https = job.has_tls or (job.behind_proxy and not job.allow_plain_http)
    oidc = from_file.oidc
    if oidc is not None and OIDC_SECRET in os.environ:
        oidc = replace(oidc, client_secret=os.environ[OIDC_SECRET])
    return WebSettings(
        station=station,
        allowed_hosts=_hosts(job),
        is_https=is_https,
        start_code=None if job.is_loopback and not job.behind_proxy else secrets.token_hex(4),
        oidc=oidc,
        sessions=from_file.sessions,
        most_upload_bytes=from_file.most_upload_bytes,
        webhooks_to_private=from_file.webhooks_to_private,
        viewer_origins=from_file.viewer_origins,
    )


def _check_encryption(job: ServeJob) -> None:
    if (job.tls_certificate is None) != (job.tls_key is None):
        raise StationRefused("--tls-certificate and --tls-key go together")
    for path in (job.tls_certificate, job.tls_key):
        if path is not None and not os.access(path, os.R_OK):
            raise StationRefused(f"{path} is not there or may not be read")
    if job.trusted_proxies and not job.behind_proxy:
        raise StationRefused("--trusted-proxy needs --behind-proxy")
    if job.is_loopback or job.has_tls or job.behind_proxy or job.allow_plain_http:
        return
    raise StationRefused(
        f"plain HTTP on {job.host} would carry passwords and films in the clear; give --tls-certificate and "
        "--tls-key, or --behind-proxy for a proxy with HTTPS, or --allow-plain-http if that is meant"
    )


def _hosts(job: ServeJob) -> tuple[str, ...]:
    """Names that a browser may use; addresses need no entry (see `security.KnownHosts`)."""
    own = () if job.is_loopback else (socket.gethostname(), socket.getfqdn(), job.host)
    return tuple(dict.fromkeys((*LOOPBACK_NAMES, *own, *job.allowed_hosts)))


def _is_loopback_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
