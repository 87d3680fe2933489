"""The figures of R's pROC on its own example films, recorded from its test suite.

Provenance: github.com/xrobin/pROC, tests/testthat, data set aSAH (113 people with a subarachnoid haemorrhage,
41 with a poor outcome): the curve of `ndka` from helper-roc-expected.R (commit 0a45042f), of `s100b` from
helper-coords-expected.R (13196e39), the figures from test-auc.R (3a2663e3), test-ci.auc.R (13bdf2cf),
test-var.R (2bacb194), and print_output/r.s100b and r.s100b.partial1 (579538948 and 701789973 of the crawl).
The curves' steps give back the order of the people, which is all that these figures depend on.
"""

from __future__ import annotations

import numpy as np
import pytest

from hilum.evaluation.discrimination import auroc, delong, rank_films
from hilum.evaluation.obuchowski import auroc_by_patient
from hilum.evaluation.partial_auc import partial_auroc_from
from hilum.evaluation.resampled_ranking import StepCurve

# From the lowest value up: p has the outcome, n has not, b is one of each at the same value.
NDKA = (
    "npnnpppnnnnnnnnnpnnnnnnppnnpnnnnpbnnnnpnnpnnnnnnpppnpnnpnnnnnpnbnnpnnppnppnnbppnnnpnnnnppppnnpnnnppppnnpnpnp"
    "np"
)
# Of s100b, below each threshold: people without the outcome, and people with it above it.
S100B = (
    (0, 41), (0, 40), (5, 40), (8, 40), (10, 40), (16, 37), (22, 36), (28, 34), (35, 32), (39, 31), (39, 30),
    (42, 28), (46, 27), (50, 27), (53, 26), (55, 26), (56, 26), (58, 26), (58, 25), (58, 24), (59, 24),
    (59, 23), (59, 22), (59, 21), (60, 21), (60, 20), (61, 19), (62, 18), (63, 18), (63, 17), (64, 17),
    (64, 16), (65, 16), (65, 14), (66, 14), (67, 14), (69, 14), (70, 13), (70, 12), (72, 12), (72, 11),
    (72, 10), (72, 9), (72, 8), (72, 6), (72, 5), (72, 4), (72, 3), (72, 2), (72, 1), (72, 0),
)  # fmt: skip


def ndka():
    """Labels and places of the 113 people."""
    pairs = [(label, at) for at, step in enumerate(NDKA) for label in {"p": [1], "n": [0], "b": [0, 1]}[step]]
    return np.array([label for label, _ in pairs]), np.array([at for _, at in pairs], float)


def s100b():
    """Labels and places of the 113 people, with many ties."""
    labels, places = [], []
    for at, (before, after) in enumerate(zip(S100B[:-1], S100B[1:], strict=True)):
        own = [0] * (after[0] - before[0]) + [1] * (before[1] - after[1])
        labels += own
        places += [at] * len(own)
    return np.array(labels), np.array(places, float)


def curve(labels, places):
    return StepCurve.of_counts(*rank_films(labels == 1, places).counts())


def test_the_examples_are_pRocs():
    """41 people with a poor outcome and 72 without, in both."""
    for labels, _ in (ndka(), s100b()):
        assert (labels.sum(), (labels == 0).sum()) == (41, 72)


def test_delongs_interval_is_procs():
    """ci.auc of ndka."""
    area = auroc(*ndka())

    assert (area.low, area.value, area.high) == pytest.approx(
        (0.501244999271703, 0.611957994579946, 0.722670989888189), abs=1e-12
    )


def test_delongs_variance_is_procs():
    """var of both markers, the second with ties in plenty."""
    for (labels, places), expected in ((ndka(), 0.0031908105493913), (s100b(), 0.00266868245717244)):
        value, variance = delong(*rank_films(labels == 1, places).counts())

        assert variance == pytest.approx(expected, abs=1e-14)
    assert value == pytest.approx(0.7314, abs=5e-5)


def test_the_interval_over_patients_is_procs_where_none_repeats():
    """Obuchowski's form is DeLong's for single films, against the same figure."""
    labels, places = ndka()

    assert auroc_by_patient(labels, places, np.arange(labels.size)).high == pytest.approx(0.722670989888189)


def test_the_partial_area_is_procs():
    """auc with partial.auc = c(1, .9), plain and as McClish corrects it, and c(1, 0)."""
    partial = partial_auroc_from(*ndka(), least_specificity=0.9)

    assert partial.area.value == pytest.approx(0.0107046070460705, abs=1e-14)
    assert partial.standardised.value == pytest.approx(0.530024247610897, abs=1e-12)
    whole = partial_auroc_from(*ndka(), least_specificity=0.0)
    assert whole.standardised.value == pytest.approx(0.611957994579946, abs=1e-12)


def test_partial_areas_between_two_specificities_are_procs():
    """Differences of two partial areas: c(.9, .8) and c(.5, 0) of ndka, c(.99, .9) of s100b."""
    own = curve(*ndka())

    assert own.partial_area(0.2) - own.partial_area(0.1) == pytest.approx(0.0277777777777778, abs=1e-14)
    assert own.partial_area(1.0) - own.partial_area(0.5) == pytest.approx(0.416836043360434, abs=1e-13)
    tied = curve(*s100b())
    assert tied.partial_area(0.1) - tied.partial_area(0.01) == pytest.approx(0.02983, abs=5e-6)
