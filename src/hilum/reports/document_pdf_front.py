"""The first page of the PDF reports: title, facts, what to take away, research use, contents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from reportlab.platypus import Flowable, HRFlowable, Spacer
from reportlab.platypus import Table as PlatypusTable

from hilum.reports.document import Document
from hilum.reports.document_pdf_prose import Prose
from hilum.reports.document_pdf_rows import parted_row
from hilum.reports.document_pdf_type import (
    ACCENT,
    BODY,
    LABEL,
    LINE,
    NOTE,
    SOFT,
    SUBTITLE,
    SUMMARY,
    TITLE,
    broken_lines,
    set_letters,
    text_width,
)
from hilum.reports.page import RESEARCH_USE

FACT = replace(BODY, size=8.6, leading=12)
ENTRY = replace(BODY, leading=14.5)
NUMBER_WIDTH = 30.0  # points for the page number
MOST_LINES = 4  # of an entry
GAP = 8.0  # points between a fact's name and its value


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the contents."""

    text: str
    anchor: str
    level: int
    page: int | None  # None while it is not known yet


class Contents(Flowable):  # type: ignore[misc]
    """One entry of the contents list: the title, dots, and the page, with a link to it."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self._entry = entry
        self._kind = replace(ENTRY, indent=16.0 * (entry.level - 1))
        self._lines: list[str] = []

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        inner = available_width - self._kind.indent - NUMBER_WIDTH
        text = set_letters(self._entry.text, self._kind.font)
        lines = broken_lines(text, self._kind, inner)
        self._lines = lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], "…"]
        self.width, self.height = available_width, len(self._lines) * self._kind.leading
        return self.width, self.height

    def draw(self) -> None:
        kind, canvas = self._kind, self.canv
        canvas.setFont(kind.font, kind.size)
        canvas.setFillColor(kind.colour)
        for number, line in enumerate(self._lines):
            height = self.height - (number + 1) * kind.leading + 4
            canvas.drawString(kind.indent, height, line)
        canvas.drawRightString(self.width, 4, "" if self._entry.page is None else str(self._entry.page))
        start = kind.indent + text_width(self._lines[-1], kind.font, kind.size) + 5
        canvas.setStrokeColor(SOFT)
        canvas.setLineWidth(0.5)
        canvas.setDash([0.5, 2.6])
        if start < self.width - NUMBER_WIDTH:
            canvas.line(start, 5, self.width - NUMBER_WIDTH + 8, 5)
        canvas.linkRect("", self._entry.anchor, (0, 0, self.width, self.height), relative=1, thickness=0)


def front_flowables(document: Document, entries: Sequence[Entry], width: float) -> list[Flowable]:
    """Everything before the first section."""
    drawn: list[Flowable] = [Prose(document.title, TITLE)]
    if document.subtitle:
        drawn.append(Prose(document.subtitle, SUBTITLE))
    drawn.append(HRFlowable(86, 3, color=ACCENT, hAlign="LEFT", spaceBefore=2, spaceAfter=12))
    if document.facts:
        drawn += [_facts(document.facts, width), Spacer(0, 12)]
    if document.summary:
        drawn.append(
            Prose("In short", replace(SUMMARY, font=LABEL.font, colour=ACCENT, indent=0, pad_above=6))
        )
        *others, last = document.summary
        drawn += [Prose(sentence, SUMMARY, mark="•") for sentence in others]
        drawn.append(Prose(last, replace(SUMMARY, pad_below=8), mark="•"))
        drawn.append(Spacer(0, 12))
    drawn.append(Prose(RESEARCH_USE, NOTE))
    if entries:
        drawn.append(Prose("Contents", replace(LABEL, before=8)))
        drawn += [Contents(entry) for entry in entries]
    return drawn


def _facts(facts: Sequence[tuple[str, str]], width: float) -> Flowable:
    name = replace(FACT, colour=SOFT)
    left = min(max(text_width(fact, FACT.font, FACT.size) for fact, _ in facts) + 16, 0.34 * width)
    inner = (left - GAP, width - left - GAP)
    rows = [parted_row((Prose(fact, name), Prose(value, FACT)), inner) for fact, value in facts]
    ends = list(accumulate(len(row) for row in rows))
    return PlatypusTable(
        [[[cell] for cell in part] for row in rows for part in row],
        colWidths=[left, width - left],
        hAlign="LEFT",
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), GAP),
            ("TOPPADDING", (0, 0), (-1, -1), 2.2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.6),
            ("LINEABOVE", (0, 0), (-1, 0), 0.35, LINE),
            *(("LINEBELOW", (0, end - 1), (-1, end - 1), 0.35, LINE) for end in ends),
        ],
    )
