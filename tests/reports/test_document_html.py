"""The page of a report: it stands alone, can be read aloud, and shows text as text."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import PIL.Image
import pytest

from hilum.reports.document import Bullets, Document, Gallery, Paragraph, Picture, Section, Table
from hilum.reports.document_html import document_html
from hilum.reports.figures import build_axes, build_figure, svg_bytes
from hilum.reports.page import RESEARCH_USE

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"></svg>'
HOSTILE = "<script>alert(1)</script> & \"quoted\" 'single' \x00\x1b\u202e"


class Tags(HTMLParser):
    """Every tag with its attributes, and the text between."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def of(self, pattern: str) -> list[tuple[str, dict[str, str | None]]]:
        """The tags whose name matches, in order."""
        return [(tag, attributes) for tag, attributes in self.tags if re.fullmatch(pattern, tag)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def build_picture(name: str, *, svg: bytes | None = None) -> Picture:
    buffer = io.BytesIO()
    PIL.Image.new("L", (4, 3), 90).save(buffer, "PNG")
    return Picture(name, buffer.getvalue(), f"Caption of {name}", f"What {name} shows", svg)


def full_document(words: str = "Plain words.") -> Document:
    table = Table(("Name", "Films", "Text"), ((words, "550", words), ("b", "1,234", "x")), words, words)
    blocks = (
        Paragraph(words),
        Paragraph(words, "warning"),
        Paragraph(words, "note"),
        Bullets((words,)),
        table,
    )
    pictures = (build_picture("roc", svg=SVG), Gallery((build_picture("film-1"), build_picture("film-2"))))
    sections = (
        Section(words, blocks),
        Section("Pictures", pictures, starts_page=True),
        Section("None", (), level=2),
    )
    return Document(words, words, ((words, words),), (words,), sections)


def test_nothing_is_loaded_from_anywhere() -> None:
    """No address, no script, no style sheet but the page's own, and a policy that forbids the rest."""
    tags = Tags(document_html(full_document())).tags
    addresses = [
        value for _, attributes in tags for name in ("src", "href") if (value := attributes.get(name))
    ]

    assert all(address.startswith(("data:image/", "#")) for address in addresses)
    assert not {tag for tag, _ in tags} & {"script", "link", "iframe", "object"}
    assert ("meta", "default-src 'none'") in [
        (tag, (attributes.get("content") or "").split(";")[0]) for tag, attributes in tags
    ]
    assert "url(" not in document_html(full_document())


def test_hostile_text_stays_text() -> None:
    """Markup in a name is shown, and controls are replaced, in every place that text may stand."""
    page = document_html(full_document(HOSTILE))

    assert "<script" not in page
    assert not re.search("[\x00-\x08\x1b\u202e]", page)
    assert '<script>alert(1)</script> & "quoted"' in Tags(page).text


def test_headings_are_in_order_and_no_level_is_left_out() -> None:
    """One h1, and each next heading at most one level deeper."""
    levels = [
        int(tag[1]) for tag, _ in Tags(document_html(full_document())).tags if re.fullmatch("h[1-6]", tag)
    ]

    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))


def test_a_part_without_a_section_before_it_is_no_deeper_than_h2() -> None:
    """A document that begins with a part still has its headings in order."""
    page = document_html(Document("T", "", (), (), (Section("Part", (), level=2),)))
    levels = [int(tag[1]) for tag, _ in Tags(page).of("h[1-6]")]

    assert max(levels) <= 2


def test_every_picture_says_what_it_shows() -> None:
    """Each image has the alternative text of its record."""
    images = [attributes for _, attributes in Tags(document_html(full_document())).of("img")]

    assert [image["alt"] for image in images] == ["What roc shows", "What film-1 shows", "What film-2 shows"]


def test_table_headers_say_of_what_they_are() -> None:
    """Columns and rows have headers with their scope."""
    scopes = [
        attributes.get("scope")
        for tag, attributes in Tags(document_html(full_document())).tags
        if tag == "th"
    ]

    assert scopes.count("col") == 3
    assert scopes.count("row") == 2
    assert None not in scopes


def test_a_column_of_figures_is_set_to_the_right() -> None:
    """Numbers stand under one another; text does not."""
    cells = [attributes for _, attributes in Tags(document_html(full_document())).of("td")]

    assert [cell.get("class") == "figure" for cell in cells] == [True, False, True, False]


def test_a_vector_is_taken_where_there_is_one() -> None:
    """Figures stay sharp; films are pixels."""
    images = [
        attributes["src"] or ""
        for tag, attributes in Tags(document_html(full_document())).tags
        if tag == "img"
    ]

    assert base64.b64decode(images[0].removeprefix("data:image/svg+xml;base64,")) == SVG
    assert images[1].startswith("data:image/png;base64,")


def test_every_entry_of_the_contents_leads_somewhere() -> None:
    """Links of the list are anchors of the page, each once."""
    tags = Tags(document_html(full_document())).tags
    targets = [(attributes["href"] or "")[1:] for tag, attributes in tags if tag == "a"]
    anchors = [attributes["id"] for _, attributes in tags if "id" in attributes]

    assert set(targets) <= set(anchors)
    assert len(anchors) == len(set(anchors))


def test_research_use_is_said_once() -> None:
    """The sentence stands before the text."""
    page = document_html(full_document())

    assert page.count(RESEARCH_USE) == 1
    assert page.index(RESEARCH_USE) < page.index("<main")


def test_print_dark_and_narrow_have_their_rules() -> None:
    """The page carries a style for paper, for a dark room, and for a telephone."""
    page = document_html(full_document())

    for rule in (
        "@media print",
        "@page",
        "prefers-color-scheme: dark",
        "max-width: 40rem",
        "break-before: page",
    ):
        assert rule in page


def test_a_document_without_sections_is_a_page() -> None:
    """No empty list of contents is drawn."""
    page = document_html(Document("T", "", (), (), ()))

    assert "<nav" not in page
    assert "<h1>T</h1>" in page


def test_the_same_document_is_the_same_page() -> None:
    """Nothing of the moment is in it."""
    assert document_html(full_document()) == document_html(full_document())


def test_a_figure_is_the_same_vector_every_time() -> None:
    """An SVG's identifiers come from what is drawn."""

    def draw() -> bytes:
        figure = build_figure(2, 2)
        axes = build_axes(figure, title="ROC")
        axes.fill_between([0, 1], [0, 1])
        return svg_bytes(figure)

    assert draw() == draw()


def test_a_row_that_does_not_fit_its_header_cannot_be_built() -> None:
    """A table with a hole is a fault of whoever builds it."""
    with pytest.raises(ValueError, match="row 1 has 1 cells under 2 columns"):
        Table(("a", "b"), (("1", "2"), ("3",)))


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "x.png"])
def test_a_picture_cannot_have_a_name_that_leads_elsewhere(name: str) -> None:
    """Pictures become files, so their names are plain."""
    with pytest.raises(ValueError, match="picture's file name"):
        build_picture(name)


def test_two_pictures_of_one_name_cannot_be_in_one_document() -> None:
    """One would write over the other."""
    twice = (Section("A", (build_picture("roc"),)), Section("B", (Gallery((build_picture("roc"),)),)))
    with pytest.raises(ValueError, match="two pictures are called 'roc'"):
        Document("T", "", (), (), twice)
