"""The AUC among people alike in sex and age."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.adjusted_auc import LEAST_CONTROLS, adjusted_auroc, people_alike
from hilum.evaluation.discrimination import auroc
from hilum.evaluation.intervals import Resampling


def resampling(n, n_draws=100):
    """Draws of n patients."""
    return Resampling(np.arange(n), np.random.default_rng(1), n_draws)


def textbook(truth, score, strata):
    """The mean over positives of the share of the stratum's negatives that score lower, ties half."""
    placements = []
    for label, own, stratum in zip(truth, score, strata, strict=True):
        others = [s for t, s, z in zip(truth, score, strata, strict=True) if not t and z == stratum]
        if label and len(others) >= LEAST_CONTROLS:
            placements.append(np.mean([(own > other) + (own == other) / 2 for other in others]))
    return np.mean(placements)


@st.composite
def tables(draw):
    """Three strata, each with enough negatives and some positives, and scores with ties."""
    rows = []
    for stratum in "abc":
        n_positive, n_negative = draw(st.integers(1, 6)), draw(st.integers(LEAST_CONTROLS, 10))
        for label in [True] * n_positive + [False] * n_negative:
            rows.append((label, float(draw(st.integers(0, 6))), stratum))
    return tuple(np.array(column) for column in zip(*rows, strict=True))


@given(tables())
def test_the_adjusted_auc_is_the_mean_placement_within_strata(table):
    """Against the definition of Janes and Pepe, film by film."""
    truth, score, strata = table
    found = adjusted_auroc(truth, score, strata.tolist(), resampling=resampling(truth.size))

    assert found.adjusted.value == pytest.approx(textbook(truth, score, strata), abs=1e-12)


def test_one_stratum_is_the_crude_auc(chance):
    """Where all are alike there is nothing to adjust for."""
    truth = chance.random(80) < 0.5
    score = chance.normal(size=80) + truth
    found = adjusted_auroc(truth, score, ["all"] * 80, resampling=resampling(80))

    assert found.adjusted.value == pytest.approx(auroc(truth, score).value)
    assert found.crude == auroc(truth, score)


def test_a_score_that_only_tells_age_is_worth_nothing_among_equals(chance):
    """The old are more often ill and score higher: crude far above a half, adjusted about a half."""
    old = chance.random(600) < 0.5
    truth = chance.random(600) < np.where(old, 0.7, 0.2)
    score = 2.0 * old + chance.normal(size=600)
    bands = np.where(old, "65+", "25-34").tolist()
    found = adjusted_auroc(truth, score, bands, resampling=resampling(600))

    assert found.crude.low > 0.6
    assert found.adjusted.low < 0.5 < found.adjusted.high
    assert found.adjusted.method == "bootstrap by patient, 100 draws"


def test_strata_with_few_negatives_are_left_out_and_counted(chance):
    """Films of no stratum, and of one with four negatives, are not in the figure nor in the crude one."""
    truth = np.r_[np.tile([True, False], 20), [True] * 6, [False] * 4, [True, False]]
    strata = ["a"] * 40 + ["b"] * 10 + [None] * 2
    found = adjusted_auroc(truth, chance.normal(size=52), strata, resampling=resampling(52))

    assert found.n_left_out == 12
    assert (found.adjusted.n, found.crude.n) == (40, 40)
    assert [(one.name, one.n_positive, one.n_negative, one.is_used) for one in found.strata] == [
        ("a", 20, 20, True),
        ("b", 6, 4, False),
    ]


def test_no_usable_stratum_gives_the_reason():
    """Not 0 and not NaN."""
    found = adjusted_auroc([1, 0], [2.0, 1.0], ["a", "b"], resampling=resampling(2))

    assert found.adjusted.value is None
    assert found.adjusted.why == "no stratum has 5 films without the finding and one with it"


def test_perfect_strata_have_no_interval():
    """All samples are alike, which is not certainty."""
    truth = np.tile([True, False], 20)
    found = adjusted_auroc(truth, truth + 0.0, ["a"] * 40, resampling=resampling(40))

    assert (found.adjusted.value, found.adjusted.low) == (1.0, None)


def test_copies_of_films_do_not_narrow_the_interval(chance):
    """Ten copies of each patient's film leave about the width of one."""
    truth = chance.random(100) < 0.5
    score = chance.normal(size=100) + truth
    copies = np.repeat(np.arange(100), 10)
    once = adjusted_auroc(truth, score, ["a"] * 100, resampling=resampling(100, 500)).adjusted
    told = adjusted_auroc(
        truth[copies], score[copies], ["a"] * 1000,
        resampling=Resampling(copies, np.random.default_rng(1), 500),
    ).adjusted  # fmt: skip

    assert told.high - told.low == pytest.approx(once.high - once.low, rel=0.15)


def test_strata_are_of_what_the_table_states():
    """Sex and age where both are stated, one where only it is, none where neither."""
    both = people_alike(["F", "M", None], ["15-24", None, "65+"])
    sex_alone = people_alike(["F", "M"], [None, None])

    assert both == (["F 15-24", None, None], ("sex", "age band"))
    assert sex_alone == (["F", "M"], ("sex",))
    assert people_alike([None], [None]) == ([None], ())
