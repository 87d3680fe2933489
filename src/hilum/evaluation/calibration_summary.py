"""Whether a table's score is the probability that it looks like, with every figure the reports show.

Trap: where a score lies outside 0..1 nothing here applies, and each figure says so.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hilum.evaluation.binned import N_BINS, BinnedFilms, less_bias
from hilum.evaluation.brier_parts import NAMES, BrierParts, brier_parts, parts_with_intervals
from hilum.evaluation.calibration import Bin, brier, ece, errors_of, reliability
from hilum.evaluation.calibration_line import CalibrationLine, calibration_line
from hilum.evaluation.decision_curve import DecisionCurve, decision_curve
from hilum.evaluation.labelled import LabelledFilms
from hilum.records import Estimate

NOT_PROBABILITIES = "scores are not all in 0..1"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether the score is the probability it looks like."""

    brier: Estimate
    brier_parts: BrierParts
    expected_calibration_error: Estimate
    line: CalibrationLine
    bins: tuple[Bin, ...]  # empty where scores are not in 0..1

    def as_json(self) -> dict[str, Any]:
        return {
            "brier": self.brier.as_json(),
            "brier_parts": self.brier_parts.as_json(),
            "expected_calibration_error": self.expected_calibration_error.as_json(),
            "calibration_line": self.line.as_json(),
            "bins": [asdict(one) | {"observed": one.observed.as_json()} for one in self.bins],
        }


def measure_calibration(films: LabelledFilms) -> Calibration:
    """Brier score and its parts, calibration error, line, and bins."""
    if not films.are_probabilities:
        none = Estimate(None, None, None, n=films.n, n_positive=films.n_positive, why=NOT_PROBABILITIES)
        line = CalibrationLine(none, none, none, n_moved=0)
        return Calibration(none, BrierParts(*[none] * len(NAMES)), none, line, bins=())
    codes = films.codes if films.is_clustered else None
    resampling = films.resampling()
    drawn = BinnedFilms.of_films(films.truth, films.probability, N_BINS).draws(resampling)
    error = ece(films.truth, films.probability)
    parts = brier_parts(films.truth, films.probability)
    return Calibration(
        brier=brier(films.truth, films.probability, codes=codes),
        brier_parts=parts_with_intervals(parts, drawn, unit=resampling.unit),
        expected_calibration_error=less_bias(error, errors_of(drawn), unit=resampling.unit),
        line=calibration_line(films.truth, films.probability, codes=codes),
        bins=tuple(reliability(films.truth, films.probability)),
    )


def measure_decisions(films: LabelledFilms, *, prevalence: float | None) -> DecisionCurve:
    """Net benefit over thresholds; without points where a score lies outside 0..1."""
    if not films.are_probabilities:
        return DecisionCurve(prevalence, prevalence is not None, (), NOT_PROBABILITIES)
    codes = films.codes if films.is_clustered else None
    return decision_curve(films.truth, films.probability, prevalence=prevalence, codes=codes)
