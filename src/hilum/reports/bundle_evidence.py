"""The rows of figures in a model card: what prediction tables say of a bundle's networks.

Trap: one set of scores has two honest pairs of sensitivity and specificity at one threshold. Calibrated on
all films, as the bundle is, they are of the films that the threshold was chosen on; calibrated fold by fold
on the other folds, no film shaped its own number. Each row says which it is. And a control is asked what the
bundle would make of it, so its logits are calibrated as the bundle's: calibrated on itself, a control that
tells nothing has every film at the share of positives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hilum.evaluation.discrimination import auroc
from hilum.evaluation.operating_points import at_threshold
from hilum.evaluation.table import read_predictions
from hilum.inference.bundle import BundleFacts
from hilum.records import Estimate, Prediction


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one prediction table says of the bundle's networks."""

    name: str  # of the films, and how they were scored
    auroc: Estimate  # of the score
    sensitivity: Estimate  # at the bundle's default operating point
    specificity: Estimate


def judged_evidence(judged: Sequence[Prediction], facts: BundleFacts) -> list[Evidence]:
    """The rows of the films that calibrated the bundle: as its threshold saw them, and cross-fitted.

    Args:
        judged: with `extra["logit"]`, and from a cross-validation also `extra["probability"]`.
        facts: of the bundle that was calibrated on them.
    """
    scored = "cross-validation, out of fold" if has_folds(judged) else "inner films, not trained on"
    chosen = f"{scored}; calibrated on the same films, on which the threshold was chosen (as in bundle.json)"
    rows = [_evidence(chosen, judged, _bundle_probability(judged, facts), facts)]
    if all(row.extra.get("probability") for row in judged):
        fitted = f"{scored}; cross-fitted: each fold calibrated on the other folds, at the same threshold"
        rows.append(_evidence(fitted, judged, _stated_probability(judged), facts))
    return rows


def control_evidence(table: Path, facts: BundleFacts) -> Evidence:
    """The judging films with their lungs painted over, as the bundle would calibrate and cut them."""
    return table_evidence("control: the same networks and films, lungs painted over", table, facts)


def textureless_limit(control: Evidence, facts: BundleFacts) -> str | None:
    """A sentence where most films labelled normal are flagged once nothing of their lungs is left."""
    specificity = control.specificity
    if specificity.value is None or specificity.value >= 0.5:
        return None
    n_flagged = round((1 - specificity.value) * specificity.n)
    return (
        f"Lungs without texture score high: with the lungs painted over by clouds, {n_flagged} of "
        f"{specificity.n} films labelled normal are flagged at {facts.default_point.name}."
    )


def table_evidence(name: str, table: Path, facts: BundleFacts) -> Evidence:
    """A further table's row; its probability is made of `logit` by the bundle's own calibration, else the
    column of that name, else the score.
    """
    rows = [row for row in read_predictions(table) if row.label is not None]
    if all(row.extra.get("logit") for row in rows):
        return _evidence(name, rows, _bundle_probability(rows, facts), facts)
    if all(row.extra.get("probability") for row in rows):
        return _evidence(name, rows, _stated_probability(rows), facts)
    return _evidence(name, rows, np.array([row.score for row in rows]), facts)


def has_folds(rows: Sequence[Prediction]) -> bool:
    """Whether the rows are of a cross-validation."""
    return any(row.fold is not None for row in rows)


def _evidence(
    name: str, rows: Sequence[Prediction], probability: npt.NDArray[np.float64], facts: BundleFacts
) -> Evidence:
    truth = np.array([row.label for row in rows])
    found = at_threshold(truth, probability, facts.default_point.threshold)
    return Evidence(name, auroc(truth, [row.score for row in rows]), found.sensitivity, found.specificity)


def _stated_probability(rows: Sequence[Prediction]) -> npt.NDArray[np.float64]:
    return np.array([float(row.extra["probability"]) for row in rows])


def _bundle_probability(rows: Sequence[Prediction], facts: BundleFacts) -> npt.NDArray[np.float64]:
    return facts.calibration[0].probability(np.array([float(row.extra["logit"]) for row in rows]))
