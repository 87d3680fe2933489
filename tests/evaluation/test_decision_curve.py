"""Net benefit and the decision curve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.decision_curve import decision_curve

# Published: net benefit of treating all at a prevalence of 0.30 (PMC6993280, table 4), to three places.
TREAT_ALL = {0.03: 0.278, 0.05: 0.263, 0.08: 0.239, 0.10: 0.222, 0.20: 0.125, 0.30: 0.0, 0.40: -0.167,
             0.50: -0.4, 0.60: -0.75, 0.70: -1.333, 0.80: -2.5, 0.90: -6.0, 0.96: -16.5}  # fmt: skip


@pytest.fixture
def films(chance):
    """Labels and probabilities of 400 films."""
    chances = chance.random(400) ** 2
    return chance.random(400) < chances, chances


def test_treating_all_is_worth_what_was_published():
    """At a stated prevalence of 0.30, to the three places of the table."""
    curve = decision_curve([0, 1], [0.2, 0.8], prevalence=0.3, thresholds=list(TREAT_ALL))

    for point in curve.points:
        assert point.treat_all.value == pytest.approx(TREAT_ALL[point.threshold], abs=6e-4)


def test_net_benefit_is_counted_by_hand():
    """Ten films at a threshold of 0.2: three hits and two false alarms."""
    truth = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    chances = [0.9, 0.5, 0.2, 0.1, 0.3, 0.2, 0.1, 0.1, 0.0, 0.0]
    point = decision_curve(truth, chances, thresholds=[0.2]).points[0]

    assert point.model.value == pytest.approx(3 / 10 - 2 / 10 * 0.2 / 0.8)
    assert point.treat_all.value == pytest.approx(4 / 10 - 6 / 10 * 0.2 / 0.8)


def test_the_tables_own_prevalence_changes_no_value(films):
    """Stating the share of positives that the films have leaves the curve; its interval is then narrower."""
    own = decision_curve(*films)
    stated = decision_curve(*films, prevalence=float(films[0].mean()))
    for one, other in zip(own.points, stated.points, strict=True):
        assert other.model.value == pytest.approx(one.model.value, abs=1e-12)
    widths = [(point.model.high - point.model.low) for point in (own.points[9], stated.points[9])]

    assert widths[1] < widths[0]


def test_the_interval_is_that_of_a_mean(films):
    """At the films' own prevalence net benefit is a mean over films, with the normal interval of one."""
    truth, chances = films
    point = decision_curve(truth, chances, thresholds=[0.25]).points[0].model
    worth = (truth & (chances >= 0.25)) - (~truth & (chances >= 0.25)) * 0.25 / 0.75
    half = 1.959963984540054 * worth.std(ddof=1) / np.sqrt(400)

    assert (point.value, point.high - point.value) == pytest.approx((worth.mean(), half))


def test_the_interval_at_a_stated_prevalence_is_that_of_its_draws(films, chance):
    """Against a bootstrap of the films within each label."""
    truth, chances = films
    flagged = chances >= 0.25
    point = decision_curve(truth, chances, thresholds=[0.25], prevalence=0.02).points[0].model
    draws = []
    for _ in range(2000):
        sick, well = (chance.choice(flagged[part], part.sum()) for part in (truth, ~truth))
        draws.append(0.02 * sick.mean() - 0.98 * well.mean() * 0.25 / 0.75)

    assert point.high - point.low == pytest.approx(2 * 1.96 * np.std(draws), rel=0.06)


def test_copies_of_films_do_not_narrow_the_interval(films):
    """Ten copies of each patient's film."""
    truth, chances = films
    copies = np.repeat(np.arange(400), 10)
    for prevalence in (None, 0.05):
        once = decision_curve(truth, chances, prevalence=prevalence, codes=np.arange(400)).points[20].model
        told = decision_curve(truth[copies], chances[copies], prevalence=prevalence, codes=copies).points[20]

        assert told.model.high - told.model.low == pytest.approx(once.high - once.low)


def test_treating_all_at_a_stated_prevalence_has_no_interval():
    """Nothing in it is measured, and it says so."""
    point = decision_curve([0, 1, 1], [0.2, 0.4, 0.8], prevalence=0.1).points[0]

    assert point.treat_all.low is None
    assert point.treat_all.why == "no interval: it follows from the prevalence"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prevalence": 0.0}, "prevalence"),
        ({"prevalence": 1.5}, "prevalence"),
        ({"thresholds": [0.0]}, "threshold probability"),
        ({"thresholds": [1.0]}, "threshold probability"),
        ({"thresholds": [float("nan")]}, "threshold probability"),
    ],
)
def test_impossible_settings_are_refused(options, message):
    """A prevalence and a threshold lie between 0 and 1."""
    with pytest.raises(ValueError, match=message):
        decision_curve([0, 1], [0.2, 0.8], **options)


def test_scores_that_are_no_probabilities_are_refused():
    """A threshold probability means nothing on another scale."""
    with pytest.raises(ValueError, match=r"0\.\.1"):
        decision_curve([0, 1], [-1.0, 3.0])


def test_one_label_has_no_curve():
    """And says why."""
    assert decision_curve([1, 1], [0.2, 0.8]).why == "all films have the same label"


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=30))
def test_a_net_benefit_is_never_above_the_prevalence(rows):
    """No score is worth more than finding every case and alarming nobody."""
    truth, chances = zip(*rows, strict=True)
    curve = decision_curve(truth, chances)

    assert all(point.model.value <= np.mean(truth) + 1e-12 for point in curve.points)
