"""A report on disk."""

from __future__ import annotations

import io
from pathlib import Path

import PIL.Image
import pytest

from hilum.errors import OutputRefused
from hilum.reports.document import Document, Gallery, Picture, Section
from hilum.reports.document_files import write_document


def build_picture(name: str, svg: bytes | None) -> Picture:
    buffer = io.BytesIO()
    PIL.Image.new("L", (4, 3), 90).save(buffer, "PNG")
    return Picture(name, buffer.getvalue(), "", "", svg)


def build_document() -> Document:
    blocks = (build_picture("roc", b"<svg/>"), Gallery((build_picture("film-1", None),)))
    return Document("T", "", (), (), (Section("S", blocks),))


def test_page_pdf_and_every_picture_are_written(tmp_path: Path) -> None:
    """The paths that come back are the files that are there."""
    written = write_document(build_document(), tmp_path / "out", name="evidence")
    there = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]

    assert sorted(written) == sorted(there)
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in there) == [
        "evidence.html",
        "evidence.pdf",
        "visualisations/film-1.png",
        "visualisations/roc.png",
        "visualisations/roc.svg",
    ]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "out").write_text("in the way")

    with pytest.raises(OutputRefused, match="out"):
        write_document(Document("T", "", (), (), ()), tmp_path / "out", name="e")
