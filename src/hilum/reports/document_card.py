"""Model card and data card as documents, so that they can be printed: the same words as the Markdown cards.

The model card's text is that of the bundle's own model-card.md; the checklists follow as an appendix.
Trap: only the Markdown that Hilum's cards are written in is read here; anything else comes out as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hilum.inference.bundle import Bundle
from hilum.reports.checklist import bundle_known, run_known
from hilum.reports.checklist_items import CHECKLISTS, Told, checklist_section
from hilum.reports.data_card import card_facts, card_problems, card_tables
from hilum.reports.document import Block, Bullets, Document, Paragraph, Section, Table

CARD_NAME = "model-card.md"

_ESCAPED = re.compile(r"\\([\\`*_\[\]<>|~&])")
_CELLS = re.compile(r"(?<!\\)\|")


def model_card_document(bundle: Bundle, *, run: Mapping[str, Any] | None = None) -> Document:
    """The card of a bundle, with CLAIM, TRIPOD+AI, and STARD-AI filled as far as its files know.

    Args:
        bundle: read and checked.
        run: the run.json of its training or cross-validation, where it is at hand.
    """
    known = bundle_known(bundle) | (run_known(run) if run else {})
    text = _card_text(bundle)
    sections = list(markdown_sections(text)) if text else [_no_card()]
    limits = next((section for section in sections if section.title == "Limits"), None)
    if limits is not None:
        known["limits"] = Told("As under Limits in the model card.", CARD_NAME)
    return Document(
        title=f"Model card: {bundle.label}",
        subtitle=bundle.intended_use.text,
        facts=(
            ("Bundle", bundle.label),
            ("Date", bundle.created),
            ("Findings", ", ".join(bundle.findings)),
            ("Networks", str(len(bundle.classifiers))),
            ("Trained on", bundle.training_data.text),
            ("Source commit", bundle.commit),
            ("Licence", bundle.licence),
        ),
        summary=tuple(_points(bundle)),
        sections=(*sections, *_appendix(known)),
    )


def data_card_document(card: Mapping[str, Any]) -> Document:
    """The card of an import, from the JSON of `hilum.data.card`."""
    plain = dict(card)
    source = plain["source"]
    tables = [
        Section(title, (Table(tuple(head), tuple(map(tuple, rows))) if rows else Paragraph("None."),))
        for title, head, rows in card_tables(plain)
    ]
    problems = [
        Section(f"{kind.capitalize()}: {n}", tuple(_problem_blocks(n, rows)))
        for kind, n, rows in card_problems(plain)
    ]
    return Document(
        title=f"Data card: {source['name']}",
        subtitle=source["title"],
        facts=tuple(card_facts(plain)),
        summary=(),
        sections=(*tables, Section("Known traps", (Bullets(tuple(source["traps"])),)), *problems),
    )


def markdown_sections(text: str) -> Iterator[Section]:
    """The `##` sections of a card; what stands before the first is called "What it is"."""
    title, lines = "What it is", list[str]()
    for line in text.splitlines():
        if line.startswith("# "):
            continue
        if not line.startswith("## "):
            lines.append(line)
            continue
        if any(map(str.strip, lines)):
            yield Section(title, tuple(_blocks(lines)))
        title, lines = _plain(line[3:]), []
    if any(map(str.strip, lines)):
        yield Section(title, tuple(_blocks(lines)))


def _blocks(lines: Iterable[str]) -> Iterator[Block]:
    """Paragraphs, bullets, and tables; a blank line or another kind of line ends each."""
    kind, group = "", list[str]()
    for line in (*lines, ""):
        found = _kind(line)
        if found != kind and group:
            yield _block(kind, group)
            group = []
        kind = found
        if found:
            group.append(line)


def _kind(line: str) -> str:
    if line.startswith(("* ", "- ")):
        return "bullets"
    if line.startswith("|"):
        return "table"
    return "text" if line.strip() else ""


def _block(kind: str, lines: list[str]) -> Block:
    if kind == "bullets":
        return Bullets(tuple(_plain(line[2:]) for line in lines))
    rows = [_row(line) for line in lines]
    if kind == "table" and len(rows) > 1 and len({len(row) for row in rows}) == 1:
        return Table(rows[0], tuple(rows[2:]))  # the second line is the rule
    return Paragraph(" ".join(_plain(line) for line in lines))


def _row(line: str) -> tuple[str, ...]:
    return tuple(_plain(cell.strip()) for cell in _CELLS.split(line.strip().strip("|")))


def _plain(text: str) -> str:
    """Markdown's text without its marks."""
    return _ESCAPED.sub(r"\1", text.replace("`", ""))


def _card_text(bundle: Bundle) -> str:
    if CARD_NAME not in bundle.sha256:
        return ""
    return (bundle.folder / CARD_NAME).read_text(encoding="utf-8", errors="replace")


def _no_card() -> Section:
    words = "The bundle carries no model card; what follows is what bundle.json says."
    return Section("What it is", (Paragraph(words, look="warning"),))


def _points(bundle: Bundle) -> Iterator[str]:
    """The default operating point in a sentence or two."""
    point = bundle.default_point
    yield (
        f"A film is flagged where the probability of {point.finding} is {point.threshold:.3f} or above "
        f"({point.name})."
    )
    yield f"Where that threshold is from: {point.source}."


def _appendix(known: Mapping[str, Told]) -> Iterator[Section]:
    yield Section(
        "Appendix: reporting checklists",
        (
            Paragraph(
                "For whoever writes up a study with this bundle. Answers are copied from the files named "
                "beside them; the rest a person must write."
            ),
        ),
        starts_page=True,
    )
    for place, name in enumerate(CHECKLISTS):
        yield checklist_section(name, known, starts_page=place > 0)


def _problem_blocks(n: int, rows: list[list[str]]) -> Iterator[Block]:
    if not rows:
        yield Paragraph("None.")
        return
    yield Table(("name", "reason"), tuple(map(tuple, rows)))
    if n > len(rows):
        yield Paragraph(f"{n - len(rows)} more are in data-card.json.")
