"""Controls: how well features that say nothing of the lungs tell the label, or the site.

A model must be read against these: what age, a black border, or the film's shape can tell needs no network.
Trap: an interval takes the scores as given, without the luck of the fit (features that tell nothing gave 0.42
to 0.56 in 95 of 100 draws of 400 films). And these are floors by a linear rule: a low figure does not show
that a network finds no short cut.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.data.explore.features import FeatureSet
from hilum.data.splits import patient_folds
from hilum.errors import ExtraMissing, TrainingRefused
from hilum.evaluation.discrimination import auroc
from hilum.evaluation.resampled_ranking import auroc_clustered
from hilum.records import Estimate, Film

N_FOLDS = 5
MIN_PATIENTS = 10  # of either class, so that each fold tests two; assumed
INVERSE_PENALTY = 1.0  # scikit-learn's default C, on standardised features

Matrix = npt.NDArray[np.float64]  # (N, F)
Truth = npt.NDArray[np.int64]  # (N,), 0 or 1


@dataclass(frozen=True, slots=True)
class Target:
    """A question with two answers, asked of some of the films."""

    name: str  # "label", "label at Shenzhen", "site Shenzhen"
    rows: npt.NDArray[np.int64]  # (M,), indices into the films
    truth: Truth  # (M,)
    why_not: str = ""  # the reason where it cannot be asked of any data like this


@dataclass(frozen=True, slots=True)
class ControlScores:
    """What a control makes of some of a run's films."""

    name: str
    rows: npt.NDArray[np.int64]  # (M,), indices into the run's films
    scores: npt.NDArray[np.float64]  # (M,), each out of the film's fold; empty where there are none
    why: str = ""  # there are none


@dataclass(frozen=True, slots=True)
class Control:
    """What one set of features tells of one target."""

    features: str
    target: str
    auc: Estimate


def trivial_controls(films: Sequence[Film], sets: Sequence[FeatureSet], *, seed: int = 0) -> list[Control]:
    """Every set of features against the label, the label inside each site, and each site.

    Args:
        films: in the order of the sets' rows.
        sets: with finite values, a row for each film.
        seed: of the folds.

    Raises:
        ExtraMissing: scikit-learn is not installed.
    """
    return [
        Control(features.name, target.name, control_auroc(films, features.values, target, seed=seed))
        for target in targets_of(films)
        for features in sets
    ]


def targets_of(films: Sequence[Film]) -> list[Target]:
    """The label; where there are several sites, the label inside each and each site against the rest."""
    sites = sorted({film.site for film in films})
    label = _label_target("label", films, sites)
    if len(sites) < 2:
        return [label, _site_target("site", films, sites[:1], why_not="one site" if sites else "no films")]
    inside = [_label_target(f"label at {site}", films, [site]) for site in sites]
    if len(sites) == 2:  # either site says it of both
        return [label, *inside, _site_target(f"site: {sites[0]} or {sites[1]}", films, sites[:1])]
    return [label, *inside, *(_site_target(f"site: {site} or another", films, [site]) for site in sites)]


def control_auroc(films: Sequence[Film], features: Matrix, target: Target, *, seed: int = 0) -> Estimate:
    """The AUC of out-of-fold scores of a logistic regression, folds by patient.

    The interval is DeLong's where every patient has one film, and by resampled patients where not.

    Raises:
        ExtraMissing: scikit-learn is not installed.
    """
    asked = [
        dataclasses.replace(films[row], label=int(truth))  # so that folds are stratified by what is asked
        for row, truth in zip(target.rows, target.truth, strict=True)
    ]
    n, n_positive = len(asked), int(target.truth.sum())
    why = _why_not(asked, features[target.rows], target)
    if why:
        return Estimate(None, None, None, n, n_positive, why=why)
    try:
        folds = np.array(patient_folds(asked, n_folds=N_FOLDS, seed=seed))
    except TrainingRefused as refusal:
        return Estimate(None, None, None, n, n_positive, why=str(refusal))
    return patient_auroc(asked, out_of_fold_scores(features[target.rows], target.truth, folds), seed=seed)


def patient_auroc(films: Sequence[Film], scores: npt.NDArray[np.float64], *, seed: int = 0) -> Estimate:
    """The AUC of scores (N,) of labelled films, with DeLong's interval or, where a patient has several films,
    by resampled patients.
    """
    truth = np.array([film.label for film in films], np.int64)
    named = [film.patient for film in films if film.patient]  # an empty name ties nothing
    if len(set(named)) < len(named):
        return auroc_clustered(truth, scores, [film.patient or None for film in films], seed=seed)
    return auroc(truth, scores)


def label_scores(
    name: str, films: Sequence[Film], features: Matrix, folds: npt.NDArray[np.int64]
) -> ControlScores:
    """How features tell the label by folds that are given, those of a network's run.

    Args:
        name: of the control.
        films: all with a label.
        features: (N, F); a film with a feature that is not finite is left out.
        folds: (N,), by patient.

    Raises:
        ExtraMissing: scikit-learn is not installed.
    """
    rows = np.flatnonzero(np.isfinite(features).all(axis=1))
    kept = [films[row] for row in rows.tolist()]
    truth = np.array([film.label for film in kept], np.int64)
    why = _why_not(kept, features[rows], Target(name, rows, truth, "" if kept else "no film has these facts"))
    if not why and any(np.ptp(truth[folds[rows] != fold]) == 0 for fold in np.unique(folds[rows])):
        why = "all films outside a fold have the same label"
    if why:
        return ControlScores(name, rows, np.empty(0), why)
    return ControlScores(name, rows, out_of_fold_scores(features[rows], truth, folds[rows]))


def out_of_fold_scores(
    features: Matrix, truth: Truth, folds: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """The log odds (N,) of each film by a regression fitted on the other folds; standardised there too.

    Raises:
        ExtraMissing: scikit-learn is not installed.
    """
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ModuleNotFoundError:
        raise ExtraMissing("the trivial-feature controls", "train") from None
    scores = np.empty(len(truth), np.float64)
    for fold in np.unique(folds):
        held_out = folds == fold
        model = make_pipeline(StandardScaler(), LogisticRegression(C=INVERSE_PENALTY, max_iter=1000))
        model.fit(features[~held_out], truth[~held_out])
        scores[held_out] = model.decision_function(features[held_out])
    return scores


def _label_target(name: str, films: Sequence[Film], sites: list[str]) -> Target:
    rows = [row for row, film in enumerate(films) if film.label is not None and film.site in sites]
    truth = np.array([films[row].label for row in rows], np.int64)
    return Target(name, np.array(rows, np.int64), truth, "" if rows else "no film has a label")


def _site_target(name: str, films: Sequence[Film], sites: list[str], why_not: str = "") -> Target:
    truth = np.array([film.site in sites for film in films], np.int64)
    return Target(name, np.arange(len(films)), truth, why_not)


def _why_not(films: list[Film], features: Matrix, target: Target) -> str:
    if target.why_not:
        return target.why_not
    n_patients = [len({film.patient for film in films if film.label == answer}) for answer in (0, 1)]
    if min(n_patients) == 0:
        return f"all {len(films)} films have the same label"
    if min(n_patients) < MIN_PATIENTS:
        return f"{min(n_patients)} patients in the smaller class, fewer than {MIN_PATIENTS}"
    if not np.ptp(features, axis=0).any():
        return "the features are the same on every film"
    return ""
