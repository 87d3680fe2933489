"""The figures by group, the test that they differ, and their gaps."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.errors import SettingsInvalid, TableInvalid
from hilum.evaluation.discrimination import auroc
from hilum.evaluation.intervals import wilson
from hilum.evaluation.subgroups import LEAST_FILMS
from hilum.evaluation.summary import EvaluationSettings, summarise
from hilum.records import Prediction


@pytest.fixture
def rows(chance):
    """240 films of as many patients: two sexes, three zones, one zone in which nothing is found."""
    truth = np.arange(240) % 2
    zone = np.array(["upper", "lower", "middle"])[np.arange(240) // 2 % 3]
    score = 1 / (1 + np.exp(-(chance.normal(size=240) + 2 * truth * (zone != "middle") - 1)))
    return [
        Prediction(f"f{i}", int(truth[i]), float(score[i]), patient=f"p{i}", sex="FM"[i // 2 % 2],
                   extra={"zone": str(zone[i]), "device": ""})
        for i in range(240)
    ]  # fmt: skip


def summed(rows, **options):
    return summarise(rows, EvaluationSettings(n_draws=100, thresholds=(0.5,), **options))


def group(evaluation, column, name):
    return next(one for one in evaluation.subgroups if (one.column, one.group) == (column, name))


def test_a_named_column_divides_the_films(rows):
    """Any column of the table may be asked for; each group has its own films' figures."""
    found = group(summed(rows, subgroup_columns=("zone",)), "zone", "upper")
    own = [row for row in rows if row.extra["zone"] == "upper"]
    flagged = [row.score >= 0.5 for row in own if row.label == 1]

    assert found.n_patients == 80
    assert found.auroc == auroc([row.label for row in own], [row.score for row in own])
    assert found.sensitivity.value == pytest.approx(np.mean(flagged))
    assert (found.sensitivity.low, found.sensitivity.high) == (
        wilson(sum(flagged), 40).low,
        wilson(sum(flagged), 40).high,
    )
    assert found.calibration_gap.value == pytest.approx(np.mean([row.score - row.label for row in own]))


def test_a_column_that_is_not_there_is_refused_by_name(rows):
    """The message lists what there is."""
    with pytest.raises(TableInvalid, match=r"no column 'quality' to group by \(found: .*zone, device\)"):
        summed(rows, subgroup_columns=("quality",))


def test_a_column_without_values_is_no_subgroup(rows):
    """All cells empty: nothing to divide."""
    assert not any(one.column == "device" for one in summed(rows, subgroup_columns=("device",)).subgroups)


def test_few_films_are_not_estimable_and_say_how_many_it_takes(rows):
    """Nine positive films of a site: no AUC, no sensitivity, and the number that is needed."""
    moved = [
        Prediction(row.film, row.label, row.score, site="small" if i < 18 else "large")
        for i, row in enumerate(rows)
    ]
    found = group(summed(moved), "site", "small")

    assert found.auroc.value is None
    assert found.auroc.why == f"not estimable: 9 positive films, and it takes {LEAST_FILMS}"
    assert found.sensitivity.why == found.auroc.why
    assert found.specificity.why == f"not estimable: 9 negative films, and it takes {LEAST_FILMS}"


def test_groups_of_positive_films_alone_have_a_sensitivity(rows):
    """A kind of disease is stated for the ill alone: no AUC, but sensitivity by kind."""
    kinds = [
        Prediction(row.film, row.label, row.score, extra={"kind": "ab"[i // 2 % 2] if row.label else ""})
        for i, row in enumerate(rows)
    ]
    found = group(summed(kinds, subgroup_columns=("kind",)), "kind", "a")

    assert (found.auroc.value, found.auroc.why) == (None, "no negative film")
    assert (found.sensitivity.n, found.specificity.value) == (60, None)


def test_groups_are_judged_at_the_named_point(rows):
    """By name; without one at the first given threshold; an unknown name is refused, with those there are."""
    named = summed(rows, named_thresholds=(("of the bundle", 0.3),), subgroup_point="of the bundle")

    assert named.groups.point.threshold == 0.3
    assert summed(rows).groups.point.name == "threshold 0.5"
    with pytest.raises(SettingsInvalid, match="'of the bundle'"):
        summed(rows, subgroup_point="of the bundle")


def test_without_a_given_point_groups_are_judged_at_the_sensitivity_sought(rows):
    """And the point says that it was chosen on these films."""
    point = summarise(rows, EvaluationSettings(n_draws=100)).groups.point

    assert point.name == "sensitivity >= 0.90 (WHO)"
    assert point.source == "optimistic: chosen on these films"


def test_a_zone_that_is_missed_is_told_by_the_test_and_the_gap(rows):
    """AUC differs by zone and not by sex; p values are Holm's over all questions."""
    found = summed(rows, subgroup_columns=("zone",)).groups
    tests = {(one.column, one.figure): one for one in found.interactions}
    widest = next(g for g in found.gaps if g.is_widest and (g.column, g.figure) == ("zone", "auroc"))

    assert tests["zone", "auroc"].p_adjusted < 0.001
    assert tests["sex", "auroc"].p_adjusted > 0.05
    assert tests["zone", "auroc"].n_groups == 3
    assert widest.against == "middle"
    assert 0 < widest.difference.low < widest.difference.value
    assert widest.difference.method == "squared and added, for 3 pairs at once"


def test_each_group_stands_against_all_others(rows):
    """Three zones: three gaps a figure against the rest, the missed zone's below nought."""
    gaps = summed(rows, subgroup_columns=("zone",)).groups.gaps
    own = [g for g in gaps if (g.column, g.figure, g.is_widest) == ("zone", "auroc", False)]

    assert [(g.group, g.against) for g in own] == [
        ("lower", "all others"),
        ("middle", "all others"),
        ("upper", "all others"),
    ]
    assert own[1].difference.high < 0
    assert all(g.difference.n == 240 for g in own)


def test_two_groups_have_one_gap_a_figure(rows):
    """Against the other is against the rest: told once."""
    gaps = [g for g in summed(rows).groups.gaps if g.column == "sex"]

    assert len(gaps) == 4
    assert all({g.group, g.against} == {"F", "M"} and g.is_widest for g in gaps)


def test_groups_of_repeated_patients_have_intervals_over_patients(rows):
    """Ten copies of each film leave every group's interval as wide as before."""
    copies = [
        Prediction(f"{row.film}-{k}", row.label, row.score, patient=row.patient, sex=row.sex, extra=row.extra)
        for row in rows
        for k in range(10)
    ]
    once, told = (group(summed(table), "sex", "F") for table in (rows, copies))
    for figure in ("auroc", "sensitivity", "specificity", "calibration_gap"):
        one, other = getattr(once, figure), getattr(told, figure)

        assert other.high - other.low == pytest.approx(one.high - one.low, rel=0.02)
        assert "by patient" in other.method


def test_films_that_state_no_group_stand_apart(rows):
    """They are shown, and take no part in test and gap."""
    some = [
        Prediction(row.film, row.label, row.score, sex=row.sex if i % 4 < 2 else None)
        for i, row in enumerate(rows)
    ]
    found = summed(some).groups

    assert group(summed(some), "sex", "not stated").auroc.n == 120
    assert not any("not stated" in (g.group, g.against) for g in found.gaps)


def test_scores_of_another_scale_have_no_calibration_by_group(rows):
    """The reason stands in each group, and no test is made of it."""
    moved = [Prediction(row.film, row.label, 100 * row.score, sex=row.sex) for row in rows]
    found = summed(moved).groups
    test = next(one for one in found.interactions if one.figure == "calibration_gap")

    assert found.subgroups[0].calibration_gap.why == "scores are not all in 0..1"
    assert (test.p_value, test.why[:13]) == (None, "not estimable")


@pytest.mark.slow
def test_alike_groups_are_told_apart_about_one_time_in_twenty(chance):
    """The level of the test of AUCs, in three groups of 40 films drawn alike."""
    told = 0
    for _ in range(300):
        truth = np.arange(120) % 2
        score = chance.normal(size=120) + 1.2 * truth
        table = [
            Prediction(f"f{i}", int(truth[i]), float(score[i]), site="abc"[i // 2 % 3]) for i in range(120)
        ]
        found = summarise(table, EvaluationSettings(n_draws=100, sensitivities=())).groups
        told += next(one for one in found.interactions if one.figure == "auroc").p_value < 0.05

    assert 0.02 < told / 300 < 0.10
