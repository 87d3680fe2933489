"""A prediction table measured as a whole."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilum.errors import SettingsInvalid, TableInvalid
from hilum.evaluation.grouping import age_band
from hilum.evaluation.labelled import draws_for
from hilum.evaluation.summary import EvaluationSettings, summarise
from hilum.records import Prediction

QUICK = EvaluationSettings(n_draws=100)


@pytest.fixture
def rows(chance):
    """200 films of as many patients, a useful score in 0..1, two sites, five folds."""
    truth = np.arange(200) % 2
    score = 1 / (1 + np.exp(-(chance.normal(size=200) + 2 * truth - 1)))
    return [
        Prediction(f"f{i}", int(truth[i]), float(score[i]), patient=f"p{i}", site="AB"[i % 3 == 0],
                   age_years=float(i % 90), sex="FM"[i % 5 == 0], fold=i // 2 % 5)
        for i in range(200)
    ]  # fmt: skip


def changed(rows, **columns):
    """The rows with columns replaced, each by a function of the row's number."""
    names = ("film", "label", "score", "patient", "site", "age_years", "sex", "fold")
    table = []
    for i, row in enumerate(rows):
        cells = {name: getattr(row, name) for name in names}
        table.append(Prediction(**(cells | {name: column(i) for name, column in columns.items()})))
    return table


def test_single_films_have_delongs_interval(rows):
    """Where no patient repeats, DeLong's is the headline and the other says why it is not there."""
    found = summarise(rows, QUICK).discrimination

    assert found.auroc is found.auroc_by_film
    assert found.auroc.method == "DeLong"
    assert found.auroc_by_patient.why == "no patient has several films"
    assert found.average_precision.method == "bootstrap by film, 100 draws"


def test_repeated_patients_have_the_bootstraps_interval(rows):
    """Where patients repeat, the headline is by patient, and DeLong's stands beside it."""
    evaluation = summarise(changed(rows, patient=lambda i: f"p{i // 4}"), QUICK)
    found = evaluation.discrimination

    assert found.auroc is found.auroc_by_patient
    assert found.auroc.method == "bootstrap by patient, 100 draws"
    assert found.auroc_by_film.method == "DeLong"
    assert "200 films of 50 patients: intervals are over patients." in evaluation.caveats
    assert evaluation.operating_points[0].performance.accuracy.method.startswith("bootstrap by patient")


def test_unlabelled_rows_are_counted_and_left_out(rows):
    """A row without a label changes no figure but its own count."""
    more = [*rows, Prediction("x", None, 0.9), Prediction("y", None, 0.1)]
    evaluation = summarise(more, QUICK)

    assert (evaluation.n_unlabelled, evaluation.films.n) == (2, 200)
    assert evaluation.discrimination.auroc == summarise(rows, QUICK).discrimination.auroc
    assert "2 rows have no label and are left out." in evaluation.caveats


def test_a_table_without_labels_is_refused():
    """With nothing to measure against there is no evaluation."""
    with pytest.raises(TableInvalid, match="none of the 1 rows has a label"):
        summarise([Prediction("a", None, 0.5)], QUICK)


def test_chosen_cuts_say_that_they_are_optimistic(rows):
    """A given cut is given; one chosen here says so, in the record and in JSON."""
    evaluation = summarise(rows, EvaluationSettings(thresholds=(0.5,), n_draws=100))
    sources = {point.name: point.source for point in evaluation.operating_points}

    assert sources == {
        "threshold 0.5": "given",
        "Youden": "optimistic: chosen on these films",
        "sensitivity >= 0.90 (WHO)": "optimistic: chosen on these films",
    }
    assert evaluation.as_json()["operating_points"][1]["source"] == "optimistic: chosen on these films"


def test_a_cut_for_sensitivity_reaches_it(rows):
    """On the films themselves the wished sensitivity is met."""
    evaluation = summarise(rows, EvaluationSettings(sensitivities=(0.9, 0.995, 0.9), n_draws=100))
    reached = {point.name: point.performance.sensitivity.value for point in evaluation.operating_points}

    assert list(reached) == ["Youden", "sensitivity >= 0.90 (WHO)", "sensitivity >= 0.995"]
    assert reached["sensitivity >= 0.90 (WHO)"] >= 0.9
    assert reached["sensitivity >= 0.995"] == 1.0  # of 100 films


def test_folds_give_cross_fitted_cuts(rows):
    """With folds, each chosen cut has a fair figure beside it; without, it has none."""
    with_folds, without = summarise(rows, QUICK), summarise(changed(rows, fold=lambda _: None), QUICK)

    assert all(point.cross_fitted for point in with_folds.operating_points)
    assert not any(point.cross_fitted for point in without.operating_points)
    assert without.folds is None


def test_folds_have_their_own_auc_mean_and_spread(rows):
    """Mean and standard deviation are of the folds' values."""
    folds = summarise(rows, QUICK).folds
    values = [area.value for area in folds.by_fold.values()]

    assert list(folds.by_fold) == [0, 1, 2, 3, 4]
    assert sum(area.n for area in folds.by_fold.values()) == 200
    assert folds.mean == pytest.approx(np.mean(values))
    assert folds.standard_deviation == pytest.approx(np.std(values, ddof=1))


def test_a_patient_in_two_folds_is_a_leak(rows):
    """Films of one patient on both sides of a split are told."""
    evaluation = summarise(changed(rows, patient=lambda i: f"p{i // 100}"), QUICK)

    assert "2 patients stand in more than one fold: the folds leak." in evaluation.caveats


@pytest.mark.parametrize("move", [lambda s: 100 * s, lambda s: s - 5, lambda s: 20 * s - 10])
def test_scores_of_any_scale_rank_and_are_not_calibrated(rows, move):
    """Percent and logits give an AUC and cuts on their own scale, and no Brier score."""
    moved = changed(rows, score=lambda i: move(rows[i].score))
    evaluation, plain = summarise(moved, QUICK), summarise(rows, QUICK)

    assert evaluation.discrimination.auroc.value == pytest.approx(plain.discrimination.auroc.value)
    assert evaluation.operating_points[0].threshold == pytest.approx(
        move(plain.operating_points[0].threshold)
    )
    assert evaluation.calibration.brier.value is None
    assert evaluation.calibration.brier.why == "scores are not all in 0..1"
    assert any("not all in 0..1" in caveat for caveat in evaluation.caveats)


def test_a_score_turned_over_is_told(rows):
    """An AUC surely below a half hints at labels or scores turned over."""
    evaluation = summarise(changed(rows, score=lambda i: 1 - rows[i].score), QUICK)

    assert any("wrong way round" in caveat for caveat in evaluation.caveats)


def test_a_decision_is_not_a_ranking(rows):
    """A score of two values is told."""
    evaluation = summarise(changed(rows, score=lambda i: float(rows[i].score > 0.5)), QUICK)

    assert any("2 values only" in caveat for caveat in evaluation.caveats)


def test_subgroups_have_their_own_counts(rows):
    """Site, sex, and age band each divide all films, in order."""
    groups = summarise(rows, QUICK).subgroups
    by_column = {column: [g for g in groups if g.column == column] for column in ("site", "sex", "age")}

    assert [g.group for g in by_column["site"]] == ["A", "B"]
    assert [g.group for g in by_column["age"]][:3] == ["0-4", "5-14", "15-24"]
    assert [g.group for g in by_column["age"]][-1] == "65+"
    for own in by_column.values():
        assert sum(g.auroc.n for g in own) == 200


def test_films_without_a_site_are_a_group_of_their_own(rows):
    """What is not stated is shown as that, last."""
    groups = summarise(changed(rows, site=lambda i: "A" if i < 50 else None), QUICK).subgroups

    assert [g.group for g in groups if g.column == "site"] == ["A", "not stated"]


def test_one_group_is_no_subgroup(rows):
    """A column with one value says nothing that the whole table does not."""
    evaluation = summarise(
        changed(rows, site=lambda _: "A", sex=lambda _: None, age_years=lambda _: None), QUICK
    )

    assert evaluation.subgroups == ()


def test_many_sites_show_the_largest(rows):
    """A table of 100 sites shows 20."""
    groups = summarise(changed(rows, site=lambda i: f"s{i // 2}"), QUICK).subgroups

    assert len([g for g in groups if g.column == "site"]) == 20


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (0.0, "0-4"),
        (14.9, "5-14"),
        (15.0, "15-24"),
        (64.99, "55-64"),
        (65.0, "65+"),
        (120.0, "65+"),
        (None, None),
    ],
)
def test_age_bands_begin_at_their_first_year(age, band):
    """A birthday moves up."""
    assert age_band(age) == band


def test_large_tables_get_fewer_draws():
    """A thousand draws up to 100,000 films; never fewer than 100, nor more than wanted."""
    assert draws_for(100_000, 1000) == 1000
    assert draws_for(400_000, 1000) == 250
    assert draws_for(10**9, 1000) == 100
    assert draws_for(1, 200) == 200


def test_a_perfect_score_is_never_certain(rows):
    """Where every film is right, each interval has width or is left out with the reason."""
    document = summarise(changed(rows, score=lambda i: float(i % 2)), QUICK).as_json()
    estimates = [part for part in walk(document) if {"value", "low", "high", "n", "why"} <= part.keys()]

    assert document["auroc"]["value"] == 1.0
    assert all(one["low"] is None or one["low"] < one["high"] for one in estimates)


tiny = st.lists(
    st.tuples(
        st.sampled_from([0, 1, None]),
        st.one_of(st.floats(-1e300, 1e300), st.sampled_from([0.0, 0.5, 1.0])),
        st.sampled_from(["a", "b", None]),
        st.sampled_from([0, 1, None]),
    ),
    min_size=1,
    max_size=12,
).filter(lambda rows: any(label is not None for label, *_ in rows))


@given(tiny)
def test_no_table_however_small_gives_a_number_that_is_none(rows):
    """One film, one class, one patient, enormous scores: every figure is finite, or null with a reason."""
    table = [
        Prediction(f"f{i}", label, score, patient=patient, site=patient, fold=fold)
        for i, (label, score, patient, fold) in enumerate(rows)
    ]
    settings = EvaluationSettings(thresholds=(0.5,), n_draws=100)
    document = json.loads(json.dumps(summarise(table, settings).as_json(), allow_nan=False))
    estimates = [part for part in walk(document) if {"value", "low", "high", "n", "why"} <= part.keys()]

    assert estimates
    for estimate in estimates:
        assert estimate["value"] is not None or estimate["why"]
        assert (
            estimate["low"] is not None or estimate["why"] or estimate["value"] is None or estimate["method"]
        )


def walk(part):
    """Every table inside a JSON document."""
    if isinstance(part, dict):
        yield part
        for inner in part.values():
            yield from walk(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from walk(inner)


def test_a_stated_prevalence_gives_predictive_values_and_moves_the_decision_curve(rows):
    """Without one there are none, and the curve is of these films."""
    stated = summarise(rows, EvaluationSettings(n_draws=100, prevalence=0.02))
    plain = summarise(rows, QUICK)

    assert stated.operating_points[0].predictive.prevalence == 0.02
    assert (stated.decision_curve.prevalence, stated.decision_curve.is_stated) == (0.02, True)
    assert plain.operating_points[0].predictive is None
    assert (plain.decision_curve.prevalence, plain.decision_curve.is_stated) == (0.5, False)
    assert plain.as_json()["operating_points"][0]["at_prevalence"] is None


def test_rates_are_given_where_the_other_is_held(rows):
    """Sensitivity at WHO's specificity, specificity at WHO's sensitivity, with their intervals."""
    rates = summarise(rows, QUICK).discrimination.stated_rates

    assert [rate.name for rate in rates] == [
        "sensitivity at specificity 0.70",
        "specificity at sensitivity 0.90",
    ]
    assert all(rate.estimate.low < rate.estimate.value < rate.estimate.high for rate in rates)


def test_the_adjusted_auc_is_for_what_the_table_states(rows):
    """Sex and age band here; the crude one is of the same films."""
    adjusted = summarise(rows, QUICK).discrimination.adjusted

    assert adjusted.adjusted_for == ("sex", "age band")
    assert adjusted.adjusted.n == adjusted.crude.n == 200 - adjusted.n_left_out


def test_few_films_of_a_label_have_newcombes_interval_beside_delongs(rows):
    """And a caveat that says why."""
    few = [row for row in rows if row.label == 0] + [row for row in rows if row.label == 1][:8]
    evaluation = summarise(few, QUICK)
    by_film, wide = evaluation.discrimination.auroc, evaluation.discrimination.auroc_newcombe

    assert wide.value == by_film.value
    assert wide.low < by_film.low
    assert any("Newcombe's, given beside it, holds" in caveat for caveat in evaluation.caveats)


@pytest.mark.parametrize(
    "options",
    [
        {"prevalence": 0.0}, {"prevalence": float("nan")}, {"sensitivities": (0.0,)},
        {"specificities": (1.2,)}, {"least_specificity": 1.0},
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(rows, options):
    """Before anything is measured."""
    with pytest.raises(SettingsInvalid):
        summarise(rows, EvaluationSettings(n_draws=100, **options))
