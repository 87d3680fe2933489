"""A network beside its controls: what is beaten is said, and so is what is not."""

from __future__ import annotations

import numpy as np
import pytest

from explorable import film_row
from hilum.evaluation.comparison import auroc_difference, fold_aurocs
from hilum.evaluation.controls import ControlScores, patient_auroc
from hilum.evaluation.recognition import most_alike
from hilum.evaluation.site_told import TwoSites, site_told
from hilum.evaluation.verdict import JudgedFilms, control_figures, verdict

N = 200
TRUTH = np.arange(N) % 2
FOLDS = np.arange(N) // 2 % 4


def noisy(strength: float, seed: int) -> np.ndarray:
    """Scores that hold the label times `strength`, in noise of 1."""
    return TRUTH * strength + np.random.default_rng(seed).normal(size=N)


@pytest.fixture
def judged():
    """A good network's scores of 200 films."""
    films = tuple(film_row(f"f{i:03}", label=int(TRUTH[i]), patient=f"p{i:03}") for i in range(N))
    return JudgedFilms(films, FOLDS, noisy(3.0, seed=0))


def figures(judged, scores):
    """A control of all the films."""
    return control_figures(judged, ControlScores("exposure", np.arange(N), scores))


def test_a_control_that_is_beaten_is_told_as_the_best(judged):
    """The network is far above, and the sentence says by how much."""
    control = figures(judged, noisy(0.5, seed=1))

    said = verdict(patient_auroc(judged.films, judged.scores), [control])

    assert control.is_beaten
    assert "beats every control, the best being exposure" in said


def test_a_control_as_good_as_the_network_is_not_beaten(judged):
    """Whatever the AUC, a result that its control reaches says so."""
    control = figures(judged, noisy(3.0, seed=2))

    said = verdict(patient_auroc(judged.films, judged.scores), [control])

    assert not control.is_beaten
    assert "does not beat exposure" in said


def test_a_control_that_could_not_be_made_says_why(judged):
    """And has no part in the verdict."""
    control = control_figures(judged, ControlScores("age", np.arange(N), np.empty(0), "no ages"))

    assert control.auc.value is None
    assert control.auc.why == "no ages"
    assert "No control could be estimated" in verdict(patient_auroc(judged.films, judged.scores), [control])


def test_a_score_is_no_better_than_itself():
    """The difference is nothing, and so is its interval's middle."""
    scores = noisy(1.0, seed=3)

    difference = auroc_difference(TRUTH, scores, scores, [None] * N, n_draws=50)

    assert difference.value == 0
    assert difference.low <= 0 <= difference.high


def test_a_better_score_is_above_on_the_same_films():
    """The interval of the difference is narrower than those of its two parts would make it."""
    weak = noisy(1.0, seed=4)
    strong = weak + TRUTH

    difference = auroc_difference(TRUTH, strong, weak, [None] * N, n_draws=200)

    assert difference.low > 0.05
    assert difference.high - difference.low < 0.15


def test_a_fold_of_one_label_has_no_area():
    """The others keep theirs."""
    folds = np.where(TRUTH == 1, 0, FOLDS + 1)

    assert fold_aurocs(TRUTH, noisy(1.0, seed=5), folds)[0] is None


def test_a_copy_in_another_fold_is_recognised():
    """Each film's double bears its label, so likeness tells it; a double in the same fold does not help."""
    rng = np.random.default_rng(6)
    base = rng.normal(size=(20, 16))
    copies = np.vstack([base, base + rng.normal(0, 0.01, base.shape)])
    truth, rows = np.tile(np.arange(20) % 2, 2), np.arange(40)

    apart = most_alike(copies, truth, np.repeat([0, 1], 20), rows)
    together = most_alike(copies, truth, np.tile(np.arange(20) // 10, 2), rows)

    assert (apart[0].scores == truth).all()
    assert not (together[0].scores == truth).all()


def test_features_that_are_the_site_tell_it():
    """And noise does not."""
    rng = np.random.default_rng(7)
    home = tuple(film_row(f"h{i:02}", patient=f"h{i:02}", site="here") for i in range(30))
    away = tuple(film_row(f"a{i:02}", patient=f"a{i:02}", site="there") for i in range(30))
    features = {"site": np.repeat([[0.0], [1.0]], 30, axis=0), "noise": rng.normal(size=(60, 1))}
    part = TwoSites(home, away, features)

    told, noise = (site_told([part], name) for name in ("site", "noise"))

    assert told.auc.value == 1
    assert told.auc.low < 1  # all draws are alike, and still it is no certainty
    assert 0.2 < noise.auc.value < 0.8


def test_too_few_patients_tell_no_site():
    """Each fold of the regression needs two of either site."""
    home = tuple(film_row(f"h{i}", patient=f"h{i}") for i in range(3))

    told = site_told([TwoSites(home, home, {"site": np.zeros((6, 1))})], "site")

    assert told.auc.value is None
    assert "fewer than" in told.auc.why
