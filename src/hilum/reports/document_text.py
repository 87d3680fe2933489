"""What both renderers make of a report's text: characters that may be shown, and the running numbers.

Trap: names of films and sites come from files that nobody vouches for. Characters that steer a terminal or
turn the direction of writing are replaced, so that a name reads the same on the page as in the table.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from hilum.reports.document import Picture, Section, Table

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# Controls but the newline, surrogates, marks that turn the direction of writing, and non-characters.
_UNSHOWN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]"
)
_FIGURES = re.compile(r"[<>=~≤≥≈±+\-−–]?\s*[\d.,]+\s*%?(\s*(\(.*\)|\[.*\]|[/×–-]\s*[\d.,]+))?")
_EMPTY = ("", "-", "–", "—")


def printable(text: str) -> str:
    """The text with every character that may not be shown replaced by `REPLACEMENT`, composed (NFC)."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return unicodedata.normalize("NFC", _UNSHOWN.sub(REPLACEMENT, plain))


def holds_figures(table: Table, column: int) -> bool:
    """Whether a column is of numbers alone, so that it is set to the right; the first column never is."""
    cells = [row[column].strip() for row in table.rows]
    known = [cell for cell in cells if cell not in _EMPTY]
    return column > 0 and bool(known) and all(_FIGURES.fullmatch(cell) for cell in known)


class Numbered(NamedTuple):
    """A heading with its number."""

    text: str
    level: int  # 1 or 2


class Numbering:
    """The running numbers of sections, tables, and figures; walk the document once, in its order."""

    def __init__(self) -> None:
        self._section = 0
        self._part = 0
        self._table = 0
        self._figure = 0

    def heading(self, section: Section) -> Numbered:
        """`2  Calibration`, or `2.1  By site` for a part; a part with no section before it is one."""
        if section.level == 2 and self._section:
            self._part += 1
            return Numbered(f"{self._section}.{self._part}  {section.title}", 2)
        self._section += 1
        self._part = 0
        return Numbered(f"{self._section}  {section.title}", 1)

    def caption(self, block: Table | Picture) -> str:
        """`Table 3. AUC by site`; a table without a caption gets no number."""
        if isinstance(block, Picture):
            self._figure += 1
            return f"Figure {self._figure}. {block.caption}".rstrip()
        if not block.caption:
            return ""
        self._table += 1
        return f"Table {self._table}. {block.caption}"
