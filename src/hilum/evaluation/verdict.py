"""A network's AUC beside its controls', and whether it beats each of them on the same films.

Trap: the best control is the best of several, chosen after the fact, so every control is compared, and one
that is not beaten is named even where another has the higher AUC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.evaluation.comparison import auroc_difference, fold_aurocs
from hilum.evaluation.controls import ControlScores, patient_auroc
from hilum.records import Estimate, Film

FoldAreas = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class JudgedFilms:
    """The films of a cross-validation with what its networks made of them; the order of all is one."""

    films: tuple[Film, ...]  # all with a label
    folds: npt.NDArray[np.int64]  # (N,)
    scores: npt.NDArray[np.float64]  # (N,), out of fold

    @property
    def truth(self) -> npt.NDArray[np.int64]:
        return np.array([film.label for film in self.films], np.int64)


@dataclass(frozen=True, slots=True)
class ControlFigures:
    """What one control tells, and how far the network is above it."""

    name: str
    auc: Estimate
    fold_aucs: FoldAreas
    difference: Estimate  # the network's AUC less the control's, on the control's films

    @property
    def is_beaten(self) -> bool:
        """Whether the whole interval of the difference is above 0."""
        return self.difference.low is not None and self.difference.low > 0

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "auc": self.auc.as_json(), "fold_aucs": list(self.fold_aucs),
                "difference": self.difference.as_json(), "is_beaten": self.is_beaten}  # fmt: skip


def control_figures(judged: JudgedFilms, control: ControlScores, *, seed: int = 0) -> ControlFigures:
    """The AUC of a control, in all and by fold, and the network's above it on the same films."""
    films = [judged.films[row] for row in control.rows]
    truth = judged.truth[control.rows]
    if control.why:
        missing = Estimate(None, None, None, len(films), int(truth.sum()), why=control.why)
        return ControlFigures(control.name, missing, (), missing)
    return ControlFigures(
        control.name,
        patient_auroc(films, control.scores, seed=seed),
        fold_aurocs(truth, control.scores, judged.folds[control.rows]),
        auroc_difference(
            truth,
            judged.scores[control.rows],
            control.scores,
            [film.patient or None for film in films],
            seed=seed,
        ),
    )


def verdict(network: Estimate, controls: Sequence[ControlFigures]) -> str:
    """One sentence: the network beats its best control, or does not beat those that are named."""
    compared = [control for control in controls if control.difference.value is not None]
    if network.value is None:
        return f"The network's AUC cannot be estimated ({network.why}), so it beats no control."
    if not compared:
        return "No control could be estimated, so that nothing shows what the network's AUC is worth."
    unbeaten = [control for control in compared if not control.is_beaten]
    if unbeaten:
        named = " nor ".join(f"{control.name} ({_account(control)})" for control in unbeaten)
        return f"The network's AUC of {network.value:.3f} does not beat {named}."
    best = max(compared, key=lambda control: control.auc.value or 0.0)
    return (
        f"The network's AUC of {network.value:.3f} beats every control, the best being {best.name} "
        f"({_account(best)})."
    )


def _account(control: ControlFigures) -> str:
    found = control.difference
    assert found.value is not None
    assert control.auc.value is not None
    interval = (
        found.why if found.low is None or found.high is None else f"{found.low:+.3f} to {found.high:+.3f}"
    )
    return (
        f"AUC {control.auc.value:.3f}; difference on the same {found.n} films {found.value:+.3f}, {interval}"
    )
