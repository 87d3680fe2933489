"""What flags get right and wrong: the confusion table and its rates, each with interval and denominator.

Trap: `n` of a rate is its own denominator (sensitivity: films with the finding), and `n_positive` the films
with the finding among those; predictive values hold at this table's share of positives and at no other.
Source: Simel 1991 (J Clin Epidemiol 44:763) for the intervals of likelihood ratios.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.evaluation.intervals import (
    Draws,
    Resampling,
    bootstrap_counts,
    from_draws,
    normal_quantile,
    or_wilson,
    ratio_ends,
    unless_alike,
    wilson,
    wilson_by_patient,
)
from hilum.evaluation.vectors import Codes, Truth, count_patients
from hilum.records import Estimate

OF_NOUGHT = "ratio (Donner and Zou)"  # the method where Simel's has no spread
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many films are flagged rightly and wrongly."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def n_positive(self) -> int:
        return self.true_positive + self.false_negative

    @property
    def n_negative(self) -> int:
        return self.false_positive + self.true_negative

    @property
    def n_flagged(self) -> int:
        return self.true_positive + self.false_positive

    @property
    def n(self) -> int:
        return self.n_positive + self.n_negative


@dataclass(frozen=True, slots=True)
class Performance:
    """A confusion table and its rates."""

    counts: Confusion
    accuracy: Estimate
    sensitivity: Estimate
    specificity: Estimate
    positive_predictive_value: Estimate
    negative_predictive_value: Estimate
    positive_likelihood_ratio: Estimate
    negative_likelihood_ratio: Estimate

    def estimates(self) -> dict[str, Estimate]:
        """The rates by name, in the order of a table."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "counts"}

    def as_json(self) -> dict[str, Any]:
        counts = {field.name: getattr(self.counts, field.name) for field in fields(self.counts)}
        return {"counts": counts, **{name: rate.as_json() for name, rate in self.estimates().items()}}


def performance(truth: Truth, flags: Flags, resampling: Resampling | None = None) -> Performance:
    """The confusion table of flags (N,); intervals are Wilson's, or those of a resampling where given."""
    cells = _cells(truth, flags)
    counts = Confusion(*(int(total) for total in cells.sum(axis=0)))
    plain = _by_film(counts)
    if resampling is None:
        return plain
    drawn = bootstrap_counts(cells, resampling)
    rates = {
        name: _clustered(rate, name, cells=cells, drawn=drawn, resampling=resampling)
        for name, rate in plain.estimates().items()
    }
    return Performance(counts=counts, **rates)


def _cells(truth: Truth, flags: Flags) -> Codes:
    """(N, 4): which cell of the confusion table each film is in."""
    return np.stack([truth & flags, ~truth & flags, truth & ~flags, ~truth & ~flags], axis=1).astype(np.int64)


def _by_film(counts: Confusion) -> Performance:
    hits, alarms = counts.true_positive, counts.false_positive
    missed, clear = counts.false_negative, counts.true_negative
    return Performance(
        counts=counts,
        accuracy=_share(hits + clear, counts.n, n_positive=counts.n_positive, absent="no film"),
        sensitivity=_share(hits, counts.n_positive, n_positive=counts.n_positive, absent="no positive film"),
        specificity=_share(clear, counts.n_negative, n_positive=0, absent="no negative film"),
        positive_predictive_value=_share(
            hits, counts.n_flagged, n_positive=hits, absent="no film is flagged"
        ),
        negative_predictive_value=_share(
            clear, missed + clear, n_positive=missed, absent="every film is flagged"
        ),
        positive_likelihood_ratio=_ratio(hits, alarms, counts, unbounded="no negative film is flagged"),
        negative_likelihood_ratio=_ratio(missed, clear, counts, unbounded="every negative film is flagged"),
    )


def _share(part: int, whole: int, *, n_positive: int, absent: str) -> Estimate:
    rate = replace(wilson(part, whole), n_positive=n_positive)
    return rate if whole else replace(rate, why=absent)


def _ratio(of_positives: int, of_negatives: int, counts: Confusion, *, unbounded: str) -> Estimate:
    """(of_positives / positives) / (of_negatives / negatives), with Simel's interval on the log scale."""
    n, n_positive, n_negative = counts.n, counts.n_positive, counts.n_negative
    if n_positive == 0 or n_negative == 0:
        why = "no positive film" if n_positive == 0 else "no negative film"
        return Estimate(None, None, None, n=n, n_positive=n_positive, why=why)
    if of_negatives == 0:
        why = f"{unbounded}, so it has no bound" if of_positives else "no film is on this side of the cut"
        return Estimate(None, None, None, n=n, n_positive=n_positive, why=why)
    value = (of_positives / n_positive) / (of_negatives / n_negative)
    if (of_positives, of_negatives) == (n_positive, n_negative):
        why = "no interval: every film is on this side of the cut"
        return Estimate(value, None, None, n=n, n_positive=n_positive, why=why)
    if of_positives == 0:  # Simel's has no spread there
        low, high = ratio_ends(wilson(0, n_positive), wilson(of_negatives, n_negative))
        return Estimate(value, low, high, n=n, n_positive=n_positive, method=OF_NOUGHT)
    spread = np.sqrt(1 / of_positives - 1 / n_positive + 1 / of_negatives - 1 / n_negative)
    factor = float(np.exp(normal_quantile() * spread))
    return Estimate(value, value / factor, value * factor, n=n, n_positive=n_positive, method="log (Simel)")


# For each rate the cells of its numerator and denominator, in the order of Confusion.
SHARES = {
    "accuracy": ((0, 3), (0, 1, 2, 3)),
    "sensitivity": ((0,), (0, 2)),
    "specificity": ((3,), (1, 3)),
    "positive_predictive_value": ((0,), (0, 1)),
    "negative_predictive_value": ((3,), (2, 3)),
}


def _clustered(rate: Estimate, name: str, *, cells: Codes, drawn: Codes, resampling: Resampling) -> Estimate:
    """The rate with the interval of the draws; a rate without value or without spread stays so.

    Where all draws are alike, as those of a single patient are, the draws cannot tell how sure the rate is.
    """
    if rate.low is None:
        return rate
    if rate.method == OF_NOUGHT:
        return _ratio_of_nought(rate, name, cells=cells, codes=resampling.codes)
    if name not in SHARES:
        return unless_alike(
            from_draws(replace(rate, why=""), _ratio_draws(name, drawn), unit=resampling.unit)
        )
    part, whole = SHARES[name]
    shares = _divide(drawn[:, part].sum(axis=1), drawn[:, whole].sum(axis=1))
    inside = cells[:, whole].any(axis=1)
    clustered = unless_alike(from_draws(rate, shares, unit=resampling.unit))
    return or_wilson(clustered, count_patients(resampling.codes[inside]))


def _ratio_of_nought(rate: Estimate, name: str, *, cells: Codes, codes: Codes) -> Estimate:
    """The interval of a ratio of 0, over patients: no draw tells it from nought."""
    positives, negatives = cells[:, [0, 2]].any(axis=1), cells[:, [1, 3]].any(axis=1)
    side = 1 if name == "positive_likelihood_ratio" else 3
    others = wilson_by_patient(cells[negatives, side] == 1, codes[negatives])
    low, high = ratio_ends(wilson(0, count_patients(codes[positives])), others)
    return replace(rate, low=low, high=high, method=f"{OF_NOUGHT}, over patients")


def _ratio_draws(name: str, drawn: Codes) -> Draws:
    hits, alarms, missed, clear = drawn.T
    top, bottom = (hits, alarms) if name == "positive_likelihood_ratio" else (missed, clear)
    of_positives, of_negatives = _divide(top, hits + missed), _divide(bottom, alarms + clear)
    with np.errstate(divide="ignore", invalid="ignore"):
        return of_positives / of_negatives


def _divide(part: Codes, whole: Codes) -> Draws:
    shares: Draws = np.full(part.size, np.nan)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares
