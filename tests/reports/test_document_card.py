"""Model card and data card as documents: the same words as the Markdown, and the checklists behind."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from hilum.inference.bundle import read_bundle
from hilum.reports.checklist_items import OPEN
from hilum.reports.document import Bullets, Document, Paragraph, Section, Table
from hilum.reports.document_card import data_card_document, markdown_sections, model_card_document
from hilum.reports.document_files import write_document


def words_of(document: Document) -> Iterator[str]:
    """All text of the sections."""
    for section in document.sections:
        yield section.title
        for block in section.blocks:
            match block:
                case Paragraph():
                    yield block.text
                case Bullets():
                    yield from block.points
                case Table():
                    yield from block.columns
                    yield from (cell for row in block.rows for cell in row)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("name", ["hilum-base", "hilum-small"])
def test_the_document_holds_every_word_of_the_bundle_s_card(name: str) -> None:
    """Nothing of the Markdown is lost on the way to the page."""
    bundle = read_bundle(name)
    card = (bundle.folder / "model-card.md").read_text(encoding="utf-8")
    text = squeezed("".join(words_of(model_card_document(bundle))))
    lines = [re.sub(r"^(\*|-|##?) ", "", line) for line in card.splitlines()[1:] if not line.startswith("|-")]
    pieces = [squeezed(part.replace("`", "")) for line in lines for part in re.split(r"(?<!\\)\|", line)]

    assert [piece for piece in pieces if piece.replace("\\", "") not in text] == []


def test_the_three_checklists_are_the_appendix() -> None:
    """In this order, as parts of one section."""
    sections = model_card_document(read_bundle("hilum-base")).sections

    assert [section.title for section in sections[-4:]] == [
        "Appendix: reporting checklists",
        "CLAIM 2024",
        "TRIPOD+AI",
        "STARD-AI",
    ]
    assert [section.level for section in sections[-4:]] == [1, 2, 2, 2]


def test_a_bundle_without_a_card_says_so() -> None:
    """Its facts and the checklists are there all the same."""
    bundle = read_bundle("hilum-base")
    hashes = {name: digest for name, digest in bundle.sha256.items() if name != "model-card.md"}
    document = model_card_document(replace(bundle, sha256=hashes))

    assert document.sections[0].blocks == (
        Paragraph("The bundle carries no model card; what follows is what bundle.json says.", "warning"),
    )


def test_a_run_fills_more_rows() -> None:
    """What training was is in run.json alone."""
    bundle = read_bundle("hilum-base")

    def n_open(document: Document) -> int:
        return sum(words == OPEN for words in words_of(document))

    run = {"settings": {"n_folds": 5, "seed": 0, "weights": None}, "versions": {"torch": "2"}}
    assert n_open(model_card_document(bundle, run=run)) < n_open(model_card_document(bundle))


def test_markdown_becomes_the_blocks_it_means() -> None:
    """Paragraph, bullets, and table, each ended by the next; escapes and marks are taken off."""
    text = (
        "# T\n\nFirst.\nSecond.\n## A \\* `b`\nText\n* one\n* two\n\n| x | y \\| z |\n|---|---|\n| 1 | 2 |\n"
    )

    assert list(markdown_sections(text)) == [
        Section("What it is", (Paragraph("First. Second."),)),
        Section(
            "A * b",
            (Paragraph("Text"), Bullets(("one", "two")), Table(("x", "y | z"), (("1", "2"),))),
        ),
    ]


@pytest.mark.parametrize("text", ["| a |", "| a | b |\n|---|---|\n| 1 |", "|\n|", "## ", "", "\n\n* "])
def test_markdown_of_another_kind_stops_nothing(text: str) -> None:
    """A bundle of someone else may carry any card; what is no table comes out as it stands."""
    sections = tuple(markdown_sections(text))

    assert all(isinstance(section, Section) for section in sections)
    assert squeezed("".join(words_of(Document("T", "", (), (), sections)))).count("1") == text.count("1")


def build_card() -> dict[str, object]:
    return {
        "hilum_version": "0.1.0",
        "source": {
            "name": "folder",
            "title": "A folder <b>of films</b>",
            "licence": "none stated",
            "citation": "-",
            "label_origin": "folder names",
            "traps": ["Copies & crops."],
        },
        "n_films": 2,
        "n_expected": None,
        "n_patients": 2,
        "n_ignored_files": 0,
        "films_sha256": "ab" * 32,
        "labels": [{"dataset": "d", "site": "s", "label": "tuberculosis", "n_films": 2, "n_patients": 2}],
        "counts": [],
        "sizes": [],
        "readings": {"none": 2},
        "n_with_lung_masks": 0,
        "problems": {"refused": [{"name": "x.png", "reason": "not an image"}], "copy": []},
        "patients_with_several_films": [],
        "duplicates": [],
        "origin": {"path": "/data/films"},
    }


def test_a_data_card_holds_facts_tables_traps_and_problems() -> None:
    """As the Markdown does, and what is not there is said to be none."""
    document = data_card_document(build_card())
    text = list(words_of(document))

    assert ("Films", "2") in document.facts
    assert "Copies & crops." in text
    assert "not an image" in text
    assert text.count("None.") == 5  # counts, sizes, ties, alike films, copies
    assert "Refused: 1" in text


def test_both_cards_are_written_as_page_and_pdf(tmp_path: Path) -> None:
    """And the PDF of the model card names every checklist among its contents."""
    write_document(data_card_document(build_card()), tmp_path, name="data-card")
    write_document(model_card_document(read_bundle("hilum-base")), tmp_path, name="model-card")
    reader = pypdf.PdfReader(io.BytesIO((tmp_path / "model-card.pdf").read_bytes()))

    assert {path.name for path in tmp_path.iterdir()} == {
        "data-card.html", "data-card.pdf", "model-card.html", "model-card.pdf",
    }  # fmt: skip
    assert "TRIPOD+AI" in reader.pages[0].extract_text()


@pytest.mark.shared
def test_the_card_of_real_films_becomes_a_document(shared: Path, repository: Path) -> None:
    """A card that `hilum data import` wrote, where one was."""
    cards = sorted(repository.glob("out/*/data-card.json"))
    if not cards:
        pytest.skip("needs a data card under out/, which `hilum data import` writes")
    for card in cards:
        document = data_card_document(json.loads(card.read_text(encoding="utf-8")))
        assert document.sections
