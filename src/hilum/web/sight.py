"""What a visitor may see of a study: identity by role, and in blind mode no machine's word before their own.

Blind mode holds for whoever may give a verdict: score, flag, heat map, zones, and the order by score stay on
the server until that person has given one on that study. Trap: it must be asked for every way out of the
station, pages, pictures, tables, reports, and API alike; a page that hides by style hides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hilum.web.deidentify import OLDEST_YEARS
from hilum.web.rights import Right
from hilum.web.visitor import Visitor
from hilum.worklist.station_settings import read_choices
from hilum.worklist.tables import Verdict

MOST_IN_ONE_QUERY = 500


@dataclass(frozen=True, slots=True)
class Sight:
    """Of one visitor on some studies."""

    has_identity: bool
    is_blind: bool  # blind mode is on, and the visitor is one who reads
    read: frozenset[int]  # of the studies asked about, those that the visitor has given a verdict on

    def hides(self, study_id: int) -> bool:
        """Whether the machine's reading of this study must not be shown."""
        return self.is_blind and study_id not in self.read

    def age(self, years: float | None) -> float | None:
        """An age in years as it may be told: without identity, 90 for all who are older."""
        return years if years is None or self.has_identity else min(years, OLDEST_YEARS)


def sight(session: Session, visitor: Visitor, study_ids: Iterable[int] = ()) -> Sight:
    """Args: study_ids: that are about to be shown; one that is not among them counts as unread."""
    is_blind = visitor.may(Right.GIVE_VERDICT) and read_choices(session).is_blind
    return Sight(
        has_identity=visitor.may(Right.SEE_IDENTITY),
        is_blind=is_blind,
        read=_read(session, visitor.login, list(study_ids)) if is_blind else frozenset(),
    )


def _read(session: Session, login: str, study_ids: list[int]) -> frozenset[int]:
    found: set[int] = set()
    for start in range(0, len(study_ids), MOST_IN_ONE_QUERY):
        some = study_ids[start : start + MOST_IN_ONE_QUERY]
        found |= set(
            session.scalars(select(Verdict.study_id).where(Verdict.study_id.in_(some), Verdict.who == login))
        )
    return frozenset(found)
