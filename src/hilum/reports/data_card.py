"""The data card for people: the JSON of `hilum.data.card` as Markdown and HTML, with nothing added.

Trap: names and reasons come from files nobody vouches for, so Markdown is escaped as HTML is.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hilum.reports.page import render_page, write_whole

SHOWN = 200  # lines of one kind of problem in Markdown and HTML; the JSON has them all

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&])")  # what means something inside a line

Row = list[str]


def write_data_card(card: dict[str, Any], folder: Path) -> None:
    """Write data-card.md and data-card.html.

    Raises:
        OutputRefused: the folder cannot be written to.
    """
    write_whole(folder / "data-card.md", data_card_markdown(card))
    write_whole(folder / "data-card.html", data_card_page(card))


def data_card_page(card: dict[str, Any]) -> str:
    """The card as one HTML page that stands alone."""
    return render_page(
        "data_card.html",
        title=f"Data card: {card['source']['name']}",
        card=card,
        facts=card_facts(card),
        tables=card_tables(card),
        problems=card_problems(card),
    )


def data_card_markdown(card: dict[str, Any]) -> str:
    """The card as Markdown, a sentence or a row a line."""
    lines = [f"# Data card: {_escape(card['source']['name'])}", ""]
    lines += _table(["what", "value"], [list(fact) for fact in card_facts(card)])
    for title, head, rows in card_tables(card):
        lines += [f"## {title}", "", *(_table(head, rows) if rows else ["None.", ""])]
    lines += ["## Known traps", "", *(f"- {_escape(trap)}" for trap in card["source"]["traps"]), ""]
    for kind, n, rows in card_problems(card):
        lines += [f"## {kind.capitalize()}: {n}", ""]
        lines += _table(["name", "reason"], rows) if rows else ["None.", ""]
        lines += [f"{n - len(rows)} more are in data-card.json.", ""] if n > len(rows) else []
    return "\n".join(lines).rstrip() + "\n"


def card_facts(card: dict[str, Any]) -> list[tuple[str, str]]:
    """The single values, each with its name."""
    source, readings = card["source"], card["readings"]
    expected = f" of {card['n_expected']} in the complete set" if card["n_expected"] else ""
    return [
        ("Dataset", source["title"]),
        ("Licence", source["licence"]),
        ("Citation", source["citation"]),
        ("Labels", source["label_origin"]),
        ("Films", f"{card['n_films']}{expected}"),
        ("Patients", str(card["n_patients"])),
        ("Films with lung masks", str(card["n_with_lung_masks"])),
        ("Readings", ", ".join(f"{state}: {n}" for state, n in readings.items())),
        ("Files passed over", str(card["n_ignored_files"])),
        ("SHA-256 of all films", card["films_sha256"]),
        ("Imported from", card["origin"]["path"]),
        ("Hilum", card["hilum_version"]),
    ]


def card_tables(card: dict[str, Any]) -> list[tuple[str, Row, list[Row]]]:
    """(title, column names, rows) of each table."""
    tables: list[tuple[str, str, list[str]]] = [
        (
            "Films by dataset, site, and label",
            "labels",
            ["dataset", "site", "label", "n_films", "n_patients"],
        ),
        ("Films by site, label, sex, and age in years", "counts", ["site", "label", "sex", "age_band", "n"]),
        ("Sizes in pixels", "sizes", ["site", "width", "height", "bit_depth", "n"]),
    ]
    drawn: list[tuple[str, Row, list[Row]]] = []
    for title, key, columns in tables:
        rows = [[str(row[column]) for column in columns] for row in card[key]]
        drawn.append((title, [_head(column) for column in columns], rows[:SHOWN]))
    ties = [[", ".join(tie)] for tie in card["patients_with_several_films"]]
    drawn.append(("Patients with several films", ["films"], ties[:SHOWN]))
    duplicates = card["duplicates"]
    head = list(duplicates[0]) if duplicates else []
    rows = [[str(pair[column]) for column in head] for pair in duplicates]
    drawn.append(("Films that are alike", [_head(column) for column in head], rows[:SHOWN]))
    return drawn


def card_problems(card: dict[str, Any]) -> list[tuple[str, int, list[Row]]]:
    """(kind, how many, the first of them as rows) of each kind of problem."""
    return [
        (kind, len(found), [[problem["name"], problem["reason"]] for problem in found[:SHOWN]])
        for kind, found in card["problems"].items()
    ]


def _head(column: str) -> str:
    """A column's name for people."""
    known = {"n": "films", "n_films": "films", "n_patients": "patients", "age_band": "age"}
    return known.get(column, column.removeprefix("is_").replace("_", " "))


def _table(head: Row, rows: list[Row]) -> list[str]:
    lines = [f"| {' | '.join(map(_escape, head))} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(map(_escape, row))} |" for row in rows), ""]


def _escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
