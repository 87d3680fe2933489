"""People and service accounts: adding, changing, and letting go; one administrator always remains.

Traps: whatever takes a right away ends the person's sessions in the same transaction; and a password is
hashed before the transaction begins, because other writers wait while it lasts.
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hilum.errors import StateRefused
from hilum.web.accounts.sessions import end_sessions
from hilum.web.accounts.tokens import revoke_all
from hilum.web.problems import InvalidRequest, NotFound
from hilum.web.translation import N_
from hilum.worklist.audit import record
from hilum.worklist.search import LARGEST_NUMBER
from hilum.worklist.states import Role
from hilum.worklist.tables import Person

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
MOST_NAME = 128  # characters
BAD_LOGIN = N_(
    "A login has 1 to 64 of the letters a to z, digits, and . _ @ + -, and begins with a letter or a digit."
)
TAKEN = N_("This login is taken.")
BAD_NAME = N_("A name has at most 128 letters, all of them visible.")
STARTED = N_("This station has an administrator already. Log in.")
OTHER_KIND = N_("A person does not become a service account, nor the reverse. Add a new one.")
NO_PASSWORD = N_("A service account has no password. Make a token for it.")
LAST_ADMINISTRATOR = N_("This is the last administrator. Make another one first.")


def known_login(login: str) -> str:
    """The form in which logins are kept and compared."""
    return login.strip().casefold()


def add_person(
    session: Session, *, login: str, name: str, role: Role, password_hash: str | None, now: datetime
) -> Person:
    """A new person; a service account has no password.

    Raises:
        InvalidRequest: the login or the name cannot be taken, or the login is another's.
    """
    login, name = known_login(login), " ".join(name.split())
    if not LOGIN.fullmatch(login):
        raise InvalidRequest(BAD_LOGIN, "login")
    check_name(name)
    if session.scalar(select(Person.id).where(Person.login == login)) is not None:
        raise InvalidRequest(TAKEN, "login")
    person = Person(login=login, name=name, role=role, password_hash=password_hash, created_at=now)
    session.add(person)
    session.flush()
    return person


def check_name(name: str) -> None:
    """Refuse a name that a page or a log cannot show.

    Raises:
        InvalidRequest: it is too long, or holds marks that cannot be seen.
    """
    if len(name) > MOST_NAME or not name.isprintable():
        raise InvalidRequest(BAD_NAME, "name")


def has_administrator(session: Session) -> bool:
    """Whether first start is over."""
    return session.scalar(select(Person.id).where(Person.role == Role.ADMINISTRATOR).limit(1)) is not None


def first_administrator(
    session: Session, *, login: str, name: str, password_hash: str, now: datetime
) -> Person:
    """Make the first administrator.

    Raises:
        InvalidRequest: login or name cannot be taken.
        StateRefused: there is an administrator already.
    """
    lock_people(session)
    if has_administrator(session):
        raise StateRefused(STARTED)
    person = add_person(
        session, login=login, name=name, role=Role.ADMINISTRATOR, password_hash=password_hash, now=now
    )
    record(session, at=now, who=person.login, action="first-start", person=person.login)
    return person


def person_of(session: Session, person_id: int) -> Person:
    """Raises NotFound where there is none."""
    person = session.get(Person, person_id) if 0 < person_id <= LARGEST_NUMBER else None
    if person is None:
        raise NotFound(f"there is no person {person_id}")
    return person


def change_role(session: Session, person: Person, role: Role, *, now: datetime, who: str) -> None:
    """Give another role and end all sessions; people and programs do not become one another.

    Raises:
        InvalidRequest: a service account would become a person, or a person one.
        StateRefused: the last administrator would be gone.
    """
    if person.role is role:
        return
    if Role.SERVICE in (person.role, role):
        raise InvalidRequest(OTHER_KIND, "role")
    _keep_one_administrator(session, person)
    before, person.role = person.role, role
    end_sessions(session, person.id)
    record(session, at=now, who=who, action="change-role", person=person.login,
           before_role=str(before), after_role=str(role))  # fmt: skip


def deactivate(session: Session, person: Person, *, now: datetime, who: str) -> None:
    """Keep a person out: sessions end and tokens are revoked; what they did stays in the trail.

    Raises:
        StateRefused: it is the last administrator.
    """
    if not person.is_active:
        return
    _keep_one_administrator(session, person)
    person.is_active = False
    end_sessions(session, person.id)
    revoke_all(session, person, now=now, who=who)
    record(session, at=now, who=who, action="deactivate", person=person.login)


def activate(session: Session, person: Person, *, now: datetime, who: str) -> None:
    """Let a person in again; their tokens stay revoked."""
    if not person.is_active:
        person.is_active = True
        record(session, at=now, who=who, action="activate", person=person.login)


def reset_password(session: Session, person: Person, password_hash: str, *, now: datetime, who: str) -> None:
    """Set a password that its owner must change at their next log-in, and end all their sessions.

    Raises:
        InvalidRequest: a service account has none.
    """
    if person.role is Role.SERVICE:
        raise InvalidRequest(NO_PASSWORD)
    person.password_hash = password_hash
    person.must_change_password = True
    end_sessions(session, person.id)
    record(session, at=now, who=who, action="reset-password", person=person.login)


def change_own_password(session: Session, person: Person, password_hash: str, *, now: datetime) -> None:
    """Take the person's own new password and end all their sessions; the caller has checked old and new."""
    person.password_hash = password_hash
    person.must_change_password = False
    end_sessions(session, person.id)
    record(session, at=now, who=person.login, action="change-password", person=person.login)


def lock_people(session: Session) -> None:
    """Let no other transaction change people until this one ends; SQLite's writers are alone already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE person IN SHARE ROW EXCLUSIVE MODE"))


def _keep_one_administrator(session: Session, person: Person) -> None:
    if person.role is not Role.ADMINISTRATOR or not person.is_active:
        return
    lock_people(session)
    others = session.scalar(
        select(func.count())
        .select_from(Person)
        .where(Person.role == Role.ADMINISTRATOR, Person.is_active, Person.id != person.id)
    )
    if not others:
        raise StateRefused(LAST_ADMINISTRATOR)
