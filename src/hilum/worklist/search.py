"""Finding studies: filters, sorts, pages, and counts, quick with 100,000 studies on a small machine.

A page is found by the last row of the one before it (keyset), so that page 900 costs what page 1 does and a
study that arrives meanwhile moves none to another page. Trap: text is looked for inside names and
identifiers, which no index helps; it scans the narrow patient table alone, and the rest of a search goes by
index.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, false, func, select, tuple_, union
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from hilum.errors import FilterInvalid
from hilum.worklist.states import Opinion, Origin, State
from hilum.worklist.tables import Patient, Study
from hilum.worklist.wording import as_line, folded

LARGEST_NUMBER = 2**31 - 1  # of a study: PostgreSQL's integer
LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class StudyFilter:
    """Which studies; what is left at its default does not matter."""

    text: str = ""  # in a patient's name or ID, the start of an accession number, or the study number
    by_identity: bool = True  # False: the text is a study number and nothing else
    states: Collection[State] = ()
    is_flagged: bool | None = None
    refusal_codes: Collection[str] = ()
    sites: Collection[str] = ()
    origins: Collection[Origin] = ()
    received_from: date | None = None  # UTC, both days included
    received_to: date | None = None
    age_from: float | None = None  # years, both included; a study of unknown age is in neither
    age_to: float | None = None
    score_from: float | None = None  # 0-100, both included
    score_to: float | None = None
    opinions: Collection[Opinion] = ()
    has_opinion: bool | None = None
    test_results: Collection[str] = ()
    upload_id: int | None = None
    patient_key: int | None = None


class Sort(StrEnum):
    """The order of a list."""

    NEWEST = "newest"
    OLDEST = "oldest"
    HIGHEST = "highest"
    """The highest score first; studies without a score come last, the newest of them first."""
    LOWEST = "lowest"
    """The lowest score first; studies without a score come before them."""
    PRIORITY = "priority"
    """By the site's rule, and then the oldest first."""


@dataclass(frozen=True, slots=True)
class StudyPage:
    """Some studies in order, with their patients loaded, and how to ask for those after them."""

    studies: tuple[Study, ...]
    after: str | None  # for the next page; None: this is the last


@dataclass(frozen=True, slots=True)
class Group:
    """How many studies are alike in these."""

    state: State
    has_opinion: bool
    refusal_code: str | None
    n: int


Row = TypeVarTuple("Row")
Key = tuple[InstrumentedAttribute[Any], ...]
_KEYS: dict[Sort, tuple[Key, bool]] = {  # columns, and whether they fall
    Sort.NEWEST: ((Study.received_at, Study.id), True),
    Sort.OLDEST: ((Study.received_at, Study.id), False),
    Sort.HIGHEST: ((Study.score_rank, Study.id), True),
    Sort.LOWEST: ((Study.score_rank, Study.id), False),
    Sort.PRIORITY: ((Study.queue_rank, Study.received_at, Study.id), False),
}


def find_studies(
    session: Session, wanted: StudyFilter, sort: Sort, *, after: str | None = None, limit: int = 50
) -> StudyPage:
    """One page of the studies that a filter lets through.

    Args:
        session: a reading one.
        wanted: the filter.
        sort: the order.
        after: the `after` of the page before, of the same filter and order; None for the first.
        limit: studies, 1 to 1,000.

    Raises:
        FilterInvalid: `after` is none of ours.
    """
    limit = min(max(limit, 1), LARGEST_PAGE)
    columns, is_falling = _KEYS[sort]
    query = _filtered(select(Study), wanted).options(joinedload(Study.patient)).limit(limit + 1)
    if after is not None:
        place = _place(after, sort)
        query = query.where(tuple_(*columns) < place if is_falling else tuple_(*columns) > place)
    query = query.order_by(*(column.desc() if is_falling else column for column in columns))
    found = session.scalars(query).all()
    is_last = len(found) <= limit
    return StudyPage(tuple(found[:limit]), None if is_last else _cursor(found[limit - 1], sort))


def count_by_state(session: Session, wanted: StudyFilter = StudyFilter()) -> dict[State, int]:  # noqa: B008
    """How many studies of each state a filter lets through, its own states left aside; every state is in."""
    found = dict.fromkeys(State, 0)
    for group in count_groups(session, wanted):
        found[group.state] += group.n
    return found


def count_groups(session: Session, wanted: StudyFilter) -> tuple[Group, ...]:
    """The studies that a filter lets through by what lists tell them apart by; its own states are left aside.

    One question for all tabs of a list, whose groups an index holds in order.
    """
    columns = (Study.state, Study.opinion, Study.refusal_code)
    query = _filtered(select(*columns, func.count()), wanted, by_state=False).group_by(*columns)
    return tuple(
        Group(state, opinion is not None, code, n) for state, opinion, code, n in session.execute(query)
    )


def study(session: Session, study_id: int) -> Study | None:
    """A study with its patient, films, readings, verdicts, tests, and deliveries; None: no such study."""
    if not 0 < study_id <= LARGEST_NUMBER:
        return None
    return session.scalar(_whole(select(Study).where(Study.id == study_id)))


def study_by_uid(session: Session, study_uid: str) -> Study | None:
    """The same, by its Study Instance UID."""
    return session.scalar(_whole(select(Study).where(Study.study_uid == as_line(study_uid, 65))))


def earlier_studies(session: Session, study: Study, *, limit: int = 20) -> Sequence[Study]:
    """The patient's other studies, the newest first, with their films; none where no patient is known."""
    if study.patient_key is None:
        return ()
    return session.scalars(
        select(Study)
        .where(Study.patient_key == study.patient_key, Study.id != study.id)
        .options(selectinload(Study.films), selectinload(Study.readings))
        .order_by(Study.received_at.desc(), Study.id.desc())
        .limit(limit)
    ).all()


def neighbours(
    session: Session, study: Study, wanted: StudyFilter, sort: Sort
) -> tuple[int | None, int | None]:
    """The numbers of the studies before and after one in a list, whether or not it is still in the list."""
    columns, is_falling = _KEYS[sort]
    place = tuple(getattr(study, column.key) for column in columns)

    def nearest(*, is_after: bool) -> int | None:
        is_rising = is_after != is_falling
        query = _filtered(select(Study.id), wanted)
        query = query.where(tuple_(*columns) > place if is_rising else tuple_(*columns) < place)
        return session.scalar(
            query.order_by(*(column if is_rising else column.desc() for column in columns)).limit(1)
        )

    return nearest(is_after=False), nearest(is_after=True)


def sites(session: Session) -> Sequence[str]:
    """Every site that a study came from, in order."""
    # One look into the index a site, where DISTINCT reads a row a study.
    found = select(func.min(Study.site).label("site")).where(Study.site != "").cte("found", recursive=True)
    following = select(func.min(Study.site)).where(Study.site > found.c.site).scalar_subquery()
    found = found.union_all(select(following).where(found.c.site.is_not(None)))
    return session.scalars(select(found.c.site).where(found.c.site.is_not(None))).all()


def _whole(query: Select[Study]) -> Select[Study]:
    return query.options(
        joinedload(Study.patient),
        selectinload(Study.films),
        selectinload(Study.readings),
        selectinload(Study.verdicts),
        selectinload(Study.test_results),
        selectinload(Study.deliveries),
    )


def _filtered(query: Select[*Row], wanted: StudyFilter, *, by_state: bool = True) -> Select[*Row]:
    conditions = [*_equal(wanted), *_within(wanted)]
    if wanted.states and by_state:
        conditions.append(Study.state.in_(wanted.states))
    if wanted.text.strip():
        conditions.append(_holds(wanted.text) if wanted.by_identity else _numbered(wanted.text))
    return query.where(*conditions)


def _equal(wanted: StudyFilter) -> list[ColumnElement[bool]]:
    several: dict[InstrumentedAttribute[Any], Collection[Any]] = {
        Study.refusal_code: wanted.refusal_codes,
        Study.site: wanted.sites,
        Study.origin: wanted.origins,
        Study.opinion: wanted.opinions,
        Study.test_result: wanted.test_results,
    }
    one: dict[InstrumentedAttribute[Any], Any] = {
        Study.is_flagged: wanted.is_flagged,
        Study.upload_id: wanted.upload_id,
        Study.patient_key: wanted.patient_key,
    }
    conditions: list[ColumnElement[bool]] = [
        column.in_(values) for column, values in several.items() if values
    ]
    conditions += [column == value for column, value in one.items() if value is not None]
    if wanted.has_opinion is not None:
        conditions.append(Study.opinion.is_not(None) if wanted.has_opinion else Study.opinion.is_(None))
    return conditions


def _within(wanted: StudyFilter) -> list[ColumnElement[bool]]:
    low = {
        Study.received_at: _midnight(wanted.received_from),
        Study.age_years: wanted.age_from,
        Study.score: wanted.score_from,
    }
    high = {Study.age_years: wanted.age_to, Study.score: wanted.score_to}
    conditions: list[ColumnElement[bool]] = [column >= end for column, end in low.items() if end is not None]
    conditions += [column <= end for column, end in high.items() if end is not None]
    last = _midnight(wanted.received_to)
    if last is not None and last.date() < date.max:
        conditions.append(Study.received_at < last + timedelta(days=1))
    return conditions


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _holds(text: str) -> ColumnElement[bool]:
    """Every word in the patient's name or ID, or the text at the start of the accession or as the number."""
    words = folded(text).split()
    named = select(Patient.id).where(*(Patient.folded.contains(word, autoescape=True) for word in words))
    # As numbers from three indexes: an OR would have SQLite scan the patients once for each way in.
    return Study.id.in_(
        union(
            select(Study.id).where(Study.patient_key.in_(named)),
            select(Study.id).where(_starts(Study.accession, as_line(text, 64))),
            select(Study.id).where(_numbered(text)),
        )
    )


def _numbered(text: str) -> ColumnElement[bool]:
    """The study that has the text as its number, if it is one."""
    line = as_line(text, 64)
    is_number = line.isascii() and line.isdecimal() and int(line) <= LARGEST_NUMBER
    return Study.id == int(line) if is_number else false()


def _starts(column: InstrumentedAttribute[str], line: str) -> ColumnElement[bool]:
    """Whether a column begins so, letter case included, as a range that its index serves."""
    return and_(column >= line, column < line + "\U0010ffff")


def _cursor(last: Study, sort: Sort) -> str:
    columns, _ = _KEYS[sort]
    values = [getattr(last, column.key) for column in columns]
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps([sort, *plain]).encode()).decode().rstrip("=")


def _place(after: str, sort: Sort) -> tuple[Any, ...]:
    columns, _ = _KEYS[sort]
    try:
        padded = after.encode("ascii") + b"=" * (-len(after) % 4)
        named, *values = json.loads(base64.urlsafe_b64decode(padded))
        if named != sort or len(values) != len(columns):
            raise ValueError("of another order")
        return tuple(_value(column, value) for column, value in zip(columns, values, strict=True))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise FilterInvalid(
            "the page asked for is not one of this list; begin again from the first"
        ) from error


def _value(column: InstrumentedAttribute[Any], value: Any) -> Any:
    if column.key == "received_at":
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a time of no zone")
        return moment.astimezone(UTC)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST_NUMBER:
        raise ValueError("no number")
    return value
