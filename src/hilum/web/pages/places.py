"""Where a visitor may go: the links of the bar, by right, and the roles' names.

Trap: a link that is left out keeps nobody away; the endpoint's own `require` does.
"""

from __future__ import annotations

from dataclasses import dataclass

from hilum.web.rights import Right
from hilum.web.translation import N_
from hilum.web.visitor import Visitor
from hilum.worklist.states import Role


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the bar."""

    path: str
    name: str  # to be translated
    right: Right


PLACES = (
    Place("/upload", N_("Add films"), Right.UPLOAD),
    Place("/worklist", N_("Worklist"), Right.SEE_STUDIES),
    Place("/programme", N_("Programme"), Right.SEE_PROGRAMME),
    Place("/settings", N_("Settings"), Right.SET_STATION),
    Place("/people", N_("People"), Right.MANAGE_PEOPLE),
)
ROLE_NAMES = {
    Role.RADIOGRAPHER: N_("Radiographer"),
    Role.READER: N_("Reader"),
    Role.MANAGER: N_("Manager"),
    Role.ADMINISTRATOR: N_("Administrator"),
    Role.SERVICE: N_("Service account"),
}


def places(visitor: Visitor) -> list[Place]:
    """In the order of the bar."""
    return [place for place in PLACES if visitor.may(place.right)]


def home(visitor: Visitor) -> str:
    """Where a log-in leads: a reader to the worklist, who brings films to where they go."""
    if visitor.role is Role.RADIOGRAPHER:
        return "/upload"
    return "/worklist" if visitor.may(Right.SEE_STUDIES) else "/account"
