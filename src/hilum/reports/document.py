"""A report as records, before it becomes a page or a PDF: front matter, sections, and the blocks in them.

Each command builds one `Document`; `document_files.write_document` writes it as HTML that stands alone and as
PDF, so that both say the same. Sections, tables, and figures are numbered by the renderers.
Trap: text is plain text, never markup; both renderers escape it, and a newline in it breaks the line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Look = Literal["plain", "note", "warning"]

_PICTURE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


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
    """Rows of text under a header; the first column names the row, the others hold figures.

    Raises:
        ValueError: a row is not as long as the header.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # each as long as the header
    caption: str = ""
    note: str = ""  # under the table: method, denominators

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(f"row {number} has {len(row)} cells under {len(self.columns)} columns")


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure that stands alone in the text, or a film in a gallery.

    Raises:
        ValueError: the name is not a plain file name, or the share is outside 0..1.
    """

    name: str  # of its file, without ending: letters, digits, - and _
    png: bytes
    caption: str
    alternative: str  # what it shows, for a reader who cannot see it
    svg: bytes | None = None  # None where it holds films
    width_share: float = 1.0  # of the text's width, above 0 to 1

    def __post_init__(self) -> None:
        if not _PICTURE_NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot be a picture's file name")
        if not 0 < self.width_share <= 1:
            raise ValueError(f"picture {self.name}: width_share {self.width_share} is outside 0..1")


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures side by side, each with its caption."""

    pictures: tuple[Picture, ...]
    n_columns: int = 4  # 1..8

    def __post_init__(self) -> None:
        if not 1 <= self.n_columns <= 8:
            raise ValueError(f"a gallery of {self.n_columns} columns")


Block = Paragraph | Bullets | Table | Picture | Gallery


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]
    starts_page: bool = False  # in print
    level: Literal[1, 2] = 1  # 2 for a part of the section before it


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report.

    Raises:
        ValueError: two pictures have one name.
    """

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]  # name and value on the first page: table, hash, date, films
    summary: tuple[str, ...]  # the two to five sentences that a reader takes away
    sections: tuple[Section, ...]
    is_short: bool = False  # of a page or two: no contents, and the sections follow the front at once

    def __post_init__(self) -> None:
        named = Counter(picture.name for picture in document_pictures(self))
        for name in (name for name, n in named.items() if n > 1):
            raise ValueError(f"two pictures are called {name!r}")

    @property
    def date(self) -> str:
        """The fact called "Date"; empty where there is none."""
        return next((value for name, value in self.facts if name.casefold() == "date"), "")


def document_pictures(document: Document) -> Iterator[Picture]:
    """Every picture in the order of the text, those of galleries too."""
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Picture):
                yield block
            elif isinstance(block, Gallery):
                yield from block.pictures
