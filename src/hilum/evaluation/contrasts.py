"""The differences between two tables of the same films, figure by figure: interval, p value, and verdict.

Where every film is another patient's: DeLong for the AUC, Tango and McNemar for rates. Where patients repeat:
Obuchowski for the AUC, the bootstrap over patients and the exchange of whole patients for rates.
Trap: a difference is always candidate less reference; of the Brier score, less is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hilum.evaluation.confusion import Flags
from hilum.evaluation.intervals import CONFIDENCE, Draws, from_draws, unless_alike
from hilum.evaluation.matching import MatchedFilms
from hilum.evaluation.non_inferiority import NonInferiority, non_inferiority
from hilum.evaluation.paired import PairedAurocs
from hilum.evaluation.paired_draws import FIGURES, PairedDraws
from hilum.evaluation.paired_proportions import Agreement, agreement, exchange_test, newcombe_paired, tango
from hilum.evaluation.paired_thresholds import TableThreshold
from hilum.evaluation.vectors import Truth
from hilum.records import Estimate

AUROC, SENSITIVITY, SPECIFICITY, HELD = "auroc", "sensitivity", "specificity", "specificity_held"
SPOKEN = {
    AUROC: "AUC",
    SENSITIVITY: "sensitivity",
    SPECIFICITY: "specificity",
    HELD: "specificity at held sensitivity",
}


@dataclass(frozen=True, slots=True)
class Contrast:
    """A figure of the candidate less that of the reference."""

    figure: str  # of paired_draws.FIGURES
    estimate: Estimate  # the interval to quote
    bootstrap: Estimate  # the same by resampling
    newcombe: Estimate | None = None  # of rates, where every film is another patient's
    p_value: float | None = None  # two-sided; exact for rates; None where the figure is not tested
    mid_p: float | None = None  # of rates
    p_adjusted: float | None = None  # Holm's, of p_value over the pairs
    test: str = ""
    verdict: NonInferiority | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            **self.estimate.as_json(),
            "bootstrap": self.bootstrap.as_json(),
            "newcombe": self.newcombe.as_json() if self.newcombe else None,
            "test": self.test,
            "p_value": self.p_value,
            "mid_p": self.mid_p,
            "p_adjusted": self.p_adjusted,
            "non_inferiority": self.verdict.as_json() if self.verdict else None,
        }


@dataclass(frozen=True, slots=True)
class ContrastMaker:
    """What all pairs of a comparison share."""

    films: MatchedFilms
    flags: Sequence[Flags]  # R of (N,)
    thresholds: Sequence[TableThreshold]  # R
    draws: PairedDraws
    aurocs: PairedAurocs | Estimate  # the estimate where a label is missing
    n_pairs: int
    margin: float | None

    def contrasts(self, reference: int, candidate: int) -> tuple[Contrast, ...]:
        """Every figure, in the order of FIGURES."""
        made = {
            AUROC: self._of_auroc(reference, candidate),
            SENSITIVITY: self._of_rate(SENSITIVITY, reference, candidate),
            SPECIFICITY: self._of_rate(SPECIFICITY, reference, candidate),
            HELD: self._of_held(reference, candidate),
        }
        return tuple(
            made[figure] if figure in made else self._by_draws(figure, reference, candidate)
            for figure in FIGURES
        )

    def has_thresholds(self, *tables: int) -> bool:
        return all(self.thresholds[at].value is not None for at in tables)

    def why_not(self, figure: str, *tables: int) -> str:
        """Why a figure of these tables does not exist."""
        films = self.films
        if figure == "brier":
            names = [films.names[at] for at in tables if np.isnan(self.draws.plain["brier"][at])]
            return f"scores of {' and '.join(names)} lie outside 0 to 1"
        if figure in (SENSITIVITY, SPECIFICITY) and not self.has_thresholds(*tables):
            return next(self.thresholds[at].why for at in tables if self.thresholds[at].value is None)
        return "no positive film" if films.n_positive == 0 else "no negative film"

    def _of_auroc(self, reference: int, candidate: int) -> Contrast:
        plain = self._by_draws(AUROC, reference, candidate)
        if isinstance(self.aurocs, Estimate):
            return self._judged(replace(plain, estimate=self.aurocs), (self.aurocs, self.aurocs))
        found = self.aurocs
        levels = [found.difference(reference, candidate, level) for level in self._levels()]
        made = replace(
            plain, estimate=levels[0], p_value=found.p_value(reference, candidate), test=found.method
        )
        return self._judged(made, levels)

    def _of_rate(self, figure: str, reference: int, candidate: int) -> Contrast:
        plain = self._by_draws(figure, reference, candidate)
        if plain.estimate.value is None:
            return plain
        films = self.films
        inside = films.truth if figure == SENSITIVITY else ~films.truth
        right = [self.flags[at][inside] == films.truth[inside] for at in (reference, candidate)]
        tested = exchange_test(self._gains(right, inside))
        levels = [
            self._rate_difference(figure, (reference, candidate), right, level) for level in self._levels()
        ]
        test = "exchange of whole patients" if films.is_clustered else "McNemar, exact"
        newcombe = (
            None if films.is_clustered else _of_class(newcombe_paired(agreement(*right)), inside, films.truth)
        )
        made = replace(plain, estimate=levels[0], newcombe=newcombe, p_value=tested.exact, mid_p=tested.mid_p,
                       test=test)  # fmt: skip
        is_chosen = any(self.thresholds[at].is_chosen for at in (reference, candidate))
        return made if is_chosen else self._judged(made, levels)

    def _of_held(self, reference: int, candidate: int) -> Contrast:
        """The specificity where sensitivity is held, which needs no threshold and so none chosen."""
        plain = self._by_draws(HELD, reference, candidate)
        if plain.estimate.low is None:
            return self._judged(plain, (plain.estimate, plain.estimate))
        drawn, unit = self._drawn(HELD, reference, candidate), self._unit
        levels = [from_draws(plain.estimate, drawn, unit=unit, confidence=level) for level in self._levels()]
        return self._judged(plain, levels)

    def _gains(self, right: Sequence[Flags], inside: Truth) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Films gained by the candidate less those lost, by patient."""
        gains = right[1].astype(np.int64) - right[0].astype(np.int64)
        return np.rint(np.bincount(self.films.codes[inside], weights=gains)).astype(np.int64)

    def _rate_difference(
        self, figure: str, tables: tuple[int, int], right: Sequence[Flags], level: float
    ) -> Estimate:
        inside = self.films.truth if figure == SENSITIVITY else ~self.films.truth
        found = agreement(*right)
        if not self.films.is_clustered:
            return _of_class(tango(found, level), inside, self.films.truth)
        plain = _of_class(Estimate(found.difference, None, None, found.n), inside, self.films.truth)
        clustered = from_draws(plain, self._drawn(figure, *tables), confidence=level)
        if clustered.low is None or clustered.low != clustered.high:
            return clustered
        return _over_patients(clustered, np.unique(self.films.codes[inside]).size, level)

    def _drawn(self, figure: str, reference: int, candidate: int) -> Draws:
        drawn = self.draws.drawn[figure]
        return np.asarray(drawn[:, candidate] - drawn[:, reference], np.float64)

    def _by_draws(self, figure: str, reference: int, candidate: int) -> Contrast:
        """The difference with its percentile interval, which is the one to quote of figures not tested."""
        films, plain = self.films, self.draws.plain[figure]
        value = float(plain[candidate] - plain[reference])
        needs_threshold = figure in (SENSITIVITY, SPECIFICITY)
        if np.isnan(value) or (needs_threshold and not self.has_thresholds(reference, candidate)):
            why = self.why_not(figure, reference, candidate)
            absent = Estimate(None, None, None, films.n, films.n_positive, why=why)
            return Contrast(figure, absent, absent)
        bare = Estimate(value, None, None, films.n, films.n_positive)
        if needs_threshold:
            inside = films.truth if figure == SENSITIVITY else ~films.truth
            bare = _of_class(replace(bare, n=int(inside.sum())), inside, films.truth)
        drawn = unless_alike(from_draws(bare, self._drawn(figure, reference, candidate), unit=self._unit))
        return Contrast(figure, drawn, drawn)

    @property
    def _unit(self) -> str:
        return "patient" if self.films.is_clustered else "film"

    def _levels(self) -> tuple[float, float]:
        """The level of one pair, and that which holds for all pairs at once (Bonferroni)."""
        return CONFIDENCE, 1 - (1 - CONFIDENCE) / self.n_pairs

    def _judged(self, made: Contrast, levels: Sequence[Estimate]) -> Contrast:
        if self.margin is None:
            return made
        figure = SPOKEN[made.figure]
        return replace(made, verdict=non_inferiority(levels[0], levels[1], margin=self.margin, figure=figure))


def _of_class(estimate: Estimate, inside: Truth, truth: Truth) -> Estimate:
    """The estimate with the films with the finding among those that it rests on."""
    return replace(estimate, n_positive=int((inside & truth).sum()))


def _over_patients(alike: Estimate, n_patients: int, level: float) -> Estimate:
    """Tango's interval as if each patient had one film, where no sample differs from another."""
    value = alike.value or 0.0
    counts = {0.0: (n_patients, 0, 0, 0), 1.0: (0, 0, n_patients, 0), -1.0: (0, n_patients, 0, 0)}.get(value)
    if counts is None:
        return unless_alike(alike)
    wide = tango(Agreement(*counts), level)
    return replace(alike, low=wide.low, high=wide.high, method="Tango over patients (all draws alike)")
