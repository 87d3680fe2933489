"""The AUC where it matters: over the specificities that a programme could live with.

WHO's target profile of a triage test asks for a specificity of at least 0.70, so what a score does below that
is of no use. McClish's standardised area maps it to 0.5 for chance and 1 for a perfect score.
Trap: the plain area is at most the width of its range, so 0.25 of 0.30 is good; show it with that width.
Sources: McClish 1989 (Med Decis Making 9:190); WHO 2014, target product profile of a triage test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from hilum.evaluation.discrimination import missing_class, rank_films
from hilum.evaluation.intervals import Draws, Resampling, from_draws, unless_alike
from hilum.evaluation.resampled_ranking import CurvePoints, StepCurve, bootstrap_ranking
from hilum.evaluation.vectors import as_scores, as_truth
from hilum.records import Estimate

WHO_SPECIFICITY = 0.70


@dataclass(frozen=True, slots=True)
class PartialAuc:
    """The area under the ROC curve where specificity is at least so much."""

    least_specificity: float
    area: Estimate  # 0 to 1 - least_specificity
    standardised: Estimate  # McClish's; 0.5 for chance, 1 at best

    def with_draws(self, areas: Draws, *, unit: str) -> PartialAuc:
        """The same with the percentile intervals of areas drawn (B,)."""
        if self.area.value is None:
            return self
        area = unless_alike(from_draws(self.area, areas, unit=unit))
        mapped = standardised_area(areas, self.least_specificity)
        return replace(
            self, area=area, standardised=unless_alike(from_draws(self.standardised, mapped, unit=unit))
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "least_specificity": self.least_specificity,
            "area": self.area.as_json(),
            "standardised": self.standardised.as_json(),
        }


def partial_auroc(
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    resampling: Resampling,
    least_specificity: float = WHO_SPECIFICITY,
) -> PartialAuc:
    """The partial AUC with the percentile interval over resampled patients.

    Raises:
        ValueError: the specificity is not from 0 to below 1.
    """
    plain = partial_auroc_from(truth, score, least_specificity=least_specificity)
    if plain.area.value is None:
        return plain
    labels = as_truth(truth)
    points = CurvePoints(most_false_positives=1 - least_specificity)
    draws = bootstrap_ranking(labels, as_scores(score, like=labels), resampling, points=points)
    return plain.with_draws(draws.partial_area, unit=resampling.unit)


def partial_auroc_from(truth: npt.ArrayLike, score: npt.ArrayLike, *, least_specificity: float) -> PartialAuc:
    """The partial AUC without an interval.

    Raises:
        ValueError: the specificity is not from 0 to below 1.
    """
    if not 0 <= least_specificity < 1:
        raise ValueError(f"the least specificity must be from 0 to below 1, not {least_specificity}")
    labels = as_truth(truth)
    scores = as_scores(score, like=labels)
    n, n_positive = labels.size, int(labels.sum())
    missing = missing_class(n_positive, n - n_positive)
    if missing is not None:
        return PartialAuc(least_specificity, missing, missing)
    curve = StepCurve.of_counts(*rank_films(labels, scores).counts())
    area = curve.partial_area(1 - least_specificity)
    plain = Estimate(area, None, None, n=n, n_positive=n_positive)
    mapped = float(standardised_area(area, least_specificity))
    return PartialAuc(least_specificity, plain, replace(plain, value=mapped))


def standardised_area(area: float | Draws, least_specificity: float) -> Draws:
    """McClish's map of the area between chance's (half the squared width) and the best (the width)."""
    width = 1 - least_specificity
    chance = width**2 / 2
    return (1 + (area - chance) / (width - chance)) / 2  # type: ignore[return-value]
