"""What a bundle's own model card says of its figures and limits, for the page that people look at.

Trap: the card is Markdown that `reports.model_card` wrote; another tool's card may have none of these
headings, and then nothing is shown, and nothing made up.
"""

from __future__ import annotations

from dataclasses import dataclass

from hilum.inference.bundle import Bundle

CARD_NAME = "model-card.md"
FIGURES, LIMITS = "Figures", "Limits"


@dataclass(frozen=True, slots=True)
class CardExcerpt:
    """The table of figures, its header first, and the limits."""

    figures: tuple[tuple[str, ...], ...] = ()
    limits: tuple[str, ...] = ()


def read_card_excerpt(bundle: Bundle) -> CardExcerpt:
    """The excerpt; empty where the bundle holds no card."""
    if CARD_NAME not in bundle.sha256:
        return CardExcerpt()
    return card_excerpt((bundle.folder / CARD_NAME).read_text(encoding="utf-8", errors="replace"))


def card_excerpt(card: str) -> CardExcerpt:
    """The excerpt of a card's text."""
    sections: dict[str, list[str]] = {}
    title = ""
    for line in card.splitlines():
        if line.startswith("## "):
            title = line[3:].strip()
        sections.setdefault(title, []).append(line)
    rows = [_cells(line) for line in sections.get(FIGURES, []) if line.startswith("|")]
    width = len(rows[0]) if rows else 0
    return CardExcerpt(
        figures=tuple(row for row in rows if len(row) == width and set("".join(row)) - set("-: ")),
        limits=tuple(line[2:].strip() for line in sections.get(LIMITS, []) if line.startswith(("* ", "- "))),
    )


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
