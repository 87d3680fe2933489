"""Tables of the PDF reports: columns that fit, rows that split over pages, and a header on each of them.

What is too wide is first set smaller, then the page is turned, and at last the columns are parted into
several tables that repeat the first column.
Trap: reportlab gives up on a row taller than a page unless rows may split, and a header never splits; a tall
header is therefore not repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable
from reportlab.platypus import Table as PlatypusTable

from hilum.reports.document import Table
from hilum.reports.document_pdf_type import (
    BOLD,
    CAPTION,
    CELL,
    INK,
    LINE,
    SOFT,
    UNDER,
    Prose,
    Type,
    broken_lines,
    longest_word,
    set_letters,
    text_width,
)
from hilum.reports.document_text import holds_figures

SIZES = (8.0, 7.4, 6.8)  # points; smaller is not read in print
GAP = 9.0  # points between columns
WORD_LIMIT = 96.0  # points at 8; a longer word (a hash, a path) is cut rather than given its own width
TALL_HEADER = 120.0  # points
NARROWEST = 26.0  # points of a column


@dataclass(frozen=True, slots=True)
class Setting:
    """How a table is set: its size of type and, table by table, which columns and how wide."""

    size: float
    parts: tuple[tuple[int, ...], ...]
    widths: tuple[tuple[float, ...], ...]


def fits(table: Table, width: float) -> bool:
    """Whether the table can be set in one piece in `width` points at a readable size."""
    return any(sum(_floors(table, size)) <= width for size in SIZES)


def build_setting(table: Table, width: float) -> Setting:
    """The largest type in which the table fits; where none does, its columns are parted."""
    size = next((size for size in SIZES if sum(_floors(table, size)) <= width), SIZES[-1])
    floors, naturals = _floors(table, size), _naturals(table, size)
    parts = _parts(floors, width)
    widths = tuple(
        _widths([floors[column] for column in part], [naturals[column] for column in part], width)
        for part in parts
    )
    return Setting(size, parts, widths)


def table_flowables(table: Table, caption: str, width: float) -> list[Flowable]:
    """The table with its caption above and its note below."""
    setting = build_setting(table, width)
    drawn: list[Flowable] = []
    for number, (part, widths) in enumerate(zip(setting.parts, setting.widths, strict=True)):
        drawn.append(CondPageBreak(96))  # caption, header, and the first rows stay together
        words = _part_caption(caption, number, setting)
        drawn += [Prose(words, CAPTION)] if words else []
        drawn.append(_grid(table, part, widths, setting.size))
    drawn.append(Prose(table.note, UNDER) if table.note else Prose("", replace(UNDER, leading=4)))
    return drawn


def _part_caption(caption: str, number: int, setting: Setting) -> str:
    if len(setting.parts) == 1:
        return caption
    where = f"part {number + 1} of {len(setting.parts)}"
    return f"{caption} ({where})" if caption else where.capitalize()


def _cells(table: Table, column: int) -> list[str]:
    return [table.columns[column], *(row[column] for row in table.rows)]


def _floors(table: Table, size: float) -> list[float]:
    """Least width of each column, in points: its longest word, up to a limit."""
    kind, head = CELL.smaller(size), replace(CELL.smaller(size), font=BOLD)
    limit = WORD_LIMIT * size / SIZES[0]
    return [
        max(
            NARROWEST,
            min(limit, max(longest_word(cell, kind) for cell in _cells(table, column))) + GAP,
            min(limit, longest_word(table.columns[column], head)) + GAP,
        )
        for column in range(len(table.columns))
    ]


def _naturals(table: Table, size: float) -> list[float]:
    """Width of each column with every cell on one line."""
    head = text_width
    return [
        max(
            NARROWEST,
            max(text_width(cell, CELL.font, size) for cell in _lines(table, column)) + GAP,
            head(table.columns[column], BOLD, size) + GAP,
        )
        for column in range(len(table.columns))
    ]


def _lines(table: Table, column: int) -> list[str]:
    return [line for cell in _cells(table, column) for line in (cell.split("\n") or [""])]


def _parts(floors: Sequence[float], width: float) -> tuple[tuple[int, ...], ...]:
    """Columns by table; the first column is in each."""
    if sum(floors) <= width:
        return (tuple(range(len(floors))),)
    parts: list[list[int]] = [[0]]
    for column in range(1, len(floors)):
        used = sum(floors[one] for one in parts[-1])
        if used + floors[column] > width and len(parts[-1]) > 1:
            parts.append([0])
        parts[-1].append(column)
    return tuple(tuple(part) for part in parts)


def _widths(floors: Sequence[float], naturals: Sequence[float], width: float) -> tuple[float, ...]:
    """Each column's width: natural where all fit, else what is over shared by what each would like."""
    if sum(naturals) <= width:
        spare = min((width - sum(naturals)) / max(len(naturals), 1), 24.0)  # not stretched out of reach
        return tuple(natural + spare for natural in naturals)
    scale = min(1.0, width / sum(floors))
    held = [floor * scale for floor in floors]
    wishes = [max(natural - floor, 0.0) for natural, floor in zip(naturals, held, strict=True)]
    over = width - sum(held)
    shares = _shared(wishes, over)
    return tuple(floor + share for floor, share in zip(held, shares, strict=True))


def _shared(wishes: Sequence[float], over: float) -> list[float]:
    """`over` points shared so that short wishes are met whole and the long ones share the rest alike."""
    shares = [0.0] * len(wishes)
    left = over
    for n_open, column in zip(
        range(len(wishes), 0, -1), sorted(range(len(wishes)), key=wishes.__getitem__), strict=True
    ):
        shares[column] = min(wishes[column], left / n_open)
        left -= shares[column]
    return shares


def _grid(table: Table, part: Sequence[int], widths: Sequence[float], size: float) -> Flowable:
    sides = ["right" if holds_figures(table, column) else "left" for column in part]
    kinds = [replace(CELL.smaller(size), side=side) for side in sides]
    heads = [replace(kind, font=BOLD, colour=SOFT) for kind in kinds]
    header = [[Prose(table.columns[column], kind)] for column, kind in zip(part, heads, strict=True)]
    rows = [
        [[Prose(row[column], kind)] for column, kind in zip(part, kinds, strict=True)] for row in table.rows
    ]
    if not rows:
        rows = [[[Prose("No rows.", kinds[0])], *([Prose("", kind)] for kind in kinds[1:])]]
    grid = PlatypusTable(
        [header, *rows],
        colWidths=list(widths),
        repeatRows=0 if _header_height(table, part, widths, size) > TALL_HEADER else 1,
        splitInRow=1,
        hAlign="LEFT",
        style=_lines_style(),
    )
    return grid  # type: ignore[no-any-return]


def _header_height(table: Table, part: Sequence[int], widths: Sequence[float], size: float) -> float:
    kind = replace(CELL.smaller(size), font=BOLD)
    n_lines = [
        len(broken_lines(set_letters(table.columns[column], BOLD), kind, width - GAP))
        for column, width in zip(part, widths, strict=True)
    ]
    return max(n_lines) * kind.leading


def _lines_style() -> list[tuple[Any, ...]]:
    return [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), GAP),
        ("TOPPADDING", (0, 0), (-1, -1), 2.4),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ("LINEABOVE", (0, 0), (-1, 0), 0.9, INK),
        ("LINEBELOW", (0, 0), (-1, 0), 0.9, INK),
        ("LINEBELOW", (0, 1), (-1, -2), 0.35, LINE),
        ("LINEBELOW", (0, -1), (-1, -1), 0.9, INK),
    ]
