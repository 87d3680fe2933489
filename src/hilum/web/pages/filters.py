"""The worklist's filter as an address, so that a list can be kept, sent, and gone back to.

Trap: a browser sends every empty field of a form, so what is empty does not matter; what cannot be is told by
its field's name and never left aside, lest a list show more than was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from hilum.records import RefusalCode
from hilum.web.deidentify import OLDEST_YEARS
from hilum.web.problems import InvalidRequest
from hilum.web.sight import Sight
from hilum.worklist.search import Sort, StudyFilter
from hilum.worklist.states import Opinion, Origin, State
from hilum.worklist.verdicts import RESULTS

Word = TypeVar("Word", bound=StrEnum)
MOST_TEXT = 100  # characters searched for
REFUSALS = tuple(code for code in RefusalCode if code is not RefusalCode.FAILED)  # a fault is no refusal
OF_SCORES = frozenset({Sort.HIGHEST, Sort.LOWEST})
YES_NO = {"yes": True, "no": False}
# The fields of an address that are part of the filter; what else it holds is of the page alone.
FIELDS = (
    "q", "state", "flag", "score", "refusal", "site", "origin", "from", "to", "age_from", "age_to",
    "score_from", "score_to", "opinion", "verdict", "test", "upload", "patient", "sort",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listing:
    """A filter, an order, and the address that asks for them."""

    wanted: StudyFilter
    sort: Sort
    fields: tuple[tuple[str, str], ...]  # name and value, as in the address, the empty ones left out

    @property
    def query(self) -> str:
        """For an address, without "?"."""
        return urlencode(self.fields)

    def with_fields(self, **changes: str | list[str] | None) -> str:
        """The query with some fields set to other values, or, by None, left out."""
        kept = [(name, value) for name, value in self.fields if name not in changes]
        for name, change in changes.items():
            values = [change] if isinstance(change, str) else change or []
            kept += [(name, value) for value in values]
        return urlencode(kept)

    def of(self, name: str) -> list[str]:
        """The values of a field, for the form."""
        return [value for field, value in self.fields if field == name]

    def first(self, name: str) -> str:
        return next(iter(self.of(name)), "")

    @property
    def n_narrowing(self) -> int:
        """How many fields narrow the list, beyond the search, the tab, and the order."""
        return len({name for name, _ in self.fields} - {"q", "state", "verdict", "score", "sort"})

    def as_seen(self, sight: Sight) -> Listing:
        """As far as a visitor may know what it asks for."""
        listing = self if sight.has_identity else self.without_identity()
        return listing.blinded() if sight.is_blind else listing

    def without_identity(self) -> Listing:
        """The same for who may not know patients: a text is a study number, ages from 90 are one."""
        low, high = self.wanted.age_from, self.wanted.age_to
        wanted = replace(
            self.wanted,
            by_identity=False,
            patient_key=None,
            age_from=None if low is None else min(low, OLDEST_YEARS),
            age_to=math.inf if high is not None and high >= OLDEST_YEARS else high,
        )
        fields = tuple((name, value) for name, value in self.fields if name != "patient")
        return Listing(wanted, self.sort, fields)

    def blinded(self) -> Listing:
        """The same without what tells of scores or of others' verdicts, for who must not know them yet."""
        told = ("flag", "score_from", "score_to", "refusal", "opinion")
        sort = Sort.OLDEST if self.sort in OF_SCORES else self.sort
        wanted = replace(
            self.wanted, is_flagged=None, score_from=None, score_to=None, opinions=(),
            refusal_codes=REFUSALS if self.first("score") else (),
        )  # fmt: skip
        fields = tuple(
            (name, str(sort) if name == "sort" else value) for name, value in self.fields if name not in told
        )
        return Listing(wanted, sort, fields)


def read_listing(params: QueryParams, *, default_sort: Sort) -> Listing:
    """The listing that an address asks for.

    Args:
        params: whatever a browser or a person wrote.
        default_sort: where it names none.

    Raises:
        InvalidRequest: names the field that cannot be.
    """
    fields = tuple(
        (name, value.strip()) for name, value in params.multi_items() if name in FIELDS and value.strip()
    )
    told = Listing(StudyFilter(), default_sort, fields)
    wanted = StudyFilter(
        text=told.first("q")[:MOST_TEXT],
        states=_words(told, "state", State),
        is_flagged=_yes_no(told, "flag"),
        refusal_codes=_refusals(told),
        sites=tuple(told.of("site")),
        origins=_words(told, "origin", Origin),
        received_from=_one(told, "from", date.fromisoformat),
        received_to=_one(told, "to", date.fromisoformat),
        age_from=_one(told, "age_from", _number),
        age_to=_one(told, "age_to", _number),
        score_from=_one(told, "score_from", _number),
        score_to=_one(told, "score_to", _number),
        opinions=_words(told, "opinion", Opinion),
        has_opinion=_yes_no(told, "verdict"),
        test_results=_results(told),
        upload_id=_one(told, "upload", _key),
        patient_key=_one(told, "patient", _key),
    )
    return Listing(wanted, _one(told, "sort", Sort) or default_sort, fields)


def _words(told: Listing, name: str, words: type[Word]) -> tuple[Word, ...]:
    known = {str(word): word for word in words}
    if unknown := [value for value in told.of(name) if value not in known]:
        raise InvalidRequest(f"{name}: {unknown[0][:40]!r} is not one of {', '.join(known)}")
    return tuple(known[value] for value in told.of(name))


def _refusals(told: Listing) -> tuple[RefusalCode, ...]:
    """The reasons that are asked for, or every one where studies without a score are."""
    if told.first("score") not in ("", "none"):
        raise InvalidRequest("score: none, or nothing")
    named = _words(told, "refusal", RefusalCode)
    return named or (REFUSALS if told.first("score") else ())


def _yes_no(told: Listing, name: str) -> bool | None:
    value = told.first(name)
    if value and value not in YES_NO:
        raise InvalidRequest(f"{name}: yes or no, or nothing")
    return YES_NO.get(value)


def _results(told: Listing) -> tuple[str, ...]:
    if any(value not in RESULTS for value in told.of("test")):
        raise InvalidRequest(f"test: one of {', '.join(RESULTS)}")
    return tuple(told.of("test"))


def _one(told: Listing, name: str, kind: Callable[[str], Any]) -> Any:
    value = told.first(name)
    if not value:
        return None
    try:
        return kind(value)
    except (ValueError, OverflowError):
        raise InvalidRequest(f"{name}: {value[:40]!r} cannot be") from None


def _number(value: str) -> float:
    number = float(value.replace(",", "."))
    if not 0 <= number <= 1000:  # refuses what is not a number too
        raise ValueError("out of range")
    return number


def _key(value: str) -> int:
    number = int(value)
    if not 0 < number < 2**31:
        raise ValueError("out of range")
    return number
