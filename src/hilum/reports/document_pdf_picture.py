"""Pictures and galleries of the PDF reports, each with its caption below.

Trap: a picture taller than a page stops reportlab, so height is limited as well as width.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import PIL.Image
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable, Image, KeepTogether, Spacer
from reportlab.platypus import Table as PlatypusTable

from hilum.reports.document import Gallery, Picture
from hilum.reports.document_pdf_prose import Prose
from hilum.reports.document_pdf_rows import parted_row
from hilum.reports.document_pdf_type import SOFT, UNDER

LEGEND = replace(UNDER, size=8.2, leading=11.2, before=5, after=12)
CELL_LEGEND = replace(UNDER, size=7.2, leading=9.4, before=3, after=0, colour=SOFT)
TALLEST = 0.82  # of the text's height; the caption needs the rest
GUTTER = 10.0  # points between pictures of a gallery


def picture_flowables(picture: Picture, caption: str, width: float, height: float) -> list[Flowable]:
    """The picture and its caption, on one page where the caption allows it."""
    image = _image(picture, picture.width_share * width, TALLEST * height)
    return [Spacer(0, 4), KeepTogether([image, Prose(caption, LEGEND)])]


def picture_height(picture: Picture, width: float, height: float) -> float:
    """Points that the picture takes on the page, with two lines of caption."""
    image = _image(picture, picture.width_share * width, TALLEST * height)
    return float(image.drawHeight) + 2 * LEGEND.leading + LEGEND.before


def gallery_flowables(gallery: Gallery, width: float, height: float) -> list[Flowable]:
    """Rows of pictures, each with its caption; a row stays on one page."""
    if not gallery.pictures:
        return []
    n, cell = gallery.n_columns, width / gallery.n_columns
    data: list[list[Flowable]] = []
    style: list[tuple[Any, ...]] = [*_GALLERY]
    for start in range(0, len(gallery.pictures), n):
        row = gallery.pictures[start : start + n]
        style.append(("NOSPLIT", (0, len(data)), (-1, len(data) + 1)))
        data.append(_filled([_image(picture, cell - GUTTER, 0.5 * height) for picture in row], n))
        captions = [Prose(picture.caption, CELL_LEGEND) for picture in row]
        data += [_filled(part, n) for part in parted_row(captions, [cell - GUTTER] * len(row))]
        style.append(("BOTTOMPADDING", (0, len(data) - 1), (-1, len(data) - 1), 9))
    return [PlatypusTable(data, colWidths=[cell] * n, hAlign="LEFT", style=style), Spacer(0, 6)]


_GALLERY: tuple[tuple[Any, ...], ...] = (
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), GUTTER),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
)


def _filled(cells: Sequence[Flowable], n: int) -> list[Flowable]:
    """A row of n cells, the last ones empty where there are fewer."""
    return [*cells, *[""] * (n - len(cells))]


def _image(picture: Picture, width: float, tallest: float) -> Flowable:
    with PIL.Image.open(io.BytesIO(picture.png)) as opened:
        opaque = _opaque(opened)
    scale = min(width / opaque.width, tallest / opaque.height)
    image = Image(io.BytesIO(picture.png), opaque.width * scale, opaque.height * scale, hAlign="LEFT")
    image._img = ImageReader(opaque)
    return image


def _opaque(image: PIL.Image.Image) -> PIL.Image.Image:
    """On white paper, in grey where the file is grey: a mask of transparency doubles the PDF."""
    if image.mode in ("L", "RGB"):
        return image.copy()
    if image.mode in ("1", "I;16", "I", "F"):
        return image.convert("L")
    on_white = PIL.Image.new("RGBA", image.size, "white")
    return PIL.Image.alpha_composite(on_white, image.convert("RGBA")).convert("RGB")
