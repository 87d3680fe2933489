"""A report as PDF: A4, a running header, page n of m, contents with page numbers, bookmarks.

It is set twice: the first time to learn on which page each section stands, the second with those numbers.
Trap: that holds because the contents take the same room in both; nothing on a page may depend on a number
of the first setting but those.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from reportlab.platypus import CondPageBreak, Flowable, NextPageTemplate, PageBreak

from hilum.reports.document import Block, Bullets, Document, Gallery, Paragraph, Picture, Section, Table
from hilum.reports.document_pdf_front import Entry, front_flowables
from hilum.reports.document_pdf_page import HEIGHTS, TURNED, UPRIGHT, WIDTHS, Heading, Layout, Template
from hilum.reports.document_pdf_picture import gallery_flowables, picture_flowables, picture_height
from hilum.reports.document_pdf_prose import Prose
from hilum.reports.document_pdf_table import fits, table_flowables
from hilum.reports.document_pdf_type import BODY, NOTE, POINT, WARNING
from hilum.reports.document_text import Numbering

LOOKS = {"plain": BODY, "note": NOTE, "warning": WARNING}
HEADING_ROOM = 46.0  # points of a heading with the space before it
LEAST_ROOM = {Paragraph: 42.0, Bullets: 42.0, Table: 110.0, Gallery: 190.0}  # of a block after a heading


def document_pdf(document: Document) -> bytes:
    """The PDF's bytes; the same document gives the same bytes."""
    _, layout = _set(document, Layout())
    content, _ = _set(document, layout)
    return content


def _set(document: Document, known: Layout) -> tuple[bytes, Layout]:
    buffer = io.BytesIO()
    template = Template(buffer, document, known)
    template.build(_story(document, known))
    return buffer.getvalue(), Layout(template.pages, template.page)


def _story(document: Document, known: Layout) -> list[Flowable]:
    numbering = Numbering()
    entries = [
        Entry(text, f"section-{number}", level, known.pages.get(f"section-{number}"))
        for number, (text, level) in enumerate(map(numbering.heading, document.sections), 1)
    ]
    story = front_flowables(document, () if document.is_short else entries, WIDTHS[UPRIGHT])
    way = UPRIGHT if document.is_short else ""  # of the last section's page; a long front stands alone
    for entry, section in zip(entries, document.sections, strict=True):
        wanted = _way(section)
        if wanted != way or section.starts_page:
            story += [NextPageTemplate(wanted), PageBreak()]
        else:
            story.append(CondPageBreak(HEADING_ROOM + _first_room(section, wanted)))
        way = wanted
        story.append(Heading(entry.text, level=entry.level, anchor=entry.anchor))
        story += _blocks(section.blocks, numbering, way)
    return story


def _way(section: Section) -> str:
    """A section with a table too wide for an upright page stands on turned ones."""
    tables = [block for block in section.blocks if isinstance(block, Table)]
    return UPRIGHT if all(fits(table, WIDTHS[UPRIGHT]) for table in tables) else TURNED


def _first_room(section: Section, way: str) -> float:
    """Points that must be left under a heading, so that it never stands alone at a page's foot."""
    if not section.blocks:
        return 0.0
    first = section.blocks[0]
    if isinstance(first, Picture):
        return picture_height(first, WIDTHS[way], HEIGHTS[way])
    return LEAST_ROOM[type(first)]


def _blocks(blocks: Sequence[Block], numbering: Numbering, way: str) -> Iterator[Flowable]:
    width, height = WIDTHS[way], HEIGHTS[way]
    if not blocks:
        yield Prose("Nothing to report here.", BODY)
    for block in blocks:
        match block:
            case Paragraph():
                words = f"Warning. {block.text}" if block.look == "warning" else block.text
                yield Prose(words, LOOKS[block.look])
            case Bullets():
                yield from (Prose(point, POINT, mark="•") for point in block.points)
            case Table():
                yield from table_flowables(block, numbering.caption(block), width)
            case Picture():
                yield from picture_flowables(block, numbering.caption(block), width, height)
            case Gallery():
                yield from gallery_flowables(block, width, height)
