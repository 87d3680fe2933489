"""The AUC's interval over patients without resampling: as quick as DeLong's, and equal where none repeats.

Trap: it is a large-sample interval; with a dozen patients of a label it errs, and the bootstrap too.
Source: Obuchowski 1997 (Biometrics 53:567), the variance of the AUC of clustered films.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hilum.evaluation.discrimination import NO_SPREAD, Floats, auroc, missing_class, rank_films
from hilum.evaluation.intervals import CONFIDENCE, newcombe_auc, normal_quantile
from hilum.evaluation.vectors import Codes, as_scores, as_truth, count_patients, renumbered
from hilum.records import Estimate


def auroc_by_patient(
    truth: npt.ArrayLike, score: npt.ArrayLike, codes: Codes, *, confidence: float = CONFIDENCE
) -> Estimate:
    """The AUC with Obuchowski's interval over patients; DeLong's where every film is another patient's.

    Args:
        codes: (N,) the patient of each film, numbered from 0; gaps are allowed.
    """
    labels = as_truth(truth)
    scores = as_scores(score, like=labels)
    n_positive = int(labels.sum())
    missing = missing_class(n_positive, labels.size - n_positive)
    if missing is not None:
        return missing
    patients = renumbered(codes)
    if patients.size == patients.max() + 1:
        return auroc(labels, scores, confidence=confidence)
    of_positives, of_negatives = (count_patients(patients[part]) for part in (labels, ~labels))
    value, placed = placements(labels, scores)
    variance = float(placement_covariance((placed - value)[None], labels, patients)[0, 0])
    if min(of_positives, of_negatives) < 2:
        why = "no interval: it needs at least 2 patients with films of each label"
        return Estimate(value, None, None, n=labels.size, n_positive=n_positive, why=why)
    if variance < NO_SPREAD:
        wide = newcombe_auc(value, of_positives, of_negatives, confidence)
        method = "Newcombe over patients (all films alike)"
        return Estimate(value, wide.low, wide.high, n=labels.size, n_positive=n_positive, method=method)
    half = normal_quantile(confidence) * float(np.sqrt(variance))
    low, high = max(0.0, value - half), min(1.0, value + half)
    return Estimate(value, low, high, n=labels.size, n_positive=n_positive, method="Obuchowski, by patient")


def placements(labels: npt.NDArray[np.bool_], scores: Floats) -> tuple[float, Floats]:
    """The AUC, and for each film the share of films of the other label on its right side: (N,)."""
    ranking = rank_films(labels, scores)
    positives, negatives = ranking.counts()
    below = 1 - (np.cumsum(negatives) - negatives / 2) / negatives.sum()
    above = (np.cumsum(positives) - positives / 2) / positives.sum()
    sizes = np.diff(np.r_[ranking.starts, labels.size])
    placed = np.empty(labels.size)
    placed[ranking.order] = np.where(ranking.truth, np.repeat(below, sizes), np.repeat(above, sizes))
    return float(positives @ below / positives.sum()), placed


def placement_covariance(moved: Floats, labels: npt.NDArray[np.bool_], patients: Codes) -> Floats:
    """How the AUCs of R scores of the same films vary and go together: (R, R).

    Placements are summed by patient, with the pull between a patient's two labels; where every film is
    another patient's, this is DeLong's.

    Args:
        moved: (R, N) each film's placement less the AUC.
        patients: (N,) numbered from 0 without gaps.
    """
    sick = np.stack([np.bincount(patients, weights=row * labels) for row in moved])
    well = np.stack([np.bincount(patients, weights=row * ~labels) for row in moved])
    n_sick, n_well, n = int(labels.sum()), int((~labels).sum()), sick.shape[1]
    with_sick, with_well = (count_patients(patients[part]) for part in (labels, ~labels))
    across = sick @ well.T
    covariance = with_sick / max(with_sick - 1, 1) * (sick @ sick.T) / n_sick**2
    covariance += with_well / max(with_well - 1, 1) * (well @ well.T) / n_well**2
    covariance += n / max(n - 1, 1) * (across + across.T) / (n_sick * n_well)
    return np.asarray(covariance, np.float64)
