"""The alarm holds its stated rate, and its figures are those of the two-sample statistics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from hilum.evaluation.alarm import AlarmRule, judge
from hilum.evaluation.drift import ks_distance, ks_p_value, stability_index
from hilum.evaluation.window_figures import mix_figure, score_figures, share_figure

RULE = AlarmRule(windows_per_false_alarm=20)
PARTS = st.lists(st.sampled_from([0.0, 0.2, 0.2001, 0.7, 1.0, np.nan]), min_size=2, max_size=30)


def pool_of(before, now):
    """Two sets of scores as a pool, and which of it is the window."""
    pool = np.concatenate([np.asarray(before, np.float64), np.asarray(now, np.float64)])
    return pool, np.arange(pool.size) >= len(before)


def figures_of(score):
    """Every figure of scores with refusals."""
    is_scored = ~np.isnan(score)
    return score_figures(score) | {
        "flag rate": share_figure(np.greater_equal(score, 0.5), is_scored),
        "refusal rate": share_figure(~is_scored, np.ones(score.size, np.bool_)),
    }


def test_a_false_alarm_comes_as_often_as_stated(chance):
    """300 windows of 30 films against 120: one in 10, give or take three standard errors (0.052)."""
    alarms = 0
    for seed in range(300):
        score, in_window = pool_of(chance.normal(size=120), chance.normal(size=30))
        score[chance.random(score.size) < 0.1] = np.nan
        alarms += judge(figures_of(score), in_window, AlarmRule(10, seed)).is_alarm

    assert 0.1 - 0.052 < alarms / 300 < 0.1 + 0.052


def test_a_shift_as_published_is_seen_in_a_hundred_films(chance):
    """A median that moves from .35 to .61 raises the alarm."""
    before, now = chance.normal(-0.62, 1.5, 500), chance.normal(0.45, 1.5, 100)
    score, in_window = pool_of(1 / (1 + np.exp(-before)), 1 / (1 + np.exp(-now)))
    verdict = judge(figures_of(score), in_window, AlarmRule(100))

    assert verdict.is_alarm
    assert "median" in verdict.raised_by
    assert verdict.p == pytest.approx(1 / 2000)


def test_the_same_seed_gives_the_same_verdict(chance):
    """No hidden chance."""
    score, in_window = pool_of(chance.random(50), chance.random(20))

    assert judge(figures_of(score), in_window, RULE) == judge(figures_of(score), in_window, RULE)


def test_looking_at_more_figures_never_lowers_a_p(chance):
    """A p among all is at least the p alone, and one figure looked at twice counts once."""
    score, in_window = pool_of(chance.random(60), chance.random(20) + 0.2)
    verdict = judge(figures_of(score), in_window, RULE)
    one = score_figures(score)["median"]
    twice = judge({"a": one, "b": one}, in_window, RULE)

    assert all(verdict.adjusted[name] >= p - 1 / 400 for name, p in verdict.p_values.items())
    assert twice.adjusted["a"] <= twice.p_values["a"]


@settings(max_examples=40)
@given(PARTS, PARTS)
def test_a_verdict_is_a_share_whatever_the_scores(before, now):
    """Ties, one film, all refused: every p lies above 0 and up to 1."""
    score, in_window = pool_of(before, now)
    verdict = judge(figures_of(score), in_window, RULE)

    assert all(0 < p <= 1 for p in (*verdict.p_values.values(), *verdict.adjusted.values()))


@pytest.mark.parametrize("value", [0.4, np.nan])
def test_films_that_are_all_alike_raise_no_alarm(value):
    """Nothing differs where all scores are equal, or all films were refused."""
    score, in_window = pool_of(np.full(30, value), np.full(10, value))

    assert judge(figures_of(score), in_window, RULE).p == 1


def test_no_figure_is_no_alarm():
    """Where nothing can be compared nothing is raised."""
    assert not judge({}, np.array([False, True]), RULE).is_alarm


def test_the_distances_order_windows_as_ks_and_psi_do(chance):
    """KS is scaled by (N - n) / N, and PSI is the same number."""
    before, now = chance.random(80).round(1), chance.random(20).round(1)
    score, in_window = pool_of(before, now)
    figures, places = score_figures(score), np.flatnonzero(in_window)[None]

    assert figures["distribution (KS)"](places)[0] * 100 / 80 == pytest.approx(ks_distance(before, now))
    assert figures["distribution (PSI)"](places)[0] == pytest.approx(stability_index(before, now).value)
    assert figures["median"](places)[0] == pytest.approx(abs(np.median(now) - np.median(score)))


def test_the_drawn_p_of_ks_is_the_exact_one(chance):
    """Within the error of 4,000 draws."""
    score, in_window = pool_of(chance.random(60), chance.random(25) * 0.8)
    verdict = judge(score_figures(score), in_window, AlarmRule(200))
    exact = ks_p_value(score[~in_window], score[in_window])

    assert verdict.p_values["distribution (KS)"] == pytest.approx(exact, abs=0.025)


def test_a_mix_is_as_far_as_pearson_has_it(chance):
    """The distance times N / (N - n) is chi-squared of the table of two rows."""
    groups = chance.choice(["A", "B", None], 90)
    in_window = np.arange(90) >= 60
    table = [
        [int((groups[side] == name).sum()) for name in ("A", "B", None)] for side in (~in_window, in_window)
    ]
    expected = chi2_contingency(table, correction=False).statistic

    assert mix_figure(list(groups))(np.flatnonzero(in_window)[None])[0] * 90 / 60 == pytest.approx(expected)


def test_within_strata_a_changed_mix_is_no_evidence(chance):
    """The second site scores higher and sends more films: an alarm on the whole, none within sites."""
    sites = np.concatenate([np.arange(400) % 2, np.arange(200) % 10 > 0]).astype(np.int64)
    score = chance.normal(sites * 1.5)
    in_window = np.arange(600) >= 400

    assert judge(score_figures(score), in_window, RULE).is_alarm
    assert judge(score_figures(score), in_window, RULE, strata=sites).p > 0.05


@pytest.mark.parametrize(("films", "draws"), [(1, 1999), (50, 1999), (100_000, 500), (10_000_000, 399)])
def test_large_windows_are_judged_on_fewer_draws(films, draws):
    """Never so few that the stated rate could not be reached."""
    assert AlarmRule(100).n_draws(films) == draws
