"""The PDF of a report: nothing is lost, nothing runs off the page, and the same report is the same bytes."""

from __future__ import annotations

import io
import re
import unicodedata

import numpy as np
import PIL.Image
import pypdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak

from hilum.reports.document import (
    Bullets,
    Document,
    Gallery,
    Paragraph,
    Picture,
    Section,
    Table,
)
from hilum.reports.document_pdf import document_pdf
from hilum.reports.document_pdf_prose import Prose
from hilum.reports.document_pdf_table import build_setting, fits, table_flowables
from hilum.reports.document_pdf_type import CELL, longest_word
from hilum.reports.page import RESEARCH_USE

SENTENCE = "Sensitivity is given with its interval and its films, and never alone. "


def build_document(*sections: Section, facts: tuple[tuple[str, str], ...] = ()) -> Document:
    return Document("Evidence of a bundle", "On 550 films", facts, ("The AUC is 0.934.",), sections)


def build_picture(name: str, *, width: int = 60, height: int = 40, caption: str = "A square") -> Picture:
    buffer = io.BytesIO()
    PIL.Image.fromarray(np.full((height, width), 90, np.uint8)).save(buffer, "PNG")
    return Picture(name, buffer.getvalue(), caption, "A grey square")


def squeezed(text: str) -> str:
    """Without white space, which a line's end may add or take."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text))


def read_text(content: bytes) -> str:
    return squeezed("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages))


def text_boxes(content: bytes) -> list[tuple[float, float, float, float, float, float]]:
    """(left, bottom, right, top) of every glyph with its page's width and height, in points."""
    boxes = []
    for page in pypdfium2.PdfDocument(content):
        text = page.get_textpage()
        size = page.get_size()
        boxes += [(*text.get_charbox(index), *size) for index in range(text.count_chars())]
    return boxes


def test_every_paragraph_point_and_cell_is_in_the_text() -> None:
    """What stands in the records can be read back from the PDF."""
    table = Table(
        ("Site", "AUC (95 %)", "Films"),
        (("Shenzhen", "0.934 (0.914 to 0.954)", "550"), ("Montgomery & Sons <x>", "not estimable", "4")),
        "AUC by site",
        "DeLong's interval.",
    )
    blocks = (
        Paragraph(SENTENCE * 3),
        Paragraph("Mind the folds.", "warning"),
        Bullets(("One.", "Two.")),
        table,
    )
    text = read_text(document_pdf(build_document(Section("By site", blocks), facts=(("Table", "p.csv"),))))

    wanted = [SENTENCE * 3, "Mind the folds.", "One.", "Two.", *table.columns, table.caption, table.note]
    wanted += [cell for row in table.rows for cell in row]
    wanted += ["Evidence of a bundle", "On 550 films", "The AUC is 0.934.", "p.csv", "By site"]
    assert [words for words in wanted if squeezed(words) not in text] == []


def test_the_sentence_of_research_use_is_on_the_first_page_once() -> None:
    """A reader meets it before any figure, and it is not repeated on every page."""
    sections = [Section(f"Part {number}", (Paragraph(SENTENCE * 40),)) for number in range(4)]
    pages = pypdf.PdfReader(io.BytesIO(document_pdf(build_document(*sections)))).pages
    counts = [squeezed(page.extract_text()).count(squeezed(RESEARCH_USE)) for page in pages]

    assert counts == [1, *[0] * (len(pages) - 1)]


def test_the_same_document_is_the_same_bytes() -> None:
    """Neither clock nor chance is in the file."""
    sections = [
        Section("Text", (Paragraph(SENTENCE), build_picture("square"))),
        Section("More", (Gallery((build_picture("film-1"), build_picture("film-2"))),)),
    ]
    document = build_document(*sections, facts=(("Date", "2026-11-24"),))

    assert document_pdf(document) == document_pdf(document)


def test_the_date_of_the_file_is_the_document_s() -> None:
    """The fact called Date becomes the creation date."""
    reader = pypdf.PdfReader(io.BytesIO(document_pdf(build_document(facts=(("Date", "2026-11-24"),)))))

    assert reader.metadata is not None
    assert reader.metadata["/CreationDate"].startswith("D:20261124")


def test_title_language_and_bookmarks_are_in_the_file() -> None:
    """A screen reader and the reader's side bar find their way."""
    sections = (Section("One", ()), Section("Within one", (), level=2), Section("Two", ()))
    reader = pypdf.PdfReader(io.BytesIO(document_pdf(build_document(*sections))))

    assert reader.metadata is not None
    assert reader.metadata.title == "Evidence of a bundle"
    assert reader.trailer["/Root"]["/Lang"] == "en"
    one, (part,), two = reader.outline
    assert [entry["/Title"].split("  ")[-1] for entry in (one, part, two)] == ["One", "Within one", "Two"]


def test_the_contents_name_the_page_that_each_section_is_on() -> None:
    """The numbers in the list are those of the pages."""
    sections = [Section(f"Chapter {name}", (Paragraph(SENTENCE * 60),)) for name in ("A", "B", "C")]
    pages = pypdf.PdfReader(io.BytesIO(document_pdf(build_document(*sections)))).pages
    contents = pages[0].extract_text()
    for name in ("A", "B", "C"):
        found = re.search(rf"Chapter {name}\s*(\d+)", contents)
        assert found is not None
        assert f"Chapter {name}" in pages[int(found[1]) - 1].extract_text()


def test_every_page_says_which_of_how_many_it_is() -> None:
    """A page that fell out of the pile is missed."""
    pages = pypdf.PdfReader(
        io.BytesIO(document_pdf(build_document(Section("Long", (Paragraph(SENTENCE * 300),)))))
    ).pages

    assert len(pages) > 3
    for number, page in enumerate(pages, 1):
        assert f"page {number} of {len(pages)}" in page.extract_text()


def test_a_long_table_repeats_its_header_on_every_page() -> None:
    """Two hundred rows are readable on each page they reach."""
    rows = tuple((f"row-{number}", str(number), "0.9") for number in range(200))
    pages = pypdf.PdfReader(
        io.BytesIO(document_pdf(build_document(Section("T", (Table(("Name", "Films here", "x"), rows),)))))
    ).pages
    reached = [text for page in pages if "row-" in (text := page.extract_text())]

    assert len(reached) > 3
    assert all("Films here" in text for text in reached)
    assert sum(text.count("row-") for text in reached) == 200


@pytest.mark.parametrize("n_columns", [1, 9, 14, 40, 120])
def test_no_glyph_of_a_wide_table_runs_off_the_page(n_columns: int) -> None:
    """Many columns are set smaller, turned, or parted, and stay within the margins."""
    columns = tuple(f"Measure {number} with a longer name" for number in range(n_columns))
    rows = tuple(tuple(f"0.{row}{column} (0.1 to 0.9)" for column in range(n_columns)) for row in range(5))
    content = document_pdf(build_document(Section("Wide", (Table(columns, rows, "Wide"),))))

    for left, bottom, right, top, width, height in text_boxes(content):
        assert 30 < left <= right < width - 30
        assert 20 < bottom <= top < height - 20


def test_every_cell_of_a_parted_table_is_there() -> None:
    """Columns that are moved to a further table keep their cells, and rows their names."""
    columns = tuple(f"column{number:02d}" for number in range(40))
    rows = tuple(tuple(f"r{row}c{column:02d}x" for column in range(40)) for row in range(4))
    table = Table(columns, rows, "Wide")
    text = read_text(document_pdf(build_document(Section("Wide", (table,)))))
    n_parts = len(build_setting(table, 482).parts)

    assert n_parts > 1
    assert all(text.count(cell) == 1 for row in rows for cell in row[1:])
    assert all(text.count(row[0]) >= 2 for row in rows)


def test_a_turned_page_carries_a_table_too_wide_for_an_upright_one() -> None:
    """Nine intervals side by side get a landscape page; the next section an upright one."""
    wide = Table(tuple("abcdefghi"), (tuple(["0.912 (0.887 to 0.936)"] * 9),) * 3)
    assert not fits(wide, 482)
    pages = pypdf.PdfReader(
        io.BytesIO(document_pdf(build_document(Section("W", (wide,)), Section("N", (Paragraph("x"),)))))
    ).pages

    assert [page.mediabox.width > page.mediabox.height for page in pages] == [False, True, False]


def test_an_interval_is_not_broken_inside() -> None:
    """A line may end before an interval, never within it."""
    rows = tuple((f"site {number}", *["0.912 (0.887 to 0.936)"] * 7) for number in range(3))
    content = document_pdf(build_document(Section("T", (Table(tuple("abcdefgh"), rows),))))
    lines = [
        line
        for page in pypdf.PdfReader(io.BytesIO(content)).pages
        for line in page.extract_text().split("\n")
    ]

    assert sum(line.count("(0.887 to 0.936)") for line in lines) == 21


@pytest.mark.parametrize(
    "word",
    ["x" * 10_000, "/data/films/" * 900, "<b>&amp;" * 500, "ab " * 4000],
    ids=["one word", "path", "markup", "many words"],
)
def test_a_cell_taller_than_a_page_is_parted_and_complete(word: str) -> None:
    """Ten thousand characters in one cell go over several pages and none is lost."""
    table = Table(("Name", "Text", "n"), (("first", word, "1"), ("second", "short", "2")))
    content = document_pdf(build_document(Section("T", (table,))))
    text = "".join(squeezed(page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(content)).pages)

    assert text.count(word[0]) >= word.count(word[0])
    assert "second" in text
    assert all(box[2] < box[4] - 30 for box in text_boxes(content))


@pytest.mark.parametrize("where", ["title", "fact", "summary", "heading", "caption", "header", "gallery"])
def test_a_very_long_word_stops_the_report_nowhere(where: str) -> None:
    """Wherever ten thousand letters stand, there is a PDF and they are inside its pages."""
    word = "y" * 10_000
    short = "short"
    table = Table(
        ("name", word if where == "header" else short), ((short, "1"),), word if where == "caption" else ""
    )
    gallery = Gallery((build_picture("film", caption=word if where == "gallery" else short),))
    document = Document(
        word if where == "title" else short,
        short,
        ((word if where == "fact" else short, short), (short, word if where == "fact" else short)),
        (word if where == "summary" else short,),
        (Section(word if where == "heading" else short, (table, gallery, build_picture("b", caption=word))),),
    )

    content = document_pdf(document)

    assert read_text(content).count("y") >= 10_000
    assert all(box[2] < box[4] - 30 and box[1] > 20 for box in text_boxes(content))


def test_control_characters_and_turning_marks_are_replaced() -> None:
    """No name can steer the reader's screen or turn the letters around."""
    text = read_text(document_pdf(build_document(Section("T", (Paragraph("a\x00b\x1bc\u202ed\ud800e"),)))))

    assert "a\ufffdb\ufffdc\ufffdd\ufffde" in text


def test_a_letter_that_the_font_lacks_is_named() -> None:
    """Instead of an empty box the reader gets the number of the letter."""
    text = read_text(document_pdf(build_document(Section("T", (Paragraph("gene \N{DNA DOUBLE HELIX}"),)))))

    assert "gene[U+1F9EC]" in text


def test_a_document_without_sections_is_one_page() -> None:
    """Front matter alone is a report too."""
    pages = pypdf.PdfReader(io.BytesIO(document_pdf(Document("T", "", (), (), ())))).pages

    assert len(pages) == 1
    assert "Contents" not in pages[0].extract_text()


def test_empty_parts_are_said_to_be_empty() -> None:
    """A section without blocks, a table without rows, and a gallery without pictures."""
    sections = (Section("A", ()), Section("B", (Table(("x", "y"), ()), Gallery(()), Bullets(()))))
    text = read_text(document_pdf(build_document(*sections)))

    assert "Nothingtoreporthere." in text
    assert "Norows." in text


def test_a_picture_taller_than_a_page_is_fitted() -> None:
    """Its caption stays on the same page."""
    picture = build_picture("tall", width=50, height=4000, caption="A tall one")
    pages = pypdf.PdfReader(io.BytesIO(document_pdf(build_document(Section("P", (picture,)))))).pages

    assert len(pages) == 2
    assert "Figure 1. A tall one" in pages[1].extract_text()


def test_a_heading_is_never_alone_at_the_foot_of_a_page() -> None:
    """Wherever the text before it ends, what follows the heading is on its page."""
    for n_lines in range(38, 56):
        lines = Paragraph("\n".join(["line"] * n_lines))
        table = Table(("a", "b"), (("first row", "1"),) * 4)
        sections = (Section("One", (lines,)), Section("Two", (table,)))
        pages = pypdf.PdfReader(io.BytesIO(document_pdf(build_document(*sections)))).pages
        (page,) = [text for page in pages[1:] if "2  Two" in (text := page.extract_text()) or "2 Two" in text]
        assert "first row" in page


def test_a_note_stays_with_the_last_row_of_its_table() -> None:
    """Wherever the table ends, its note is on that page."""
    for n_rows in range(36, 50):
        table = Table(("a", "b"), tuple((f"row-{row}", "1") for row in range(n_rows)), "T", "The note.")
        pages = pypdf.PdfReader(io.BytesIO(document_pdf(build_document(Section("S", (table,)))))).pages
        (page,) = [text for page in pages if "The note." in (text := page.extract_text())]
        assert f"row-{n_rows - 1}" in page


def test_a_note_longer_than_a_page_is_complete() -> None:
    """It goes on below the table, over pages."""
    table = Table(("a", "b"), (("1", "2"),), "T", "z" * 20_000)
    text = read_text(document_pdf(build_document(Section("S", (table,)))))

    assert text.count("z") >= 20_000


def set_on_one_page(table: Table, width: float) -> bytes:
    """The table alone on a page tall enough for it."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(width + 100, 3000))
    at = 2950.0
    for piece in table_flowables(table, "A table", width):
        if not isinstance(piece, CondPageBreak):
            at -= piece.wrapOn(canvas, width, 2900)[1]
            piece.drawOn(canvas, 50, at)
    canvas.save()
    return buffer.getvalue()


CELLS = ("0.955 (0.893 to 0.987)", "-1.25", f"{SENTENCE * 3}", "a\nb", "", "12 of 40", "\u75c5\u9662")


@given(st.lists(st.sampled_from(CELLS), min_size=2, max_size=8), st.floats(250, 700))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_no_glyph_of_a_table_is_printed_over_another(row: list[str], width: float) -> None:
    """A row is drawn as tall as it was measured, also where a column has exactly its least width."""
    columns = tuple(f"column {place}" for place in range(len(row)))
    content = set_on_one_page(Table(columns, (tuple(row),) * 2, "T", "Note."), width)
    boxes = np.array([box[:4] for box in text_boxes(content)])  # (N, 4)
    inked = boxes[boxes[:, 2] - boxes[:, 0] > 0.1]  # no white space
    low = np.maximum(inked[:, None, :2], inked[None, :, :2])
    shared = np.minimum(inked[:, None, 2:], inked[None, :, 2:]) - low  # (N, N, 2) width and height
    is_over = (shared > 0.8).all(axis=2)
    np.fill_diagonal(is_over, False)

    assert not is_over.any()


@pytest.mark.parametrize("size", [6.8, 7.4, 8.0])
def test_text_keeps_its_lines_at_widths_that_differ_in_their_last_bits(size: float) -> None:
    """A column of exactly the width of its interval holds it on one line, however the width was summed."""
    kind, words = CELL.smaller(size), "(0.893\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}0.987)"
    width = longest_word(words, CELL.smaller(1)) * size
    heights = {Prose(words, kind).wrap(each, 0)[1] for each in (width, width - 1e-9, width + 9.0 - 9.0)}

    assert heights == {kind.leading}


def test_the_code_of_a_letter_is_not_split_in_a_narrow_column() -> None:
    """A letter that the font lacks is as wide as its code, and its column too."""
    row = tuple("\u75c5" if place % 2 else "0.955 (0.893 to 0.987)" for place in range(8))
    content = set_on_one_page(Table(tuple("abcdefgh"), (row,)), 480)
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)

    assert text.count("[U+75C5]") == 4
