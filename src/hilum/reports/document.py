"""A report as records, before it becomes a page or a PDF: front matter, sections, and the blocks in them.

Each command builds one `Document`; `document_files.write_document` writes it as HTML that stands alone and as
PDF, so that both say the same.
Trap: text is plain text, never markup; both renderers escape it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Look = Literal["plain", "note", "warning"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A few sentences; a warning is set apart so that a hurried reader meets it."""

    text: str
    look: Look = "plain"


@dataclass(frozen=True, slots=True)
class Bullets:
    """Short points, one below the other."""

    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a header; the first column names the row, the others hold figures."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # each as long as the header
    caption: str = ""
    note: str = ""  # under the table: method, denominators


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure that stands alone in the text, or a film in a gallery."""

    name: str  # of its file, without ending
    png: bytes
    caption: str
    alternative: str  # what it shows, for a reader who cannot see it
    svg: bytes | None = None  # None where it holds films
    width_share: float = 1.0  # of the text's width, 0..1


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures side by side, each with its caption."""

    pictures: tuple[Picture, ...]
    n_columns: int = 4


Block = Paragraph | Bullets | Table | Picture | Gallery


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]
    starts_page: bool = False  # in print


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]  # name and value on the first page: table, hash, date, films
    summary: tuple[str, ...]  # the two to five sentences that a reader takes away
    sections: tuple[Section, ...]
