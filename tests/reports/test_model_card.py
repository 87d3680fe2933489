"""The model card's figures: each row says what its sensitivity and specificity are of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bundles import FACTS
from hilum.evaluation.operating_points import at_threshold
from hilum.evaluation.table import write_predictions
from hilum.inference.bundle import Calibration
from hilum.records import Prediction
from hilum.reports.bundle_evidence import judged_evidence, table_evidence
from hilum.reports.model_card import model_card, shown

LOGITS = (-2.0, -1.0, 0.5, -0.5, 1.0, 2.0)  # of films 0, 0, 0, 1, 1, 1
FITTED = (0.1, 0.2, 0.45, 0.4, 0.6, 0.9)  # calibrated on the other folds


@pytest.fixture
def judged():
    """Six films of two folds."""
    return [
        Prediction(
            f"film-{place}", int(place > 2), score=1 / (1 + np.exp(-logit)), fold=place % 2,
            extra={"logit": str(logit), "probability": str(fitted)},
        )
        for place, (logit, fitted) in enumerate(zip(LOGITS, FITTED, strict=True))
    ]  # fmt: skip


@pytest.fixture
def facts():
    """A bundle calibrated as it is, its threshold 0.5, with the figures that its threshold has there."""
    truth, probability = np.array([0, 0, 0, 1, 1, 1]), 1 / (1 + np.exp(-np.array(LOGITS)))
    found = at_threshold(truth, probability, 0.5)
    point = replace(FACTS.operating_points[0], sensitivity=found.sensitivity, specificity=found.specificity)
    return replace(FACTS, calibration=(Calibration(1.0, 0.0),), operating_points=(point,))


def test_the_first_row_is_what_the_bundle_states_of_its_threshold(judged, facts):
    """The same numbers as bundle.json's operating point, and said to be of the films it was chosen on."""
    first, _ = judged_evidence(judged, facts)

    assert first.sensitivity == facts.default_point.sensitivity
    assert first.specificity == facts.default_point.specificity
    assert "on which the threshold was chosen (as in bundle.json)" in first.name


def test_the_second_row_is_cross_fitted(judged, facts):
    """At the same threshold, each probability calibrated without its own fold: 2 of 3, and 3 of 3."""
    _, second = judged_evidence(judged, facts)

    assert (second.sensitivity.value, second.specificity.value) == (pytest.approx(2 / 3), 1.0)
    assert "cross-fitted: each fold calibrated on the other folds" in second.name


def test_films_held_out_once_have_one_row(judged, facts):
    """Without folds nothing is cross-fitted, and no raw score is held against a calibrated threshold."""
    inner = [replace(row, fold=None, extra={"logit": row.extra["logit"]}) for row in judged]

    (row,) = judged_evidence(inner, replace(facts, calibration=(Calibration(1.0, -9.0),)))

    assert row.name.startswith("inner films")
    assert row.sensitivity.value == 0.0  # the calibrated probabilities are all far below 0.5


def test_the_card_names_both_pairs(judged, facts):
    """A reader finds the bundle's figures and the cross-fitted ones, a line each."""
    rows = judged_evidence(judged, facts)

    lines = model_card(facts, rows, ["None known."]).splitlines()

    (chosen,) = [line for line in lines if "as in bundle.json" in line]
    (fitted,) = [line for line in lines if "cross-fitted" in line]
    assert (
        f"| {shown(facts.default_point.sensitivity)} | {shown(facts.default_point.specificity)} |" in chosen
    )
    assert f"| {shown(rows[1].sensitivity)} |" in fitted


def test_a_further_table_is_taken_as_it_states_itself(judged, facts, tmp_path):
    """Its probability where there is one, else its calibrated logit, else its score."""
    tables = {
        "probability": judged,
        "logit": [replace(row, extra={"logit": row.extra["logit"]}) for row in judged],
        "score": [replace(row, extra={}) for row in judged],
    }
    facts = replace(facts, calibration=(Calibration(1.0, 9.0),))
    specificity = {}
    for name, rows in tables.items():
        write_predictions(rows, tmp_path / f"{name}.csv")
        specificity[name] = table_evidence(name, tmp_path / f"{name}.csv", facts).specificity.value

    assert specificity == {
        "probability": 1.0,  # 0.1, 0.2, 0.45
        "logit": 0.0,  # 9 more each
        "score": pytest.approx(2 / 3),  # of the logits, -2, -1, 0.5
    }
