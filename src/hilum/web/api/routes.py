"""All of the API under one path, with the two ways to say who asks."""

from __future__ import annotations

from fastapi import APIRouter, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from hilum.web.api import films, hooks, reading, score, station, studies, verdicts

# They describe; `gatekeeper` has settled who asks before any of this runs.
BEARER = HTTPBearer(scheme_name="token", description="An API token: hilum_...", auto_error=False)
COOKIE = APIKeyCookie(
    name="hilum", scheme_name="session", auto_error=False,
    description="A log-in of the pages; a call that changes something sends X-CSRF-Token too.",
)  # fmt: skip

router = APIRouter(prefix="/api/v1", dependencies=[Security(BEARER), Security(COOKIE)])
for part in (score, studies, films, verdicts, station, hooks, reading):
    router.include_router(part.router)
