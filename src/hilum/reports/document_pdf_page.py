"""Pages of the PDF reports: upright and turned A4, the running header and footer, bookmarks.

Trap: nothing here asks the clock; the date is the document's own, so that one document is always the same
bytes.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field

from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

import hilum
from hilum.reports.document import Document
from hilum.reports.document_pdf_prose import Prose
from hilum.reports.document_pdf_type import (
    HEADING,
    LINE,
    PART,
    PLAIN,
    SMALL,
    broken_lines,
    set_letters,
)
from hilum.reports.document_text import printable

MARGIN = 54.0  # points, left and right
TOP, BOTTOM = 62.0, 56.0  # points, with header and footer
UPRIGHT, TURNED = "upright", "turned"
WIDTHS = {UPRIGHT: A4[0] - 2 * MARGIN, TURNED: A4[1] - 2 * MARGIN}  # of the text, in points
HEIGHTS = {UPRIGHT: A4[1] - TOP - BOTTOM, TURNED: A4[0] - TOP - BOTTOM}

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


@dataclass(frozen=True, slots=True)
class Layout:
    """What one setting of the document learnt for the next."""

    pages: dict[str, int] = field(default_factory=dict)  # anchor -> page
    n_pages: int = 0


class Heading(Prose):
    """A section's title, which marks its page."""

    def __init__(self, text: str, *, level: int, anchor: str) -> None:
        super().__init__(text, HEADING if level == 1 else PART)
        self.anchor = anchor
        self.title = printable(text)
        self.level = level

    def _without_text(self, mark: str) -> Heading:
        return Heading("", level=self.level, anchor=self.anchor)


class Template(BaseDocTemplate):  # type: ignore[misc]
    """Draws the margins, and notes the page of each heading."""

    def __init__(self, buffer: io.BytesIO, document: Document, known: Layout) -> None:
        super().__init__(
            buffer,
            pagesize=A4,
            title=printable(document.title),
            subject=printable(document.subtitle),
            author="Hilum",
            creator=f"Hilum {hilum.__version__}",
            lang="en",
            displayDocTitle=True,
            invariant=1,  # no clock, no chance
            pageCompression=1,
        )
        self.pages: dict[str, int] = {}
        self._document = document
        self._known = known
        self._deepest = -1
        for name, size in ((UPRIGHT, A4), (TURNED, landscape(A4))):
            frame = Frame(MARGIN, BOTTOM, WIDTHS[name], HEIGHTS[name], 0, 0, 0, 0)
            self.addPageTemplates(PageTemplate(name, [frame], onPage=self._draw_margins, pagesize=size))

    def beforeDocument(self) -> None:
        found = _DATE.search(self._document.date)
        if found:
            stamp = f"D:{''.join(found.groups())}000000Z"
            self.canv.setDateFormatter(lambda *_: stamp)

    def afterFlowable(self, flowable: Flowable) -> None:
        if not isinstance(flowable, Heading) or flowable.anchor in self.pages:
            return
        self.pages[flowable.anchor] = self.page
        self.canv.bookmarkHorizontal(flowable.anchor, 0, flowable.height + 10)
        self._deepest = min(flowable.level - 1, self._deepest + 1)
        self.canv.addOutlineEntry(flowable.title, flowable.anchor, self._deepest, closed=False)

    def _draw_margins(self, canvas: Canvas, template: BaseDocTemplate) -> None:
        width, height = canvas._pagesize
        inner = width - 2 * MARGIN
        canvas.saveState()
        canvas.setFillColor(SMALL.colour)
        canvas.setFont(PLAIN, SMALL.size)
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.5)
        if template.page > 1:
            canvas.drawString(MARGIN, height - 38, _one_line(self._document.title, inner))
            canvas.line(MARGIN, height - 45, width - MARGIN, height - 45)
        canvas.line(MARGIN, 43, width - MARGIN, 43)
        maker = ", ".join(part for part in (f"Hilum {hilum.__version__}", self._document.date) if part)
        canvas.drawString(MARGIN, 31, _one_line(maker, inner - 90))
        n_pages = self._known.n_pages or template.page
        canvas.drawRightString(width - MARGIN, 31, f"page {template.page} of {n_pages}")
        canvas.restoreState()


def _one_line(text: str, width: float) -> str:
    """As much of the text as fits on one line, with an ellipsis where it is cut."""
    lines = broken_lines(set_letters(text.replace("\n", " "), PLAIN), SMALL, width - 10)
    return lines[0] + (" …" if len(lines) > 1 else "")
