"""A run's controls.json as lines for its model card: each control's figures, and what they say of the result.

Trap: the file may be of earlier predictions of the same folder, so the network's AUC in it must be theirs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hilum.errors import RunInvalid
from hilum.evaluation.discrimination import auroc
from hilum.records import Estimate, Prediction
from hilum.reports.controls import folds_cell
from hilum.reports.evidence.wording import interval_cell


def read_controls(path: Path, judged: Sequence[Prediction]) -> dict[str, Any] | None:
    """A controls.json; None where there is none.

    Args:
        path: of the file.
        judged: the predictions that it must be of.

    Raises:
        RunInvalid: it cannot be read, or is of other predictions.
    """
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        stated, n = found["network"]["auc"]["value"], found["network"]["auc"]["n"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunInvalid(
            f"{path} cannot be read: {error!r}; run hilum controls {path.parent} again"
        ) from None
    area = auroc(np.array([row.label for row in judged]), [row.score for row in judged])
    is_same = n == area.n and (stated == area.value or abs((stated or 0) - (area.value or 0)) < 1e-9)
    if not is_same:
        raise RunInvalid(
            f"{path} is of other predictions (AUC {stated}, {n} films) than the run's now (AUC {area.value}, "
            f"{area.n} films); run hilum controls {path.parent} again"
        )
    return dict(found)


def control_lines(controls: Mapping[str, Any] | None) -> Iterator[str]:
    """The card's section, Markdown; one sentence a line."""
    if controls is None:
        yield "None were worked out for the judging films, so the figures have nothing beside them."
        return
    yield "What else than disease in the lungs tells the label of the judging films, by the same folds."
    yield ""
    yield "| told by | n (positive) | AUC (95 %) | folds: mean (lowest-highest) |"
    yield "|---|---|---|---|"
    yield _row("the network", controls["network"])
    rows = [*controls["controls"], controls["lungs_only"]]
    yield from (_row(each["name"], each) for each in rows if "name" in each)
    yield ""
    yield controls["verdict"]
    if "is_the_network" in controls["lungs_only"]:
        yield f"Lungs only: {controls['lungs_only']['is_the_network']}."
    copies = controls["near_duplicates"]
    yield (
        f"Near-duplicates among the films: {copies['n_pairs']} pairs, {copies['n_parted']} of them "
        "in different folds."
    )
    for site in controls["sites"]:
        yield from _site_lines(site)


def _row(name: str, figures: Mapping[str, Any]) -> str:
    area = Estimate(**figures["auc"])
    cells = (name, f"{area.n} ({area.n_positive})", interval_cell(area), folds_cell(figures["fold_aucs"]))
    return f"| {' | '.join(cells)} |"


def _site_lines(site: Mapping[str, Any]) -> Iterator[str]:
    where = f"{', '.join(site['sites'])} ({site['n_away']} films) from home ({site['n_home']})"
    for told in site["told"]:
        yield f"Telling {where} by {told['features']}: AUC {interval_cell(Estimate(**told['auc']))}."
