"""The papers that go into a bundle's folder beside its graphs, from the files of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hilum.inference.bundle import BundleFacts
from hilum.records import Prediction
from hilum.reports.bundle_evidence import (
    control_evidence,
    judged_evidence,
    table_evidence,
    textureless_limit,
)
from hilum.reports.control_facts import control_lines, read_controls
from hilum.reports.model_card import model_card

CARD_NAME = "model-card.md"


@dataclass(frozen=True, slots=True)
class PaperSources:
    """The files that a bundle's papers are made from."""

    judged: Sequence[Prediction]  # that calibrated the bundle
    blanked: Path  # prediction table of the same films, lungs painted over; may not be there
    controls: Path  # controls.json of the same predictions; may not be there
    tables: Mapping[str, Path]  # further prediction tables, by what the card calls them
    limits: Sequence[str]  # sentences, as whoever exports it puts them


def write_papers(facts: BundleFacts, folder: Path, sources: PaperSources) -> list[Path]:
    """Write the model card; returns its path.

    Raises:
        RunInvalid: controls.json is of other predictions.
        TableInvalid: a prediction table cannot be read.
    """
    rows, found = judged_evidence(sources.judged, facts), []
    if sources.blanked.exists():
        control = control_evidence(sources.blanked, facts)
        limit = textureless_limit(control, facts)
        rows.append(control)
        found += [] if limit is None else [limit]
    rows += [table_evidence(title, table, facts) for title, table in sources.tables.items()]
    controls = control_lines(read_controls(sources.controls, sources.judged))
    card = folder / CARD_NAME
    text = model_card(facts, rows, sources.limits, controls=list(controls), found=found)
    card.write_text(text, encoding="utf-8")
    return [card]
