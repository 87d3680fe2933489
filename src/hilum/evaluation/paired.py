"""The AUCs of several scores of the same films, how they err together, and how far two lie apart.

One sort a score and one matrix product (Sun and Xu's fast form), for films as units and for patients alike.
Trap: two overlapping intervals do not show that two AUCs are alike, and a large p value shows it no more;
only the difference's own interval says how far apart the two may be. Sources: DeLong 1988 (Biometrics
44:837); Sun and Xu 2014 (IEEE SPL 21:1389); Obuchowski 1997 (Biometrics 53:567) where patients repeat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from hilum.evaluation.discrimination import NO_SPREAD, Floats, missing_class
from hilum.evaluation.intervals import CONFIDENCE, newcombe_auc, normal_quantile, squared_and_added
from hilum.evaluation.obuchowski import placement_covariance, placements
from hilum.evaluation.vectors import Codes, as_scores, as_truth
from hilum.records import Estimate

ALIKE = "both rank these films alike, so there is no difference to test"


@dataclass(frozen=True, slots=True)
class PairedAurocs:
    """The AUCs of R scores, and their covariance; for films of both labels."""

    values: Floats  # (R,)
    covariance: Floats | None  # (R, R); None where a label has fewer than 2 patients
    ranks: Codes  # (R, N) each film's place among the score's distinct values
    n: int
    n_positive: int
    of_patients: tuple[int, int]  # how many have films with the finding, and without
    is_clustered: bool

    @property
    def method(self) -> str:
        return "Obuchowski, by patient" if self.is_clustered else "DeLong"

    def auroc(self, at: int, confidence: float = CONFIDENCE) -> Estimate:
        """The AUC of one score, clipped to 0..1."""
        value = float(self.values[at])
        if self.covariance is None:
            return self._without(value)
        variance = float(self.covariance[at, at])
        if variance < NO_SPREAD:
            wide = newcombe_auc(value, *self.of_patients, confidence)
            return Estimate(value, wide.low, wide.high, self.n, self.n_positive, "Newcombe")
        half = normal_quantile(confidence) * float(np.sqrt(variance))
        low, high = max(0.0, value - half), min(1.0, value + half)
        return Estimate(value, low, high, self.n, self.n_positive, self.method)

    def difference(self, reference: int, candidate: int, confidence: float = CONFIDENCE) -> Estimate:
        """The candidate's AUC less the reference's.

        Without spread the interval is Newcombe's, as of two separate tables and so too wide, unless the two
        rank every film alike: then there is none.
        """
        value = float(self.values[candidate] - self.values[reference])
        variance = self._variance(reference, candidate)
        if variance is None:
            return self._without(value)
        if self._are_alike(reference, candidate):
            return Estimate(value, None, None, self.n, self.n_positive, why=ALIKE)
        if variance < NO_SPREAD:
            wide = [newcombe_auc(float(self.values[at]), *self.of_patients, confidence)
                    for at in (candidate, reference)]  # fmt: skip
            method = "Newcombe (all placements alike)"
            return Estimate(value, *squared_and_added(*wide), self.n, self.n_positive, method)
        half = normal_quantile(confidence) * float(np.sqrt(variance))
        low, high = max(-1.0, value - half), min(1.0, value + half)
        return Estimate(value, low, high, self.n, self.n_positive, self.method)

    def p_value(self, reference: int, candidate: int) -> float | None:
        """Two-sided, that the two AUCs are equal; None where the difference has no spread."""
        variance = self._variance(reference, candidate)
        if variance is None or variance < NO_SPREAD:
            return None
        distance = abs(float(self.values[candidate] - self.values[reference])) / float(np.sqrt(variance))
        return 2 * NormalDist().cdf(-distance)

    def _variance(self, reference: int, candidate: int) -> float | None:
        if self.covariance is None:
            return None
        weights = np.zeros(self.values.size)
        weights[candidate] += 1
        weights[reference] -= 1
        return float(weights @ self.covariance @ weights)

    def _are_alike(self, reference: int, candidate: int) -> bool:
        return bool(np.array_equal(self.ranks[candidate], self.ranks[reference]))

    def _without(self, value: float) -> Estimate:
        unit = "patients with films" if self.is_clustered else "films"
        why = f"no interval: it needs at least 2 {unit} of each label"
        return Estimate(value, None, None, self.n, self.n_positive, why=why)


def paired_aurocs(
    truth: npt.ArrayLike, scores: Sequence[npt.ArrayLike], codes: Codes | None = None
) -> PairedAurocs | Estimate:
    """The AUCs of R scores of the same N films; the empty estimate that says why where a label is missing.

    Args:
        truth: (N,) of 0 and 1.
        scores: R of (N,).
        codes: (N,) the patient of each film; None where every film is another patient's.
    """
    labels = as_truth(truth)
    n_positive = int(labels.sum())
    missing = missing_class(n_positive, labels.size - n_positive)
    if missing is not None:
        return missing
    patients = np.arange(labels.size) if codes is None else np.unique(codes, return_inverse=True)[1]
    checked = [as_scores(score, like=labels) for score in scores]
    found = [placements(labels, score) for score in checked]
    values, placed = np.array([value for value, _ in found]), np.stack([row for _, row in found])
    of_patients = (np.unique(patients[labels]).size, np.unique(patients[~labels]).size)
    covariance = placement_covariance(placed - values[:, None], labels, patients)
    return PairedAurocs(
        values=values,
        covariance=covariance if min(of_patients) > 1 else None,
        ranks=np.stack([np.unique(score, return_inverse=True)[1] for score in checked]),
        n=labels.size,
        n_positive=n_positive,
        of_patients=of_patients,
        is_clustered=bool(patients.max() + 1 < labels.size),
    )
