"""A report as one HTML page that stands alone: no network, no script, light and dark, and made to be printed.

Trap: a figure that is a vector goes in as `<img>` and never inline, or the identifiers of two figures clash.
"""

from __future__ import annotations

from dataclasses import dataclass

from hilum.reports.document import Block, Bullets, Document, Gallery, Paragraph, Picture, Section, Table
from hilum.reports.document_text import Numbering, holds_figures, printable
from hilum.reports.page import data_uri, render_page

LONGEST_WORD = 24  # letters of a word that is not cut in a table

# The page may load nothing and run nothing, whatever a name in it says.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class _Heading:
    anchor: str
    text: str
    level: int  # of the HTML heading
    starts_page: bool


@dataclass(frozen=True, slots=True)
class _Shown:
    """A block as the template needs it."""

    kind: str
    block: Block
    caption: str = ""
    looks: tuple[str, ...] = ()  # of each column: "figure", "long", or ""
    uris: tuple[str, ...] = ()  # of each picture
    columns: int = 1


def document_html(document: Document) -> str:
    """The page; the same document gives the same text."""
    numbering = Numbering()
    sections = [_section(number, section, numbering) for number, section in enumerate(document.sections, 1)]
    page = render_page(
        "document.html",
        policy=POLICY,
        document=document,
        sections=sections,
    )
    return printable(page)


def _section(number: int, section: Section, numbering: Numbering) -> tuple[_Heading, list[_Shown]]:
    text, level = numbering.heading(section)
    heading = _Heading(
        anchor=f"section-{number}",
        text=text,
        level=1 + level,
        starts_page=section.starts_page,
    )
    return heading, [_shown(block, numbering) for block in section.blocks]


def _shown(block: Block, numbering: Numbering) -> _Shown:
    match block:
        case Paragraph():
            return _Shown("paragraph", block)
        case Bullets():
            return _Shown("bullets", block)
        case Table():
            looks = tuple(_look(block, column) for column in range(len(block.columns)))
            return _Shown("table", block, numbering.caption(block), looks=looks)
        case Picture():
            return _Shown("picture", block, numbering.caption(block), uris=(_uri(block),))
        case Gallery():
            uris = tuple(_uri(picture) for picture in block.pictures)
            return _Shown("gallery", block, uris=uris, columns=block.n_columns)


def _look(table: Table, column: int) -> str:
    """Of a column: of numbers alone, or with words so long that they must be cut."""
    if holds_figures(table, column):
        return "figure"
    cells = (table.columns[column], *(row[column] for row in table.rows))
    longest = max(len(word) for cell in cells for word in (cell.split() or [""]))
    return "long" if longest > LONGEST_WORD else ""


def _uri(picture: Picture) -> str:
    if picture.svg is not None:
        return data_uri(picture.svg, "image/svg+xml")
    return data_uri(picture.png)
