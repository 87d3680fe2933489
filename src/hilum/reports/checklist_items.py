"""Reporting checklists as tables: every item, what a run knows of it, and what a person must still write.

The items are data (`checklists/*.toml`), each with the topics that a run may know of it.
Trap: a run that knows a part of an item must not seem to have answered it; only an item that says so in its
file counts as answered, and only when every topic of it is known.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as package_files
from typing import Any

from hilum.errors import NameUnknown
from hilum.reports.document import Paragraph, Section, Table

CHECKLISTS = ("claim-2024", "tripod-ai-2024", "stard-ai-2025")
OPEN = "\N{BALLOT BOX} TO BE FILLED BY A PERSON"
IN_PART = "\N{BALLOT BOX} TO BE COMPLETED BY A PERSON"


@dataclass(frozen=True, slots=True)
class Told:
    """What a run knows of one topic, and from where."""

    text: str  # a sentence or two
    source: str  # file and key, or command
    is_part: bool = False  # more may be asked of it than is known


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a checklist."""

    number: str  # as published: "9", "12a"
    section: str
    text: str  # in our own words
    topics: tuple[str, ...] = ()  # what a run may know of it
    is_answered: bool = False  # by its topics, when all of them are known


@dataclass(frozen=True, slots=True)
class Checklist:
    """One reporting guideline."""

    name: str
    title: str
    citation: str
    verified: str  # what its items were compared with
    items: tuple[Item, ...]


@cache
def read_checklist(name: str) -> Checklist:
    """One of `CHECKLISTS`.

    Raises:
        NameUnknown: there is none of that name.
    """
    if name not in CHECKLISTS:
        raise NameUnknown(f"no checklist is called {name!r}; there are {', '.join(CHECKLISTS)}")
    place = package_files("hilum.reports") / "checklists" / f"{name}.toml"
    table = tomllib.loads(place.read_text(encoding="utf-8"))
    return Checklist(
        name=table["name"],
        title=table["title"],
        citation=table["citation"],
        verified=table["verified"],
        items=tuple(_item(entry) for entry in table["items"]),
    )


def checklist_section(name: str, known: Mapping[str, Told], *, starts_page: bool = True) -> Section:
    """The checklist as a part of an appendix: what it is, how much is filled, and the table.

    Args:
        name: one of `CHECKLISTS`.
        known: what the run knows, by topic, as `hilum.reports.checklist` gathers it.
        starts_page: in print.

    Raises:
        NameUnknown: there is no checklist of that name.
    """
    checklist = read_checklist(name)
    states = [_state(item, known) for item in checklist.items]
    n_filled, n_part, n_open = (states.count(state) for state in ("", IN_PART, OPEN))
    return Section(
        checklist.name,
        (
            Paragraph(f"{checklist.title}. {checklist.citation}"),
            Paragraph(
                f"Of {len(states)} rows {n_filled} are filled from the files named beside them, {n_part} in "
                f"part, and {n_open} are open. What is marked in capitals a person must write; nothing is "
                "guessed.",
                look="note",
            ),
            checklist_table(checklist, known),
            Paragraph(f"Items are in our own short words; the publication rules. {checklist.verified}"),
        ),
        starts_page=starts_page,
        level=2,
    )


def checklist_table(checklist: Checklist, known: Mapping[str, Told]) -> Table:
    """A row an item: its number, what it asks for, the answer as far as known, and where that is from."""
    return Table(
        ("Item", "Part", "What is asked for", "Answer", "From"),
        tuple(_row(item, known) for item in checklist.items),
        caption=f"{checklist.name}, {len(checklist.items)} rows",
    )


def _row(item: Item, known: Mapping[str, Told]) -> tuple[str, ...]:
    told = [known[topic] for topic in item.topics if topic in known]
    sources = dict.fromkeys(one.source for one in told)
    answer = [" ".join(dict.fromkeys(_ended(one.text) for one in told)), _state(item, known)]
    return item.number, item.section, item.text, "\n".join(filter(None, answer)), "; ".join(sources)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _state(item: Item, known: Mapping[str, Told]) -> str:
    """Empty where the item is answered, else what is left for a person."""
    told = [known[topic] for topic in item.topics if topic in known]
    if not told:
        return OPEN
    is_whole = len(told) == len(item.topics) and not any(one.is_part for one in told)
    return "" if item.is_answered and is_whole else IN_PART


def _item(entry: Mapping[str, Any]) -> Item:
    return Item(
        number=entry["number"],
        section=entry["section"],
        text=entry["text"],
        topics=tuple(entry.get("topics", ())),
        is_answered=entry.get("is_answered", False),
    )
