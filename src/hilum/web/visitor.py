"""Who is asking: the visitor that `gatekeeper` has found, and the dependencies that endpoints ask for.

Trap: an endpoint that asks for no right is open to everyone who has logged in; name one with `require`.
The dependencies are coroutines that wait for nothing, because FastAPI gives a plain function to a thread, and
each change of threads is a wait beside twenty uploads.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request

from hilum.web.problems import NotAllowed, NotLoggedIn
from hilum.web.rights import Right, may
from hilum.worklist.states import Role
from hilum.worklist.station import Station


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person, or a program, that has shown a session's cookie or a token."""

    person_id: int
    login: str  # what the audit trail calls them
    name: str
    role: Role
    language: str  # "" where they chose none
    csrf: str  # of the session; "" with a token, which needs none
    is_token: bool
    must_change_password: bool = False  # they may do nothing else first

    def may(self, right: Right) -> bool:
        return may(self.role, right)


def visitor_or_none(request: Request) -> Visitor | None:
    """Who is asking, where the page is open to all."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    return visitor


async def current_visitor(request: Request) -> Visitor:
    """Who is asking.

    Raises:
        NotLoggedIn: nobody that we know; 401, or the way to /login for a page.
    """
    visitor = visitor_or_none(request)
    if visitor is None:
        raise NotLoggedIn()
    return visitor


def require(*rights: Right) -> Callable[[Request], Awaitable[Visitor]]:
    """A dependency that gives the visitor, where they have every one of the rights.

    The dependency raises:
        NotLoggedIn: 401.
        NotAllowed: 403, naming the role.
    """

    async def visitor_with_rights(request: Request) -> Visitor:
        visitor = await current_visitor(request)
        for right in rights:
            if not visitor.may(right):
                raise NotAllowed(f"the role {visitor.role} does not have the right {right}")
        return visitor

    return visitor_with_rights


def station_of(request: Request) -> Station:
    """The station that this app serves."""
    station: Station = request.app.state.station
    return station


async def current_station(request: Request) -> Station:
    """`station_of` as a dependency."""
    return station_of(request)
