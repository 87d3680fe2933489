"""How well what a network makes of a film, or what goes into it, tells one site from another.

Trap: features of two networks have nothing in common but their number. To pool those of several folds'
networks would tell the networks apart, not the sites; so each network is asked alone, about films that it did
not learn from, and the figure is the mean of their AUCs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hilum.data.splits import patient_folds
from hilum.errors import TrainingRefused
from hilum.evaluation.comparison import mean_auroc
from hilum.evaluation.controls import MIN_PATIENTS, N_FOLDS, Matrix, out_of_fold_scores
from hilum.evaluation.discrimination import Ranking, rank_films
from hilum.evaluation.intervals import from_draws, newcombe_auc
from hilum.evaluation.vectors import Codes
from hilum.records import Estimate, Film


@dataclass(frozen=True, slots=True)
class TwoSites:
    """Films of two sites as one network, or nobody, sees them."""

    home: tuple[Film, ...]
    away: tuple[Film, ...]
    features: Mapping[str, Matrix]  # name of a set -> (H + A, F), home first


@dataclass(frozen=True, slots=True)
class SiteTold:
    """How well one set of features tells home from away."""

    features: str
    auc: Estimate  # n is of distinct films, n_positive of those at home
    fold_aucs: tuple[float, ...]  # of each network

    def as_json(self) -> dict[str, Any]:
        return {"features": self.features, "auc": self.auc.as_json(), "fold_aucs": list(self.fold_aucs)}


def site_told(parts: Sequence[TwoSites], name: str, *, seed: int = 0) -> SiteTold:
    """The mean over parts of the AUC of a logistic regression's scores, out of fold by patient.

    Args:
        parts: one for each network: the home films that it did not learn from, and those of away.
        name: of the set of features.
        seed: of the folds of the regressions, and of the resampled patients.

    Raises:
        ExtraMissing: scikit-learn is not installed.
    """
    home = {film.film for part in parts for film in part.home}
    n = len(home) + len({film.film for part in parts for film in part.away})
    why = next((why for part in parts if (why := _why_not(part, name))), "" if parts else "no network")
    if why:
        return SiteTold(name, Estimate(None, None, None, n, len(home), why=why), ())
    try:
        rankings = [_ranking(part, part.features[name], seed) for part in parts]
    except TrainingRefused as refusal:
        return SiteTold(name, Estimate(None, None, None, n, len(home), why=str(refusal)), ())
    codes, n_home = _patient_codes(parts)
    values, draws = mean_auroc(rankings, codes, seed=seed)
    estimate = from_draws(Estimate(float(np.mean(values)), None, None, n, len(home)), draws)
    if estimate.value is not None and estimate.low is not None and estimate.low == estimate.high:
        n_away = len({code for each in codes for code in each.tolist()}) - n_home
        wide = newcombe_auc(estimate.value, n_home, n_away)
        estimate = dataclasses.replace(
            estimate, low=wide.low, high=wide.high, method="Newcombe over patients (all draws alike)"
        )
    return SiteTold(name, estimate, tuple(values))


def _why_not(part: TwoSites, name: str) -> str:
    if name not in part.features:
        return "the network keeps no feature map"
    fewest = min(len({_patient(film) for film in films}) for films in (part.home, part.away))
    if fewest < MIN_PATIENTS:
        return f"{fewest} patients of a site for a network, fewer than {MIN_PATIENTS}"
    return ""


def _ranking(part: TwoSites, features: Matrix, seed: int) -> Ranking:
    films = [dataclasses.replace(film, label=1, site="home") for film in part.home]
    films += [dataclasses.replace(film, label=0, site="away") for film in part.away]
    folds = np.array(patient_folds(films, n_folds=N_FOLDS, seed=seed))
    truth = np.array([film.label for film in films], np.int64)
    return rank_films(truth == 1, out_of_fold_scores(features, truth, folds))


def _patient_codes(parts: Sequence[TwoSites]) -> tuple[list[Codes], int]:
    """Each part's patients as numbers, a patient the same in every part; and how many are at home."""
    seen: dict[tuple[str, str, str], int] = {}
    for part in parts:
        for film in part.home:
            seen.setdefault(("home", *_patient(film)), len(seen))
    n_home = len(seen)
    codes = []
    for part in parts:
        keys = [("home", *_patient(film)) for film in part.home]
        keys += [("away", *_patient(film)) for film in part.away]
        codes.append(np.array([seen.setdefault(key, len(seen)) for key in keys], np.int64))
    return codes, n_home


def _patient(film: Film) -> tuple[str, str]:
    return ("patient", film.patient) if film.patient else ("film", film.film)
