"""Sessions: a random secret in a cookie, its SHA-256 in the table, an idle and an absolute end.

Trap: a session is as good as a password while it lives, so whatever changes a person's rights ends all of
theirs.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload
from starlette.responses import Response

from hilum.web.settings import WebSettings
from hilum.worklist.tables import Person, WebSession

SEEN_EVERY = timedelta(seconds=60)  # a write for every request would cost more than it tells


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session."""

    secret: str  # 256 random bits; for the cookie alone
    csrf: str


def open_session(session: Session, person: Person, settings: WebSettings, *, now: datetime) -> Opened:
    """Begin a session; the caller sets the cookie once this is committed."""
    opened = Opened(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
    session.add(
        WebSession(
            id=digest(opened.secret),
            person_id=person.id,
            csrf=opened.csrf,
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(seconds=settings.sessions.absolute_s),
        )
    )
    return opened


def find_session(session: Session, secret: str, settings: WebSettings, *, now: datetime) -> WebSession | None:
    """The living session of a cookie, with its person; None where it ended, or the person may not come in."""
    found = session.scalar(
        select(WebSession).where(WebSession.id == digest(secret)).options(joinedload(WebSession.person))
    )
    if found is None or not found.person.is_active or now >= found.expires_at:
        return None
    if now - found.seen_at >= timedelta(seconds=settings.sessions.idle_s):
        return None
    return found


def is_to_be_marked(found: WebSession, now: datetime) -> bool:
    """Whether the time it was last seen has to be written again."""
    return now - found.seen_at >= SEEN_EVERY


def mark_seen(session: Session, session_id: str, now: datetime) -> None:
    """Begin its idle time anew."""
    found = session.get(WebSession, session_id)
    if found is not None:
        found.seen_at = now


def end_session(session: Session, secret: str) -> None:
    """The one of a cookie; nothing happens where there is none."""
    session.execute(delete(WebSession).where(WebSession.id == digest(secret)))


def end_sessions(session: Session, person_id: int) -> None:
    """All of one person's."""
    session.execute(delete(WebSession).where(WebSession.person_id == person_id))


def end_old_sessions(session: Session, now: datetime) -> None:
    """Remove those that have ended by themselves."""
    session.execute(delete(WebSession).where(WebSession.expires_at <= now))


def cookie_name(settings: WebSettings) -> str:
    """With TLS the prefix makes browsers refuse one that a neighbouring host or plain HTTP has set."""
    return "__Host-hilum" if settings.is_https else "hilum"


def set_cookie(response: Response, opened: Opened, settings: WebSettings) -> None:
    """Out of reach for scripts and other sites; gone with the browser."""
    response.set_cookie(
        cookie_name(settings),
        opened.secret,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.is_https,
    )


def clear_cookie(response: Response, settings: WebSettings) -> None:
    """Take it back."""
    response.delete_cookie(
        cookie_name(settings), path="/", httponly=True, samesite="lax", secure=settings.is_https
    )


def digest(secret: str) -> str:
    """SHA-256; a random 256-bit secret needs nothing slower."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
