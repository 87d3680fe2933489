"""From usable films to films taken: clusters, losses, prevalence, partial verification, and the whole "
"plan."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from hilum.errors import SettingsInvalid
from hilum.evaluation.plan_settings import PlanSettings
from hilum.evaluation.study_plan import plan_study
from hilum.evaluation.study_sampling import (
    design_effect,
    films_assured,
    sensitivity_inflation,
    specificity_inflation,
)


@pytest.mark.parametrize(
    ("n", "chance_of_one"), [(29, 0.02), (203, 0.018), (5, 0.5), (1, 0.001), (2000, 0.9)]
)
@pytest.mark.parametrize("assurance", [0.5, 0.8, 0.99])
def test_the_films_hold_the_positives(n, chance_of_one, assurance):
    """By SciPy's negative binomial: so many films hold n of a kind with the assurance, and one fewer do "
    "not."""
    films = films_assured(n, chance_of_one, assurance=assurance)

    assert films == n + stats.nbinom.ppf(assurance, n, chance_of_one)


def test_a_design_effect_is_had_in_clusters(chance):
    """The share of 4,000 samples of clusters varies as 1 + (m - 1) ICC says: a beta mixture of ICC 0.1."""
    clusters, size, icc, share = 40, 6, 0.1, 0.8
    a, b = share * (1 / icc - 1), (1 - share) * (1 / icc - 1)
    counts = chance.binomial(size, chance.beta(a, b, size=(4000, clusters)))
    seen = (counts.sum(axis=1) / (clusters * size)).var()

    told = share * (1 - share) / (clusters * size) * design_effect(icc, size)

    assert seen == pytest.approx(told, rel=0.08)


def test_partial_verification_widens_as_told(chance):
    """The weighted sensitivity and specificity of 4,000 two-phase studies vary as the two factors say."""
    sensitivity, specificity, prevalence, verified, films = 0.85, 0.7, 0.1, 0.25, 4000
    sick = chance.binomial(films, prevalence, size=4000)
    hits = chance.binomial(sick, sensitivity)
    alarms = chance.binomial(films - sick, 1 - specificity)
    unflagged = films - hits - alarms
    drawn = np.round(verified * unflagged).astype(int)
    missed = chance.hypergeometric(sick - hits, unflagged - (sick - hits), drawn) * unflagged / drawn
    clear = unflagged - missed

    seen = (hits / (hits + missed)).var(), (clear / (clear + alarms)).var()
    n_sick, n_well = films * prevalence, films * (1 - prevalence)
    of_sick = sensitivity * (1 - sensitivity) / n_sick * sensitivity_inflation(sensitivity, verified)
    of_well = specificity * (1 - specificity) / n_well
    of_well *= specificity_inflation(sensitivity, specificity, prevalence=prevalence, verified=verified)

    assert seen[0] == pytest.approx(of_sick, rel=0.08)
    assert seen[1] == pytest.approx(of_well, rel=0.08)


def test_full_verification_costs_nothing():
    """Where all unflagged films are verified both factors are 1."""
    assert sensitivity_inflation(0.9, 1.0) == 1
    assert specificity_inflation(0.9, 0.7, prevalence=0.02, verified=1.0) == 1


def test_buderers_total_is_the_larger_of_two():
    """Positives over prevalence against negatives over the rest: 145 / 0.02 = 7,250 films on average."""
    plan = plan_study(PlanSettings(sensitivity=0.9, specificity=0.7, prevalence=0.02))

    assert (plan.films.positives, plan.films.negatives) == (145, 320)
    assert plan.films.expected == 7250
    assert plan.films.assured == 145 + stats.nbinom.ppf(0.8, 145, 0.02)


def test_losses_are_made_up_for():
    """With a tenth refused and a fifth not verified it takes 1 / (0.9 x 0.8) times the films."""
    plain = plan_study(PlanSettings(sensitivity=0.9, prevalence=0.1))
    lossy = plan_study(PlanSettings(sensitivity=0.9, prevalence=0.1, refused_share=0.1, unverified_share=0.2))

    assert lossy.films.expected == math.ceil(plain.films.expected / 0.72)
    assert lossy.films.reference_tests == math.ceil(lossy.films.assured * 0.9)


def test_clusters_take_more_films():
    """An ICC of 0.05 in clusters of 5 takes 1.2 times the films: 145 x 1.2 = 174."""
    plan = plan_study(PlanSettings(sensitivity=0.9, prevalence=0.1, icc=0.05, cluster_size=5))

    assert plan.films.positives == 174
    assert plan.films.clusters == 35


def test_an_enriched_study_picks_both_kinds():
    """Films are those with and without; with a prevalence the people to screen are told."""
    plan = plan_study(PlanSettings(sensitivity=0.9, specificity=0.7, sampling="enriched", prevalence=0.02))

    assert plan.films.expected == 145 + 320
    assert plan.films.screened_for_positives == 7250
    assert plan.by_prevalence == ()


def test_a_two_phase_study_saves_tests_and_takes_films():
    """Verifying a fifth of the unflagged takes more films and fewer tests than verifying all."""
    asked = {"sensitivity": 0.9, "specificity": 0.7, "prevalence": 0.02}
    full = plan_study(PlanSettings(**asked))
    partial = plan_study(PlanSettings(**asked, sampling="two-phase", verified_share=0.2))

    assert partial.films.positives == math.ceil(145 * (1 + 0.9 * 0.8 / 0.2))
    assert partial.films.reference_tests < partial.films.assured
    assert partial.films.assured > full.films.assured


def test_the_promise_names_both_sizes():
    """29 positives carry a promise of 0.90 with 0.95; coming near it takes more, and the table has both."""
    plan = plan_study(PlanSettings(guarantee=0.9, prevalence=0.02))

    assert dict(plan.needs[0].sizes)["any threshold at all"] == 29
    assert plan.needs[0].n_positive > 29
    assert {29, plan.needs[0].n_positive} <= {step.n_positive for step in plan.steps}


def test_every_number_fits_into_json():
    """All questions at once give no NaN and no infinity."""
    settings = PlanSettings(
        sensitivity=0.9,
        specificity=0.7,
        least_sensitivity=0.8,
        least_specificity=0.6,
        auc=0.93,
        least_auc=0.85,
        reference_auc=0.9,
        margin=0.02,
        guarantee=0.9,
        prevalence=0.02,
    )

    assert json.dumps(plan_study(settings).as_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "nothing to plan for"),
        ({"sensitivity": 0.9}, "needs --prevalence"),
        ({"sensitivity": 0.9, "prevalence": 0.0}, "--prevalence must lie above 0 and below 1"),
        ({"sensitivity": 0.9, "prevalence": 1.0}, "--prevalence must lie above 0 and below 1"),
        ({"sensitivity": float("nan"), "prevalence": 0.1}, "--sensitivity must lie above 0"),
        ({"sensitivity": 0.9, "prevalence": 0.1, "refused_share": 1.0}, "must lie from 0 to below 1"),
        ({"sensitivity": 0.9, "prevalence": 0.1, "cluster_size": 0.5}, "--cluster-size must be at least 1"),
        ({"least_sensitivity": 0.8, "specificity": 0.7, "prevalence": 0.1}, "--least-sensitivity needs"),
        ({"margin": 0.05, "sensitivity": 0.9, "prevalence": 0.1}, "--margin needs the expected --auc"),
        ({"sensitivity": 0.9, "prevalence": 0.1, "sampling": "two-phase"}, "two-phase study needs"),
        ({"sensitivity": 0.9, "prevalence": 0.1, "verified_share": 0.1}, "belongs to --sampling two-phase"),
        ({"sensitivity": 0.9, "prevalence": 0.1, "icc": 0.1}, "--icc needs --cluster-size"),
    ],
)  # fmt: skip
def test_settings_that_do_not_go_together_are_told(settings, told):
    """Each gap in the question is one message that names the option."""
    with pytest.raises(SettingsInvalid, match=told):
        PlanSettings(**settings)


def test_a_vanishing_prevalence_is_told():
    """A prevalence that would take tens of millions of films ends in a message."""
    with pytest.raises(SettingsInvalid, match="is the prevalence right"):
        plan_study(PlanSettings(sensitivity=0.9, prevalence=1e-7))
