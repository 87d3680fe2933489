"""Viewers of another origin, as an OHIF of the hospital's: by a setting they may use DICOMweb in the browser.

Trap: no cookie is let through (no Access-Control-Allow-Credentials), so that a page of theirs can do what its
token can, and nothing with the log-in that the same browser has here.
"""

from __future__ import annotations

import re

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from hilum.errors import SettingsInvalid

PATH = "/dicom-web/"
METHODS = ("GET", "HEAD", "POST")
ASKED_WITH = ("Accept", "Authorization", "Content-Type")  # an Accept with quotes in it is asked about too
TOLD_WITH = ("Warning",)
_ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?")


class ForeignViewers:
    """Cross-origin requests (the Fetch standard's CORS) for DICOMweb alone; all else stays the station's own.

    Args:
        app: that answers.
        origins: which may ask; what a preflight of another is told, no browser lets through.
    """

    def __init__(self, app: ASGIApp, *, origins: tuple[str, ...]) -> None:
        self.app = app
        self.shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=ASKED_WITH,
            expose_headers=TOLD_WITH,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_shared = scope["type"] == "http" and scope["path"].startswith(PATH)
        await (self.shared if is_shared else self.app)(scope, receive, send)


def check_origins(origins: tuple[str, ...]) -> None:
    """Refuse what is no origin as browsers write it.

    Raises:
        SettingsInvalid: names it; "*" is none, since films are not for every page of the web.
    """
    for origin in origins:
        if _ORIGIN.fullmatch(origin) is None:
            raise SettingsInvalid(
                f"viewer_origins: {origin!r} is no origin; it looks like https://viewer.example or "
                "http://127.0.0.1:3000, in small letters and without a path"
            )
