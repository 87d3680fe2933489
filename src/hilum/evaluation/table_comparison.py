"""Several prediction tables of the same films, compared: the first is the reference, or each with each.

Every difference is candidate less reference, with an interval of its own; p values are adjusted over the
pairs. Trap: the three tested figures are not adjusted for one another; name the one that decides before
looking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np

from hilum.evaluation.comparison_caveats import comparison_caveats
from hilum.evaluation.confusion import Flags, Performance, performance
from hilum.evaluation.contrasts import Contrast, ContrastMaker
from hilum.evaluation.intervals import N_DRAWS, Resampling, from_draws, unless_alike
from hilum.evaluation.labelled import draws_for
from hilum.evaluation.matching import MatchedFilms, match_tables
from hilum.evaluation.multiplicity import holm
from hilum.evaluation.operating_points import WHO_SENSITIVITY
from hilum.evaluation.paired import paired_aurocs
from hilum.evaluation.paired_draws import DrawSettings, PairedDraws, paired_draws
from hilum.evaluation.paired_proportions import Agreement, agreement
from hilum.evaluation.paired_thresholds import TableThreshold, table_thresholds
from hilum.evaluation.partial_auc import WHO_SPECIFICITY
from hilum.records import Estimate, Prediction


@dataclass(frozen=True, slots=True)
class ComparisonSettings:
    """What to compare, and at which thresholds."""

    thresholds: Mapping[str, float] = field(default_factory=dict)  # by table, on its own scale
    sensitivity: float = WHO_SENSITIVITY  # that the threshold of any other table reaches on these films
    margin: float | None = None  # of non-inferiority; None: not asked
    least_specificity: float = WHO_SPECIFICITY  # of the partial AUC
    is_all_pairs: bool = False  # or each against the first
    n_draws: int = N_DRAWS
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "thresholds": dict(self.thresholds),
            "sensitivity": self.sensitivity,
            "margin": self.margin,
            "least_specificity": self.least_specificity,
            "all_pairs": self.is_all_pairs,
            "n_draws": self.n_draws,
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True)
class ComparedTable:
    """One table's own figures on the films that all share."""

    name: str
    auroc: Estimate
    partial_auroc: Estimate  # McClish's, standardised
    specificity_held: Estimate  # at the sensitivity of the settings
    brier: Estimate
    threshold: TableThreshold
    performance: Performance | None  # None without a threshold
    is_backwards: bool

    def as_json(self) -> dict[str, Any]:
        threshold = self.threshold
        return {
            "name": self.name,
            "auroc": self.auroc.as_json(),
            "partial_auroc": self.partial_auroc.as_json(),
            "specificity_at_sensitivity": self.specificity_held.as_json(),
            "brier": self.brier.as_json(),
            "threshold": {"value": threshold.value, "source": threshold.source, "why": threshold.why},
            "performance": self.performance.as_json() if self.performance else None,
        }


@dataclass(frozen=True, slots=True)
class DiscordantFilm:
    """A film on which one table is right at its threshold and the other is not."""

    film: str
    patient: str | None
    label: int
    reference_score: float
    candidate_score: float
    right: str  # the table that is

    def as_json(self) -> dict[str, Any]:
        return {"film": self.film, "patient": self.patient, "label": self.label,
                "reference_score": self.reference_score, "candidate_score": self.candidate_score,
                "right": self.right}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """A candidate held against a reference."""

    reference: str
    candidate: str
    contrasts: tuple[Contrast, ...]
    of_positives: Agreement | None  # None without thresholds
    of_negatives: Agreement | None
    discordant: tuple[DiscordantFilm, ...]

    def contrast(self, figure: str) -> Contrast:
        return next(one for one in self.contrasts if one.figure == figure)

    def as_json(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "candidate": self.candidate,
            "differences": {one.figure: one.as_json() for one in self.contrasts},
            "agreement": {
                "with_finding": self.of_positives.as_json() if self.of_positives else None,
                "without": self.of_negatives.as_json() if self.of_negatives else None,
            },
            "discordant": [film.as_json() for film in self.discordant],
        }


@dataclass(frozen=True, slots=True)
class TableComparison:
    """All that `hilum compare` says."""

    films: MatchedFilms
    settings: ComparisonSettings
    n_draws: int  # made; fewer than wanted where the films are many
    tables: tuple[ComparedTable, ...]
    pairs: tuple[Pair, ...]
    caveats: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        films = self.films
        return {
            "settings": self.settings.as_json(),
            "n_draws": self.n_draws,
            "n": films.n,
            "n_positive": films.n_positive,
            "n_patients": films.n_patients if films.has_patients else None,
            "n_rows": dict(zip(films.names, films.n_rows, strict=True)),
            "left_out": [{"film": one.film, "why": one.why} for one in films.left_out],
            "caveats": list(self.caveats),
            "tables": [table.as_json() for table in self.tables],
            "pairs": [pair.as_json() for pair in self.pairs],
        }


def compare_tables(
    tables: Mapping[str, Sequence[Prediction]], settings: ComparisonSettings | None = None
) -> TableComparison:
    """Compare tables of the same films by name, in the order given.

    Raises:
        TableInvalid: the tables disagree of a film, or share none with a label.
        SettingsInvalid: a threshold is of no table, or cannot be on its table's scale.
        ValueError: fewer than two tables.
    """
    settings = settings or ComparisonSettings()
    if len(tables) < 2:
        raise ValueError("a comparison needs at least two tables")
    films = match_tables(tables)
    thresholds = table_thresholds(films, settings.thresholds, sensitivity=settings.sensitivity)
    flags = [_flags(score, threshold) for score, threshold in zip(films.scores, thresholds, strict=True)]
    n_draws = draws_for(films.n * len(films.names), settings.n_draws)
    resampling = _resampling(films, settings.seed, n_draws)
    draw_settings = DrawSettings(settings.least_specificity, settings.sensitivity)
    draws = paired_draws(films, flags, settings=draw_settings, resampling=resampling)
    pairs = combinations(range(len(films.names)), 2)
    numbers = [(first, second) for first, second in pairs if settings.is_all_pairs or first == 0]
    maker = ContrastMaker(
        films=films,
        flags=flags,
        thresholds=thresholds,
        draws=draws,
        aurocs=paired_aurocs(films.truth, films.scores, films.codes),
        n_pairs=len(numbers),
        margin=settings.margin,
    )
    fresh = _resampling(films, settings.seed, n_draws)
    compared = tuple(_table(maker, at, fresh) for at in range(len(films.names)))
    return TableComparison(
        films=films,
        settings=settings,
        n_draws=n_draws,
        tables=compared,
        pairs=_adjusted([_pair(maker, reference, candidate) for reference, candidate in numbers]),
        caveats=comparison_caveats(films, thresholds, flags, settings=settings, tables=compared),
    )


def _flags(score: np.ndarray[Any, np.dtype[np.float64]], threshold: TableThreshold) -> Flags:
    """Whom the threshold flags; nobody without one, and then no figure is made of it."""
    return score >= (np.inf if threshold.value is None else threshold.value)


def _resampling(films: MatchedFilms, seed: int, n_draws: int) -> Resampling:
    unit = "patient" if films.is_clustered else "film"
    return Resampling(films.codes, np.random.default_rng(seed), n_draws, unit)


def _table(maker: ContrastMaker, at: int, resampling: Resampling) -> ComparedTable:
    films, threshold = maker.films, maker.thresholds[at]
    auroc = maker.aurocs if isinstance(maker.aurocs, Estimate) else maker.aurocs.auroc(at)
    by_patient = resampling if films.is_clustered else None
    return ComparedTable(
        name=films.names[at],
        auroc=auroc,
        partial_auroc=_own(maker, "partial_auroc", at, unit=resampling.unit),
        specificity_held=_own(maker, "specificity_held", at, unit=resampling.unit),
        brier=_own(maker, "brier", at, unit=resampling.unit),
        threshold=threshold,
        performance=None
        if threshold.value is None
        else performance(films.truth, maker.flags[at], by_patient),
        is_backwards=auroc.high is not None and auroc.high < 0.5,
    )


def _own(maker: ContrastMaker, figure: str, at: int, *, unit: str) -> Estimate:
    """One table's figure with the interval of the draws."""
    draws: PairedDraws = maker.draws
    value, n, n_positive = float(draws.plain[figure][at]), maker.films.n, maker.films.n_positive
    if np.isnan(value):
        return Estimate(None, None, None, n, n_positive, why=maker.why_not(figure, at))
    return unless_alike(
        from_draws(Estimate(value, None, None, n, n_positive), draws.drawn[figure][:, at], unit=unit)
    )


def _pair(maker: ContrastMaker, reference: int, candidate: int) -> Pair:
    films = maker.films
    has_thresholds = maker.has_thresholds(reference, candidate)
    right = [maker.flags[at] == films.truth for at in (reference, candidate)]
    return Pair(
        reference=films.names[reference],
        candidate=films.names[candidate],
        contrasts=maker.contrasts(reference, candidate),
        of_positives=agreement(*(one[films.truth] for one in right)) if has_thresholds else None,
        of_negatives=agreement(*(one[~films.truth] for one in right)) if has_thresholds else None,
        discordant=_discordant(films, reference, candidate, right) if has_thresholds else (),
    )


def _discordant(
    films: MatchedFilms, reference: int, candidate: int, right: Sequence[Flags]
) -> tuple[DiscordantFilm, ...]:
    """Films with the finding first, for a missed case weighs more."""
    places = np.flatnonzero(right[0] != right[1])
    order = sorted(places.tolist(), key=lambda at: (not films.truth[at], films.films[at]))
    return tuple(
        DiscordantFilm(
            film=films.films[at],
            patient=films.patients[at],
            label=int(films.truth[at]),
            reference_score=float(films.scores[reference][at]),
            candidate_score=float(films.scores[candidate][at]),
            right=films.names[reference if right[0][at] else candidate],
        )
        for at in order
    )


def _adjusted(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """The pairs with p values adjusted over them, for each tested figure by itself."""
    columns = zip(*(pair.contrasts for pair in pairs), strict=True)
    adjusted = []
    for column in columns:
        p_values = holm([one.p_value for one in column])
        adjusted.append([replace(one, p_adjusted=p) for one, p in zip(column, p_values, strict=True)])
    return tuple(
        replace(pair, contrasts=tuple(column[at] for column in adjusted)) for at, pair in enumerate(pairs)
    )
