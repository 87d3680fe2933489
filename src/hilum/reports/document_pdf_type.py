"""Type of the PDF reports: fonts, sizes, colours, and text that breaks itself into lines.

DejaVu Sans comes with matplotlib, so that a report prints the same on every machine without a font of its
own. Reportlab's paragraphs read markup; these read none.
Trap: reportlab keeps fonts for the whole process, so they are registered once, under Hilum's own names.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import matplotlib
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from hilum.reports.document_letters import joined, known_letters, runs_right_to_left, visual_order
from hilum.reports.document_text import printable

INK = HexColor("#1d2733")
SOFT = HexColor("#55616e")
LINE = HexColor("#cfd6de")
WASH = HexColor("#f4f6f8")
ACCENT = HexColor("#0b5a8a")  # the one accent, as in templates/document.html
WARN = HexColor("#9a4a00")
WARN_WASH = HexColor("#fff4e6")

GLUE = "\N{NO-BREAK SPACE}"
PLAIN = "Hilum-Sans"
BOLD = "Hilum-Sans-Bold"
_FILES = {PLAIN: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf"}
SLACK = 0.01  # points by which a line may be too long: widths that are one on paper differ in their last bits
_BREAKS = re.compile(r"(?<=[/\\_.,;:=&?\]-])")  # where a word too long for a line is best cut


@dataclass(frozen=True, slots=True)
class Type:
    """How a piece of text is set; lengths in points."""

    size: float
    leading: float
    font: str = PLAIN
    colour: Color = INK
    side: Literal["left", "right"] = "left"
    before: float = 0
    after: float = 0
    indent: float = 0
    pad: float = 0  # at both sides of the text, where there is a wash
    pad_above: float = 0
    pad_below: float = 0
    wash: Color | None = None  # behind the text
    bar: Color | None = None  # a rule at its left

    def smaller(self, size: float) -> Type:
        """The same at another size, with leading to match."""
        return replace(self, size=size, leading=round(size * 1.3, 2))


BODY = Type(9.2, 13, after=6)
TITLE = Type(21, 26, font=BOLD, after=4)
SUBTITLE = Type(11, 15.5, colour=SOFT, after=10)
HEADING = Type(13.5, 18, font=BOLD, colour=ACCENT, before=16, after=6)
PART = Type(10.8, 15, font=BOLD, before=11, after=4)
LABEL = Type(9.2, 13, font=BOLD, colour=ACCENT, after=3)
POINT = Type(9.2, 13, indent=12, after=3)
NOTE = Type(9.2, 13, before=5, after=11, pad=9, pad_above=6, pad_below=6, wash=WASH, bar=SOFT)
WARNING = Type(9.2, 13, before=5, after=11, pad=9, pad_above=6, pad_below=6, wash=WARN_WASH, bar=WARN)
SUMMARY = Type(9.2, 13, indent=12, pad=9, pad_below=4, wash=WASH, bar=ACCENT)
CAPTION = Type(8.6, 11.8, font=BOLD, before=8, after=4)
UNDER = Type(7.8, 10.6, colour=SOFT, before=4, after=10)
CELL = Type(8, 10.4)
SMALL = Type(7.6, 10.4, colour=SOFT)


@functools.cache
def font_glyphs(font: str) -> frozenset[int]:
    """Register a font on first use; the code points that it can draw."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / _FILES[font]
    face = TTFont(font, str(path))
    pdfmetrics.registerFont(face)
    return frozenset(face.face.charToGlyph)


def text_width(text: str, font: str, size: float) -> float:
    """In points."""
    font_glyphs(font)
    return float(pdfmetrics.stringWidth(text, font, size))


def set_letters(text: str, font: str) -> str:
    """The text as the font can draw it, Arabic joined, in the order in which it is read."""
    letters = known_letters(printable(text), font_glyphs(font))
    return joined(letters) if runs_right_to_left(letters) else letters


def broken_lines(text: str, kind: Type, width: float) -> list[str]:
    """Lines of at most `width` points; a word that is longer is cut, after a mark where there is one."""
    measure = functools.partial(text_width, font=kind.font, size=kind.size)
    lines: list[str] = []
    for row in text.split("\n"):
        lines += _row_lines(_words(row), measure, width + SLACK)
    told = [line.replace(GLUE, " ") for line in lines]
    return [visual_order(line) if runs_right_to_left(line) else line for line in told]


def longest_word(text: str, kind: Type) -> float:
    """Width in points."""
    return max((text_width(word, kind.font, kind.size) for word in _words(text)), default=0.0)


def _words(text: str) -> list[str]:
    """Parts that a line may end after; a no-break space is no such place."""
    return [word for word in re.split(r"[ \n]+", text) if word]


def _row_lines(words: Sequence[str], measure: functools.partial[float], width: float) -> list[str]:
    lines: list[str] = []
    line, used, space = "", 0.0, measure(" ")
    for piece, breadth in _pieces(words, measure, width):
        if line and used + space + breadth > width:
            lines.append(line)
            line, used = "", 0.0
        line, used = (f"{line} {piece}", used + space + breadth) if line else (piece, breadth)
    return [*lines, line]


def _pieces(
    words: Sequence[str], measure: functools.partial[float], width: float
) -> Iterator[tuple[str, float]]:
    """Words with their widths, those too long in pieces of about a line's width."""
    for word in words:
        breadth = measure(word)
        if breadth <= width:
            yield word, breadth
            continue
        for piece in _cut(word, measure, width):
            yield piece, width  # a whole line each, or a space would stand inside the word


def _cut(word: str, measure: functools.partial[float], width: float) -> Iterator[str]:
    piece, used = "", 0.0
    for part in _BREAKS.split(word):
        breadth = measure(part)
        if piece and used + breadth > width:
            yield piece
            piece, used = "", 0.0
        if breadth <= width:
            piece, used = piece + part, used + breadth
            continue
        for letter in part:
            step = measure(letter)
            if piece and used + step > width:
                yield piece
                piece, used = "", 0.0
            piece, used = piece + letter, used + step
    if piece:
        yield piece
