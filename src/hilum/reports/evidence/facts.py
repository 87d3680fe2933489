"""What an evidence file is made from: the evaluation, the table's name and hash, the command.

Trap: the command is shown as it was typed, so it may name a user's folder; the table is named without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from hilum.evaluation.confusion import Performance
from hilum.evaluation.predictive_values import PredictiveValues, predictive_values
from hilum.evaluation.programme import Outcome, Programme, outcome
from hilum.evaluation.summary import Evaluation, OperatingPoint
from hilum.imaging.hashing import file_sha256
from hilum.reports.evidence.controls import ControlsFile
from hilum.reports.evidence.gallery import FailureGallery


@dataclass(frozen=True, slots=True)
class TableFile:
    """The prediction table that everything rests on."""

    name: str  # without its folder
    sha256: str

    @classmethod
    def of(cls, path: Path) -> TableFile:
        return cls(path.name, file_sha256(path))


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that goes into one evidence file."""

    evaluation: Evaluation
    table: TableFile
    command: str  # as typed
    title: str
    made_on: date
    controls: ControlsFile | None = None
    gallery: FailureGallery | None = None

    @property
    def prevalence(self) -> float | None:
        """Of the people who are to be screened, as stated."""
        return self.evaluation.settings.prevalence

    @property
    def screened(self) -> Screened | None:
        """The main operating point among 1,000 people; None where no prevalence was stated or no point is."""
        point = main_point(self.evaluation)
        if point is None or self.prevalence is None:
            return None
        return Screened.of(point.cross_fitted or point.performance, self.prevalence)


@dataclass(frozen=True, slots=True)
class Screened:
    """What an operating point would do among 1,000 people of a prevalence."""

    prevalence: float
    outcome: Outcome
    predictive: PredictiveValues

    @classmethod
    def of(cls, rates: Performance, prevalence: float) -> Screened:
        values = predictive_values(rates, prevalence)
        found = outcome(rates.sensitivity, rates.specificity, values, Programme(prevalence))
        return cls(prevalence, found, values)

    def as_json(self) -> dict[str, Any]:
        return {**self.predictive.as_json(), **self.outcome.as_json()}


def main_point(evaluation: Evaluation) -> OperatingPoint | None:
    """The operating point of the front page, of the groups, and of the gallery; None where there is none."""
    return evaluation.groups.point
