"""The papers that go into a bundle's folder beside its graphs, from the files of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hilum.inference.bundle import Bundle
from hilum.records import Prediction
from hilum.reports.bundle_checklists import checklists_markdown, gathered
from hilum.reports.bundle_evidence import (
    control_evidence,
    judged_evidence,
    table_evidence,
    textureless_limit,
)
from hilum.reports.checklist_items import Told
from hilum.reports.control_facts import control_lines, read_controls
from hilum.reports.model_card import model_card

CARD_NAME = "model-card.md"
CHECKLISTS_NAME = "checklists.md"


@dataclass(frozen=True, slots=True)
class PaperSources:
    """The files that a bundle's papers are made from."""

    judged: Sequence[Prediction]  # that calibrated the bundle
    table: Path  # where they are from
    run: Mapping[str, Any]  # run.json of the training
    judge: Mapping[str, Any]  # run.json of what made the predictions
    blanked: Path  # prediction table of the same films, lungs painted over; may not be there
    controls: Path  # controls.json of the same predictions; may not be there
    tables: Mapping[str, Path]  # further prediction tables, by what the card calls them
    limits: Sequence[str]  # sentences, as whoever exports it puts them


def write_papers(bundle: Bundle, folder: Path, sources: PaperSources) -> list[Path]:
    """Write the model card and the reporting checklists; returns their paths.

    Args:
        bundle: as it will be, with the hashes of its graphs.
        folder: to write into.
        sources: the run's files.

    Raises:
        RunInvalid: controls.json is of other predictions.
        TableInvalid: a prediction table cannot be read.
    """
    rows, found = judged_evidence(sources.judged, bundle), []
    if sources.blanked.exists():
        control = control_evidence(sources.blanked, bundle)
        limit = textureless_limit(control, bundle)
        rows.append(control)
        found += [] if limit is None else [limit]
    rows += [table_evidence(title, table, bundle) for title, table in sources.tables.items()]
    controls = read_controls(sources.controls, sources.judged)
    card = folder / CARD_NAME
    text = model_card(bundle, rows, sources.limits, controls=list(control_lines(controls)), found=found)
    card.write_text(text, encoding="utf-8")
    known = gathered(bundle, sources.judged, run=sources.run, judge=sources.judge, table=sources.table.name)
    if controls is not None:
        known["controls"] = Told(controls["verdict"], sources.controls.name)
    checklists = folder / CHECKLISTS_NAME
    checklists.write_text(checklists_markdown(bundle.label, known), encoding="utf-8")
    return [card, checklists]
