"""Tables of the PDF reports: columns that fit, rows that split over pages, and a header on each of them.

What is too wide is first set smaller, then the page is turned, and at last the columns are parted into
several tables that repeat the first column.
Trap: reportlab gives up where a repeated header leaves no room for a row, so a tall header is not repeated.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from reportlab.platypus import CondPageBreak, Flowable, Spacer
from reportlab.platypus import Table as PlatypusTable

from hilum.reports.document import Table
from hilum.reports.document_pdf_prose import Prose
from hilum.reports.document_pdf_rows import TALLEST, parted_row, row_height
from hilum.reports.document_pdf_type import (
    BOLD,
    CAPTION,
    CELL,
    GLUE,
    INK,
    LINE,
    SOFT,
    UNDER,
    longest_word,
    set_letters,
    text_width,
)
from hilum.reports.document_text import holds_figures

SIZES = (8.0, 7.4, 6.8)  # points; smaller is not read in print
GAP = 9.0  # points between columns
LONGEST_WORD = 12.0  # times the size of type; a longer word (a hash, a path) is cut, not given its own width
NARROWEST = 26.0  # points of a column
MOST_SPARE = 24.0  # points by which a column is widened, so that a row is still read across
TALL_HEADER = 120.0  # points
FIRST_ROWS = 96.0  # points; caption, header, and the first rows stay together

_INTERVAL = re.compile(r"[(\[][\d.,%\s+-]+(?:to|–)[\d.,%\s+-]+[)\]]")


@dataclass(frozen=True, slots=True)
class _Column:
    """One column, ready to be set; widths in points at one point of type."""

    head: str
    cells: tuple[str, ...]
    side: Literal["left", "right"]
    longest: float  # word or interval
    natural: float  # with every cell on one line
    amount: float  # of all its text, one behind the other

    def wish(self, size: float) -> float:
        return max(self.floor(size), self.natural * size + GAP)

    def floor(self, size: float) -> float:
        return max(NARROWEST, min(self.longest, LONGEST_WORD) * size + GAP)


@dataclass(frozen=True, slots=True)
class Setting:
    """How a table is set: its size of type, and the columns of each part with their widths."""

    size: float
    parts: tuple[tuple[int, ...], ...]
    widths: tuple[tuple[float, ...], ...]


def fits(table: Table, width: float) -> bool:
    """Whether the table can be set in one piece in `width` points at a readable size."""
    return sum(column.floor(SIZES[-1]) for column in _columns(table)) <= width


def build_setting(table: Table, width: float) -> Setting:
    """The largest type in which the table fits; where none does, its columns are parted."""
    columns = _columns(table)
    size = next((size for size in SIZES if sum(one.floor(size) for one in columns) <= width), SIZES[-1])
    parts = _parts([column.floor(size) for column in columns], width)
    widths = tuple(_widths([columns[place] for place in part], size, width) for part in parts)
    return Setting(size, parts, widths)


def table_flowables(table: Table, caption: str, width: float) -> list[Flowable]:
    """The table with its caption above and its note below."""
    setting = build_setting(table, width)
    columns = _columns(table)
    drawn: list[Flowable] = []
    for number, (part, widths) in enumerate(zip(setting.parts, setting.widths, strict=True)):
        drawn.append(CondPageBreak(FIRST_ROWS))
        words = _part_caption(caption, number, setting)
        drawn += [Prose(words, CAPTION)] if words else []
        is_last = number == len(setting.parts) - 1
        note = table.note if is_last else ""
        drawn.append(_grid([columns[place] for place in part], widths, setting.size, note=note))
        drawn.append(Spacer(0, UNDER.after))
    return drawn


def _part_caption(caption: str, number: int, setting: Setting) -> str:
    if len(setting.parts) == 1:
        return caption
    where = f"part {number + 1} of {len(setting.parts)}"
    return f"{caption} ({where})" if caption else where.capitalize()


@functools.lru_cache(maxsize=16)
def _columns(table: Table) -> tuple[_Column, ...]:
    return tuple(_column(table, place) for place in range(len(table.columns)))


def _column(table: Table, place: int) -> _Column:
    """The first column, which names the row, is kept on one line where it is short."""
    unit, bold = CELL.smaller(1), replace(CELL.smaller(1), font=BOLD)
    head, cells = table.columns[place], tuple(_glued(row[place]) for row in table.rows)
    whole = cells if place else tuple(cell.replace(" ", GLUE) for cell in cells)
    whole = tuple(set_letters(cell, CELL.font) for cell in whole)  # a letter told by its code is wider
    drawn = [set_letters(cell, CELL.font) for cell in cells]
    lines = [text_width(line, CELL.font, 1) for cell in drawn for line in cell.split("\n")]
    return _Column(
        head=head,
        cells=cells,
        side="right" if holds_figures(table, place) else "left",
        longest=max(longest_word(head, bold), *(longest_word(cell, unit) for cell in whole), 0.0),
        natural=max(text_width(head, BOLD, 1), *lines, 0.0),
        amount=sum(lines),
    )


def _glued(cell: str) -> str:
    """The cell with its intervals held together, so that a line ends before one and not inside."""
    return _INTERVAL.sub(lambda found: found[0].replace(" ", GLUE), cell)


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


def _widths(columns: Sequence[_Column], size: float, width: float) -> tuple[float, ...]:
    """Each column's width: natural where all fit; else what is over its least width is shared by the amount
    of text in it.
    """
    naturals = [column.wish(size) for column in columns]
    if sum(naturals) <= width:
        spare = min((width - sum(naturals)) / len(naturals), MOST_SPARE)
        return tuple(natural + spare for natural in naturals)
    whole = [column.wish(size) if column.side == "right" else column.floor(size) for column in columns]
    floors = whole if sum(whole) <= width else [column.floor(size) for column in columns]
    scale = min(1.0, width / sum(floors))
    least = [floor * scale for floor in floors]
    wishes = [natural - floor for natural, floor in zip(naturals, least, strict=True)]
    weights = [max(column.amount, 1e-6) ** 0.5 for column in columns]
    shares = _shared(width - sum(least), wishes, weights)
    return tuple(floor + share for floor, share in zip(least, shares, strict=True))


def _shared(over: float, wishes: Sequence[float], weights: Sequence[float]) -> list[float]:
    """`over` points shared by weight; no column gets more than it wishes, and the others get the rest."""
    shares = [0.0] * len(wishes)
    left, weight_left = over, sum(weights)
    for column in sorted(range(len(wishes)), key=lambda place: wishes[place] / weights[place]):
        shares[column] = min(wishes[column], left * weights[column] / weight_left)
        left -= shares[column]
        weight_left -= weights[column]
    return shares


def _grid(columns: Sequence[_Column], widths: Sequence[float], size: float, *, note: str) -> Flowable:
    kinds = [replace(CELL.smaller(size), side=column.side) for column in columns]
    inner = [width - GAP for width in widths]
    header = [
        Prose(column.head, replace(kind, font=BOLD, colour=SOFT))
        for column, kind in zip(columns, kinds, strict=True)
    ]
    rows = [
        [Prose(cell, kind) for cell, kind in zip(row, kinds, strict=True)]
        for row in zip(*(column.cells for column in columns), strict=True)
    ] or [[Prose("No rows." if place == 0 else "", kind) for place, kind in enumerate(kinds)]]
    parts = [parted_row(row, inner) for row in (header, *rows)]
    under = Prose(note, UNDER).parts(sum(widths), TALLEST) if note else []
    cells = [[[cell] for cell in part] for row in parts for part in row]
    return PlatypusTable(
        [*cells, *([[piece], *[""] * (len(columns) - 1)] for piece in under)],
        colWidths=list(widths),
        repeatRows=1 if row_height(header, inner) <= TALL_HEADER else 0,
        hAlign="LEFT",
        style=[*_STYLE, *_rules([len(row) for row in parts]), *_note_style(len(cells), len(under))],
    )


def _note_style(n_cells: int, n_pieces: int) -> Iterator[tuple[Any, ...]]:
    """The note runs under all columns, and its first piece stays with the last row."""
    for row in range(n_cells, n_cells + n_pieces):
        yield ("SPAN", (0, row), (-1, row))
        yield ("RIGHTPADDING", (0, row), (-1, row), 0)
    if n_pieces:
        yield ("NOSPLIT", (0, n_cells - 1), (-1, n_cells))


def _rules(n_parts: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """Rules above and below the header, between rows, and below the last; none inside a parted row."""
    last, place = len(n_parts) - 1, -1
    for number, n in enumerate(n_parts):
        place += n
        weight, colour = (0.9, INK) if number in (0, last) else (0.35, LINE)
        yield ("LINEBELOW", (0, place), (-1, place), weight, colour)


_STYLE: tuple[tuple[Any, ...], ...] = (
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), GAP),
    ("TOPPADDING", (0, 0), (-1, -1), 2.4),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ("LINEABOVE", (0, 0), (-1, 0), 0.9, INK),
)
