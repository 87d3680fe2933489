"""API tokens: `hilum_` and 256 random bits, shown once, kept as SHA-256, with the rights of their person.

Trap: a token outlives a log-in, so it does not end with a session or a password; it ends when it expires, is
revoked, or its person may no longer come in.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from hilum.web.accounts.sessions import SEEN_EVERY, digest
from hilum.web.problems import InvalidRequest, NotFound
from hilum.web.translation import N_
from hilum.worklist.audit import record
from hilum.worklist.search import LARGEST_NUMBER
from hilum.worklist.tables import ApiToken, Person

PREFIX = "hilum_"  # so that scanners for leaked secrets know one
MOST_TOKENS = 50  # living ones of a person
MOST_DAYS = 3650
MOST_NAME = 64  # characters
BAD_NAME = N_("Say in 1 to 64 letters what the token is for.")
BAD_DAYS = N_("A token lasts 1 to 3650 days, or has no end.")
TOO_MANY = N_("There are 50 tokens already. Revoke one first.")


def make_token(
    session: Session, person: Person, *, name: str, n_days: int | None, now: datetime, who: str
) -> tuple[ApiToken, str]:
    """A new token of a person, and its secret, which nothing will ever show again.

    Args:
        session: a writing one.
        person: whose rights it has.
        name: what it is for, for people.
        n_days: until it expires; None: it does not.
        now: with its zone.
        who: makes it, for the trail.

    Raises:
        InvalidRequest: the name or the days cannot be taken, or the person has too many.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable():
        raise InvalidRequest(BAD_NAME, "token")
    if n_days is not None and not 1 <= n_days <= MOST_DAYS:
        raise InvalidRequest(BAD_DAYS, "days")
    if _n_living(session, person.id, now) >= MOST_TOKENS:
        raise InvalidRequest(TOO_MANY, "token")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        person_id=person.id,
        name=name,
        token_sha256=digest(secret),
        created_at=now,
        expires_at=None if n_days is None else now + timedelta(days=n_days),
    )
    session.add(token)
    session.flush()
    record(session, at=now, who=who, action="make-token", token=token.id, person=person.login)
    return token, secret


def find_token(session: Session, secret: str, *, now: datetime) -> ApiToken | None:
    """The living token, with its person; None where there is none, or the person may not come in."""
    found = session.scalar(
        select(ApiToken).where(ApiToken.token_sha256 == digest(secret)).options(joinedload(ApiToken.person))
    )
    if found is None or found.revoked_at is not None or not found.person.is_active:
        return None
    if found.expires_at is not None and now >= found.expires_at:
        return None
    return found


def is_to_be_marked(found: ApiToken, now: datetime) -> bool:
    """Whether the time it was last used has to be written again."""
    return found.used_at is None or now - found.used_at >= SEEN_EVERY


def mark_used(session: Session, token_id: int, now: datetime) -> None:
    """Say when it was last used."""
    found = session.get(ApiToken, token_id)
    if found is not None:
        found.used_at = now


def tokens_of(session: Session, person_id: int) -> list[ApiToken]:
    """Those that were not revoked, newest first."""
    return list(
        session.scalars(
            select(ApiToken)
            .where(ApiToken.person_id == person_id, ApiToken.revoked_at.is_(None))
            .order_by(ApiToken.id.desc())
        )
    )


def revoke_token(session: Session, token_id: int, *, person_id: int, now: datetime, who: str) -> None:
    """End a token, now.

    Args:
        session: a writing one.
        token_id: of it.
        person_id: whose it must be.
        now: with its zone.
        who: for the trail.

    Raises:
        NotFound: there is none, or it is another's.
    """
    token = session.get(ApiToken, token_id) if 0 < token_id <= LARGEST_NUMBER else None
    if token is None or token.person_id != person_id:
        raise NotFound(f"there is no token {token_id} of this person")
    if token.revoked_at is None:
        _revoke(session, token, session.get_one(Person, person_id), now=now, who=who)


def revoke_all(session: Session, person: Person, *, now: datetime, who: str) -> None:
    """End all of one person's."""
    for token in tokens_of(session, person.id):
        _revoke(session, token, person, now=now, who=who)


def _revoke(session: Session, token: ApiToken, person: Person, *, now: datetime, who: str) -> None:
    token.revoked_at = now
    record(session, at=now, who=who, action="revoke-token", token=token.id, person=person.login)


def _n_living(session: Session, person_id: int, now: datetime) -> int:
    living = (ApiToken.expires_at.is_(None)) | (ApiToken.expires_at > now)
    count = session.scalar(
        select(func.count())
        .select_from(ApiToken)
        .where(ApiToken.person_id == person_id, ApiToken.revoked_at.is_(None), living)
    )
    return count or 0
