"""Rows of text cells that a page can hold: a row taller than a part of a page is parted between its lines.

Trap: reportlab's own splitting inside a row (`splitInRow`) fails on some rows and is not used; a row that is
not parted here must therefore fit on any page.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from hilum.reports.document_pdf_prose import Prose

TALLEST = 220.0  # points of a part; less than half of a turned page


def parted_row(cells: Sequence[Prose], widths: Sequence[float]) -> list[list[Prose]]:
    """The row as one row, or as several that follow one another where it is tall.

    Args:
        cells: of the row.
        widths: of the text in each cell, in points, without padding.
    """
    columns = [cell.parts(width, TALLEST) for cell, width in zip(cells, widths, strict=True)]
    kinds = [cell.kind for cell in cells]
    return [
        [part or Prose("", kind) for part, kind in zip(parts, kinds, strict=True)]
        for parts in zip_longest(*columns)
    ]


def row_height(cells: Sequence[Prose], widths: Sequence[float]) -> float:
    """In points, without padding."""
    return max(
        (cell.wrap(width, 0)[1] for cell, width in zip(cells, widths, strict=True)),
        default=0.0,
    )
