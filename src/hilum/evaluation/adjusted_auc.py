"""The AUC among people alike in sex and age: what is left when age and sex no longer help the score.

Each film with the finding is placed among the films without it of its own stratum, and the placements are
averaged: the covariate-adjusted AUC. Where the score rides on age the crude AUC is higher than this one.
Trap: a stratum with few films without the finding cannot place anyone and is left out with its films; the
crude AUC beside it is of the same films, so that the two differ by the adjustment alone.
Source: Janes and Pepe 2009 (Biometrika 96:371); Janes, Longton, and Pepe 2009 (Stata J 9:17).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.evaluation.discrimination import Floats
from hilum.evaluation.intervals import Draws, Resampling, draw_patients, from_draws, unless_alike
from hilum.evaluation.obuchowski import auroc_by_patient
from hilum.evaluation.vectors import Codes, Scores, Truth, as_scores, as_truth, renumbered
from hilum.records import Estimate

LEAST_CONTROLS = 5  # films without the finding, for a stratum to place those with it; assumed


@dataclass(frozen=True, slots=True)
class Stratum:
    """The films alike in what is adjusted for."""

    name: str
    n_positive: int
    n_negative: int
    is_used: bool


@dataclass(frozen=True, slots=True)
class AdjustedAuc:
    """The AUC within strata, and the crude one on the same films."""

    adjusted_for: tuple[str, ...]  # "sex", "age band"
    adjusted: Estimate
    crude: Estimate
    strata: tuple[Stratum, ...]
    n_left_out: int  # films without a stratum, or of one that is not used

    def as_json(self) -> dict[str, Any]:
        return {
            "adjusted_for": list(self.adjusted_for),
            "adjusted": self.adjusted.as_json(),
            "crude": self.crude.as_json(),
            "strata": [asdict(stratum) for stratum in self.strata],
            "n_left_out": self.n_left_out,
        }


def adjusted_auroc(
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    stratum: Sequence[str | None],
    *,
    resampling: Resampling,
    adjusted_for: tuple[str, ...] = (),
) -> AdjustedAuc:
    """The covariate-adjusted AUC with the percentile interval over resampled patients.

    Args:
        stratum: (N,) the group of people alike; None where it is not stated.
        adjusted_for: what the strata are made of, for the record.
    """
    labels = as_truth(truth)
    scores = as_scores(score, like=labels)
    strata, codes = _strata(labels, stratum)
    used = np.array([one.is_used for one in strata] + [False], dtype=np.bool_)
    kept = np.flatnonzero(used[codes])
    n, n_positive = kept.size, int(labels[kept].sum())
    n_left_out = labels.size - n
    if not n:
        why = f"no stratum has {LEAST_CONTROLS} films without the finding and one with it"
        none = Estimate(None, None, None, n=0, n_positive=0, why=why)
        return AdjustedAuc(adjusted_for, none, none, tuple(strata), n_left_out)
    placed = _Placed.of_films(labels[kept], scores[kept], codes[kept])
    plain = Estimate(placed.area(np.ones(n)), None, None, n=n, n_positive=n_positive)
    patients = resampling.codes[kept]
    draws = _draws(placed, patients, resampling)
    adjusted = unless_alike(from_draws(plain, draws, unit=resampling.unit))
    crude = auroc_by_patient(labels[kept], scores[kept], patients)
    return AdjustedAuc(adjusted_for, adjusted, crude, tuple(strata), n_left_out)


def _strata(labels: Truth, stratum: Sequence[str | None]) -> tuple[list[Stratum], Codes]:
    """The strata by name, and each film's number among them; the number after the last is for none."""
    names = sorted({name for name in stratum if name is not None})
    if len(stratum) != labels.size:
        raise ValueError(f"{labels.size} labels but {len(stratum)} strata")
    numbers: dict[str | None, int] = {name: at for at, name in enumerate(names)} | {None: len(names)}
    codes = np.array(list(map(numbers.__getitem__, stratum)), dtype=np.int64)
    sick = np.bincount(codes, weights=labels, minlength=len(names) + 1).astype(int)
    well = np.bincount(codes, weights=~labels, minlength=len(names) + 1).astype(int)
    return [
        Stratum(
            name, int(sick[at]), int(well[at]), is_used=bool(sick[at] >= 1 and well[at] >= LEAST_CONTROLS)
        )
        for at, name in enumerate(names)
    ], codes


def _draws(placed: _Placed, patients: Codes, resampling: Resampling) -> Draws:
    """Samples are of the patients that are kept: those left out have no say."""
    codes = renumbered(patients)[placed.order]
    return np.array(
        [placed.area(draw_patients(codes, rng=resampling.rng)) for _ in range(resampling.n_draws)]
    )


@dataclass(frozen=True, slots=True)
class _Placed:
    """Films by stratum and falling score, and where each run of equal ones begins."""

    order: npt.NDArray[np.intp]  # (N,) film numbers
    truth: Floats  # (N,) in that order
    runs: npt.NDArray[np.intp]  # (G,) first place of each stratum and score
    heads: npt.NDArray[np.intp]  # (S,) the first run of each stratum

    @classmethod
    def of_films(cls, labels: Truth, scores: Scores, codes: Codes) -> _Placed:
        order = np.lexsort((-scores, codes))
        score, code = scores[order], codes[order]
        is_head = np.r_[True, code[1:] != code[:-1]]
        runs = np.flatnonzero(is_head | np.r_[True, score[1:] != score[:-1]])
        return cls(order, labels[order].astype(np.float64), runs, np.flatnonzero(is_head[runs]))

    def area(self, weights: Floats) -> float:
        """The mean placement, each film as often as its weight, in this order; NaN where none is left."""
        sick = weights * self.truth
        positives, negatives = sick, weights - sick
        if self.runs.size < sick.size:  # ties
            positives, negatives = (np.add.reduceat(each, self.runs) for each in (positives, negatives))
        passed = np.cumsum(negatives)
        before = np.r_[0.0, passed][self.heads]  # negatives of the strata above
        of_stratum, cases = np.add.reduceat(negatives, self.heads), np.add.reduceat(positives, self.heads)
        above = np.add.reduceat(positives * (passed - negatives / 2), self.heads) - cases * before
        told = of_stratum > 0
        n_cases = cases[told].sum()
        if not n_cases:
            return float("nan")
        return float((cases[told] - above[told] / of_stratum[told]).sum() / n_cases)


def people_alike(
    sexes: Sequence[str | None], bands: Sequence[str | None]
) -> tuple[list[str | None], tuple[str, ...]]:
    """Each film's stratum of sex and age band, and what it is made of: not of a part that no film states."""
    parts = {"sex": sexes, "age band": bands}
    stated = {name: values for name, values in parts.items() if any(value is not None for value in values)}
    if not stated:
        return [None] * len(sexes), ()
    rows = list(zip(*stated.values(), strict=True))
    names = {row: None if None in row else " ".join(map(str, row)) for row in set(rows)}
    return list(map(names.__getitem__, rows)), tuple(stated)
