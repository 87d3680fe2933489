"""The model card's figures: each row says what its sensitivity and specificity are of."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bundles import FACTS
from hilum.errors import RunInvalid
from hilum.evaluation.discrimination import auroc
from hilum.evaluation.operating_points import at_threshold
from hilum.evaluation.table import write_predictions
from hilum.inference.bundle import Calibration, Rescoring, Session
from hilum.records import Prediction
from hilum.reports.bundle_evidence import (
    control_evidence,
    judged_evidence,
    table_evidence,
    textureless_limit,
)
from hilum.reports.control_facts import control_lines, read_controls
from hilum.reports.evidence.wording import interval_cell
from hilum.reports.model_card import model_card

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
    point = facts.default_point
    assert f"| {interval_cell(point.sensitivity)} | {interval_cell(point.specificity)} |" in chosen
    assert f"| {interval_cell(rows[1].sensitivity)} |" in fitted


def test_a_further_table_is_calibrated_as_the_bundle_where_it_can_be(judged, facts, tmp_path):
    """Its logit by the bundle's calibration, else its own probability, else its score."""
    tables = {
        "both": judged,
        "probability": [replace(row, extra={"probability": row.extra["probability"]}) for row in judged],
        "logit": [replace(row, extra={"logit": row.extra["logit"]}) for row in judged],
        "score": [replace(row, extra={}) for row in judged],
    }
    facts = replace(facts, calibration=(Calibration(1.0, 9.0),))
    specificity = {}
    for name, rows in tables.items():
        write_predictions(rows, tmp_path / f"{name}.csv")
        specificity[name] = table_evidence(name, tmp_path / f"{name}.csv", facts).specificity.value

    assert specificity == {
        "both": 0.0,  # as the logits
        "probability": 1.0,  # 0.1, 0.2, 0.45
        "logit": 0.0,  # 9 more each
        "score": pytest.approx(2 / 3),  # of the logits, -2, -1, 0.5
    }


@pytest.fixture
def blanked(judged, tmp_path):
    """The same films painted over: every logit high; calibrated on itself, every film is at 0.4."""
    rows = [replace(row, extra={"logit": "3.0", "probability": "0.4"}) for row in judged]
    write_predictions(rows, tmp_path / "blanked.parquet")
    return tmp_path / "blanked.parquet"


def test_a_control_is_judged_by_the_bundles_own_calibration_and_threshold(blanked, facts):
    """By its own calibration no film would be flagged; by the bundle's, all are."""
    control = control_evidence(blanked, facts)

    assert (control.sensitivity.value, control.specificity.value) == (1.0, 0.0)


def test_lungs_without_texture_that_score_high_are_a_limit(blanked, judged, facts):
    """The sentence counts the films labelled normal; where few are flagged there is none."""
    (fitted, *_) = judged_evidence(judged, facts)

    told = textureless_limit(control_evidence(blanked, facts), facts)

    assert "3 of 3 films labelled normal are flagged at" in told
    assert textureless_limit(fitted, facts) is None  # 2 of 3 are not


def test_the_card_lists_every_sitting_and_the_scores_made_again(facts):
    """Training by one commit, resumed by another, exported by a third."""
    sessions = tuple(
        Session(work, "2026-11-24T08:00:00+00:00", commit, ("torch 2.13.0",))
        for work, commit in (("training", "aaa"), ("training", "bbb"), ("export", "ccc"))
    )
    rescoring = Rescoring(550, 0.0043, 0.05, in_half=True)

    card = model_card(replace(facts, sessions=sessions, rescoring=rescoring), [], [])

    for commit in ("aaa", "bbb", "ccc"):
        assert f"| {commit} | torch 2.13.0 |" in card
    assert "the 550 judging films were scored again" in card
    assert "is 0.0043, where 0.05 would have stopped the export" in card


def test_a_bundle_from_before_sittings_were_noted_says_so(facts):
    """Its one commit is not taken for all of them."""
    assert "its sittings were not noted" in model_card(facts, [], [])


@pytest.mark.parametrize(
    ("n", "told"),
    [(1, "One network; the score is 100 times its calibrated probability, without a spread."),
     (5, "5 networks; the score is 100 times their mean calibrated probability, the spread")],
)  # fmt: skip
def test_the_card_says_how_many_networks_make_the_score_and_its_spread(facts, n, told):
    """One network has no spread to report."""
    members = tuple(f"classifier-{number}.onnx" for number in range(n))

    assert told in model_card(replace(facts, classifiers=members), [], [])


@pytest.fixture
def controls(judged):
    """A controls.json as hilum controls writes it."""
    area = auroc(np.array([row.label for row in judged]), [row.score for row in judged]).as_json()
    figures = {"auc": area, "fold_aucs": [0.5, 1.0]}
    return {
        "network": figures, "controls": [{"name": "age and sex", **figures}],
        "lungs_only": {"is_the_network": "the recipe blanks all else"}, "verdict": "It beats all.",
        "near_duplicates": {"n_pairs": 2, "n_parted": 1},
        "sites": [{"sites": ["India"], "n_home": 6, "n_away": 3,
                   "told": [{"features": "brightness", "auc": area, "fold_aucs": []}]}],
    }  # fmt: skip


def test_the_card_shows_the_controls_of_the_run(judged, controls, tmp_path):
    """A row each with n and folds, the verdict, and how well the site is told."""
    path = tmp_path / "controls.json"
    path.write_text(json.dumps(controls), encoding="utf-8")

    text = "\n".join(control_lines(read_controls(path, judged)))

    assert "| age and sex | 6 (3) | " in text
    assert "| 0.750 (0.500-1.000) |" in text
    assert "It beats all." in text
    assert "Telling India (3 films) from home (6) by brightness: AUC " in text


def test_controls_of_other_predictions_are_refused(judged, controls, tmp_path):
    """A run that was judged again must be set beside its controls again."""
    path = tmp_path / "controls.json"
    path.write_text(json.dumps(controls), encoding="utf-8")

    with pytest.raises(RunInvalid, match="is of other predictions"):
        read_controls(path, judged[:-1])


@pytest.mark.parametrize("content", ["{", "[]", '{"network": {}}'])
def test_controls_that_cannot_be_read_are_refused(judged, tmp_path, content):
    """The message says which command writes them."""
    path = tmp_path / "controls.json"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(RunInvalid, match="run hilum controls"):
        read_controls(path, judged)


def test_a_run_without_controls_says_so(judged, tmp_path):
    """Silence would pass for a clean bill."""
    assert read_controls(tmp_path / "controls.json", judged) is None
    assert "None were worked out" in next(control_lines(None))
