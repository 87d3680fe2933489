"""Plain text as a piece of a PDF page: lines that break themselves, with a wash and a rule where asked.

Reportlab's own paragraphs read markup and order letters by word; these take text as it is.
Trap: the same piece is asked for its height many times; its lines are kept for the last width alone. A
table measures a cell and draws it at widths that differ in their last bits; these must be one width here, or
a row is drawn taller than it was measured, over the next one.
"""

from __future__ import annotations

from reportlab.platypus import Flowable

from hilum.reports.document_pdf_type import SLACK, Type, broken_lines, set_letters


class Prose(Flowable):  # type: ignore[misc]
    """Plain text in lines; splits between any two of them.

    Args:
        text: of the report, as written.
        kind: how it is set.
        mark: before the first line, in the indent.
    """

    def __init__(self, text: str, kind: Type, *, mark: str = "") -> None:
        super().__init__()
        self.kind = kind
        self._mark = mark
        self._text = set_letters(text, kind.font)
        self._lines: list[str] | None = None  # known once the width is
        self._lines_width = 0.0

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        if self._lines is None or abs(self._lines_width - available_width) > SLACK:
            kind = self.kind
            inner = available_width - kind.indent - 2 * kind.pad
            self._lines = broken_lines(self._text, kind, inner)
            self._lines_width = available_width
        self.width = available_width
        self.height = len(self._lines) * self.kind.leading + self.kind.pad_above + self.kind.pad_below
        return self.width, self.height

    def split(self, available_width: float, available_height: float) -> list[Prose]:
        self.wrap(available_width, available_height)
        lines = self._lines or []
        n_fit = int((available_height - self.kind.pad_above - self.kind.pad_below) / self.kind.leading)
        if n_fit >= len(lines):
            return [self]
        if n_fit == len(lines) - 1 and n_fit > 2:
            n_fit -= 1  # no line stands alone on the next page
        if n_fit < 1:
            return []
        return [self._part(lines[:n_fit], self._mark), self._part(lines[n_fit:], "")]

    def parts(self, width: float, tallest: float) -> list[Prose]:
        """The text in pieces of at most `tallest` points; one where it fits."""
        self.wrap(width, tallest)
        lines = self._lines or []
        n_fit = max(1, int(tallest / self.kind.leading))
        if n_fit >= len(lines):
            return [self]
        starts = range(0, len(lines), n_fit)
        return [self._part(lines[start : start + n_fit], "" if start else self._mark) for start in starts]

    def getSpaceBefore(self) -> float:
        return self.kind.before

    def getSpaceAfter(self) -> float:
        return self.kind.after

    def draw(self) -> None:
        kind, canvas = self.kind, self.canv
        if kind.wash is not None:
            canvas.setFillColor(kind.wash)
            canvas.rect(0, 0, self.width, self.height, stroke=0, fill=1)
        if kind.bar is not None:
            canvas.setFillColor(kind.bar)
            canvas.rect(0, 0, 2.5, self.height, stroke=0, fill=1)
        canvas.setFillColor(kind.colour)
        canvas.setFont(kind.font, kind.size)
        baseline = (
            self.height - kind.pad_above - kind.leading + (kind.leading - kind.size) / 2 + 0.15 * kind.size
        )
        if self._mark:
            canvas.drawString(kind.pad, baseline, self._mark)
        for number, line in enumerate(self._lines or []):
            height = baseline - number * kind.leading
            if kind.side == "right":
                canvas.drawRightString(self.width - kind.pad, height, line)
            else:
                canvas.drawString(kind.pad + kind.indent, height, line)

    def _part(self, lines: list[str], mark: str) -> Prose:
        part = self._without_text(mark)
        part._lines = lines
        part._lines_width = self._lines_width
        return part

    def _without_text(self, mark: str) -> Prose:
        return Prose("", self.kind, mark=mark)
