"""A report on disk: the page, the PDF, and each picture beside them.

Trap: a second run may draw fewer pictures than the first; `write_document` knows only its own and takes none
away, so a command that draws by choice removes what it no longer draws.
"""

from __future__ import annotations

from pathlib import Path

from hilum.reports.document import Document, document_pictures
from hilum.reports.document_html import document_html
from hilum.reports.document_pdf import document_pdf
from hilum.reports.page import write_whole

PICTURES = "visualisations"


def write_document(document: Document, out: Path, *, name: str) -> list[Path]:
    """Write `out/NAME.html`, `out/NAME.pdf`, and `out/visualisations/PICTURE.png|svg`; returns the paths.

    Everything is drawn before anything is written, so that a fault leaves the folder as it was.

    Raises:
        OutputRefused: the folder cannot be written to.
    """
    files: dict[Path, bytes | str] = {
        out / f"{name}.html": document_html(document),
        out / f"{name}.pdf": document_pdf(document),
    }
    for picture in document_pictures(document):
        files[out / PICTURES / f"{picture.name}.png"] = picture.png
        if picture.svg is not None:
            files[out / PICTURES / f"{picture.name}.svg"] = picture.svg
    for path, content in files.items():
        write_whole(path, content)
    return list(files)
