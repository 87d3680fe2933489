"""CLAIM and TRIPOD+AI for a bundle, filled as far as its own files and its run's tell, as Markdown.

Trap: a run's settings name folds even where no fold was made. How the films were parted is told by what
judged the bundle, so the topic is taken from the judging run, and left open where an inner part judged.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hilum.evaluation.summary import EvaluationSettings, summarise
from hilum.inference.bundle import Bundle
from hilum.records import Prediction
from hilum.reports.bundle_evidence import has_folds
from hilum.reports.checklist import Known, bundle_known, evaluation_known, run_known
from hilum.reports.checklist_items import Told, checklist_section
from hilum.reports.document import Paragraph, Section, Table

FILLED = ("claim-2024", "tripod-ai-2024")


def gathered(
    bundle: Bundle,
    judged: Sequence[Prediction],
    *,
    run: Mapping[str, Any],
    judge: Mapping[str, Any],
    table: str,
) -> Known:
    """What a bundle, its runs, and the predictions that judge it tell.

    Args:
        bundle: with the hashes of its graphs.
        judged: with `extra["logit"]`.
        run: run.json of the training.
        judge: run.json of what made the predictions; the same where that is the training itself.
        table: file name of the predictions.
    """
    known = bundle_known(bundle) | run_known(run)
    known.pop("partitions", None)
    if has_folds(judged):
        known |= {name: told for name, told in run_known(judge).items() if name == "partitions"}
    point = bundle.default_point
    settings = EvaluationSettings(named_thresholds=((point.name, point.threshold),), sensitivities=())
    logits = np.array([float(row.extra["logit"]) for row in judged])
    chances = bundle.calibration[0].probability(logits)
    rows = [
        dataclasses.replace(row, score=float(chance), extra={})
        for row, chance in zip(judged, chances, strict=True)
    ]
    known |= evaluation_known(summarise(rows, settings), table=table)
    return known | {"limits": Told("As under Limits in the model card.", "model-card.md")}


def checklists_markdown(label: str, known: Known) -> str:
    """The checklists of a bundle, each a heading and a table."""
    lines = [
        f"# Reporting checklists of {label}",
        "",
        "Filled by `hilum export` from the files named in the last column.",
        "Figures are of the films that judged the bundle, calibrated as it is, at its default threshold.",
    ]
    for name in FILLED:
        lines += ["", *section_lines(checklist_section(name, known))]
    return "\n".join(lines) + "\n"


def section_lines(section: Section) -> Iterator[str]:
    """A section of paragraphs and tables as Markdown."""
    yield f"## {section.title}"
    for block in section.blocks:
        yield ""
        if isinstance(block, Table):
            yield _cells(block.columns)
            yield f"|{'---|' * len(block.columns)}"
            yield from (_cells(row) for row in block.rows)
        else:
            assert isinstance(block, Paragraph), "a checklist has no pictures"
            yield block.text


def _cells(row: Sequence[str]) -> str:
    """A row of a Markdown table; bars and line ends would break it."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), '<br>') for cell in row)} |"
