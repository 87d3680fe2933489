"""`hilum plan` names the question that decides, and warns where a formula gives too few films."""

from __future__ import annotations

import pytest

from hilum.evaluation.plan_settings import PlanSettings
from hilum.evaluation.study_plan import plan_study
from hilum.reports.plan_report import summary_lines


def test_a_question_of_negatives_alone_is_not_said_to_ask_for_positives() -> None:
    """Two questions of specificity are decided by negatives."""
    lines = summary_lines(plan_study(PlanSettings(specificity=0.8, least_specificity=0.7, prevalence=0.1)))

    assert any(line.startswith("Most negatives are asked by: specificity") for line in lines)
    assert not any("Most positives" in line for line in lines)


@pytest.mark.parametrize(
    "asked",
    [{"auc": 0.9, "reference_auc": 0.85, "correlation": 0.99}, {"sensitivity": 0.9, "half_width": 0.5}],
)
def test_fewer_films_than_a_formula_holds_for_come_with_a_warning(asked: dict[str, float]) -> None:
    """Six positives, or one, are no plan."""
    lines = summary_lines(plan_study(PlanSettings(prevalence=0.1, **asked)))

    assert any(line.startswith("Too few to plan on: ") for line in lines)


def test_enough_films_come_without_a_warning() -> None:
    """A usual question is answered as before."""
    lines = summary_lines(plan_study(PlanSettings(prevalence=0.1, sensitivity=0.9)))

    assert not any("Too few" in line for line in lines)
