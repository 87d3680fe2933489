"""Current films set against a reference: by window and as a whole, by mix and within it, with one alarm.

Trap: scores of two bundle versions are not on one scale, even where both are called probabilities (one
product's median moved from .35 to .61 between versions), so another bundle is an alarm before any figure is
looked at, until a threshold chosen for it is given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hilum.errors import TableInvalid
from hilum.evaluation.alarm import AlarmRule
from hilum.evaluation.bundle_change import BundleChange, LocalCalibration, compare_bundles
from hilum.evaluation.mix import SplitChange
from hilum.evaluation.mix_changes import Mix, mix_of, site_strata, split_changes
from hilum.evaluation.vectors import Codes
from hilum.evaluation.watched import WatchedTable
from hilum.evaluation.watched_vectors import (
    WatchedVectors,
    as_vectors,
    check_scales,
    own_cut,
    pooled,
    shared_columns,
)
from hilum.evaluation.window_summary import Compared, Rates, WindowSummary, rates, summarise_window
from hilum.evaluation.windows import Every, split_windows

WHOLE = "all"  # the name of the window that holds every current film


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """What is compared, and how often a false alarm may come."""

    every: Every | None = None
    threshold: float | None = None  # on the score's scale; None takes each table's own
    within_mix: bool = False  # judge films against reference films of their own site and device only
    windows_per_false_alarm: int = 100
    seed: int = 0

    @property
    def rule(self) -> AlarmRule:
        return AlarmRule(self.windows_per_false_alarm, self.seed)


@dataclass(frozen=True, slots=True)
class Cuts:
    """Thresholds of the reference and of the current films; None where none is known."""

    own: tuple[float | None, float | None]  # that the tables were flagged at
    held: tuple[float | None, float | None]  # that they are held against here


@dataclass(frozen=True, slots=True)
class Monitoring:
    """Everything that a monitoring report says."""

    settings: MonitorSettings
    bundles: BundleChange
    cuts: Cuts
    reference: Rates
    whole: WindowSummary
    windows: tuple[WindowSummary, ...]
    within: WindowSummary | None  # the whole, judged within sites and devices; None where there is one only
    codes: Mix
    mixes: tuple[Mix, ...]
    splits: dict[str, SplitChange]  # figure -> its change by mix and within
    not_compared: tuple[str, ...]  # columns that one table lacks
    n_undated: int
    has_repeated_patients: bool

    @property
    def judged(self) -> tuple[WindowSummary, ...]:
        """The windows that can raise an alarm; the whole is one of them, unless it is the only window."""
        return self.windows if len(self.windows) == 1 else (*self.windows, self.whole)

    @property
    def alarms(self) -> tuple[WindowSummary, ...]:
        return tuple(window for window in self.judged if window.verdict.is_alarm)

    @property
    def can_alarm(self) -> bool:
        """Whether any window holds enough for an alarm; without it, no alarm says nothing."""
        return any(window.verdict.can_alarm for window in self.judged)

    @property
    def is_alarm(self) -> bool:
        return bool(self.alarms) or self.bundles.is_alarm

    @property
    def raised_by(self) -> tuple[str, ...]:
        """The figures that raise an alarm in any window, each once."""
        return tuple(dict.fromkeys(name for window in self.alarms for name in window.verdict.raised_by))

    def as_json(self) -> dict[str, Any]:
        return {
            "is_alarm": self.is_alarm,
            "can_alarm": self.can_alarm,
            "alarm_windows": [window.name for window in self.alarms],
            "raised_by": list(self.raised_by),
            "windows_per_false_alarm": self.settings.windows_per_false_alarm,
            "seed": self.settings.seed,
            "within_mix": self.settings.within_mix,
            "every": self.settings.every,
            "bundle_change": self.bundles.as_json(),
            "thresholds": {"own": list(self.cuts.own), "held": list(self.cuts.held)},
            "reference": self.reference.as_json(),
            "current": self.whole.as_json(),
            "windows": [window.as_json() for window in self.windows],
            "within_site_and_device": self.within and self.within.verdict.as_json(),
            "refusal_codes": self.codes.as_json(),
            "mixes": {mix.column: mix.as_json() for mix in self.mixes},
            "change_by_mix": {name: split.as_json() for name, split in self.splits.items()},
            "not_compared": list(self.not_compared),
            "films_without_date": self.n_undated,
        }


def monitor(
    reference: WatchedTable,
    current: WatchedTable,
    settings: MonitorSettings,
    calibration: LocalCalibration | None = None,
) -> Monitoring:
    """Compare two tables.

    Args:
        reference: films of a time that was found good.
        current: films since.
        settings: windows, threshold, and rate of false alarms.
        calibration: of the bundle that read the current films, where it is not the reference's.

    Raises:
        TableInvalid: names what cannot be compared.
    """
    bundles = compare_bundles(reference, current, calibration)
    if not bundles.is_changed:
        check_scales(reference, current)
    cuts = _cuts(reference, current, settings, bundles)
    columns, lacking = shared_columns(reference, current)
    old, new = (
        as_vectors(table.films, cut=cut, columns=columns, lists_refusals="code" in table.roles)
        for table, cut in zip((reference, current), cuts.held, strict=True)
    )
    lists_refusals = "code" in reference.roles and "code" in current.roles
    compared = Compared(scores=not bundles.is_accepted, refusals=lists_refusals, mix=not settings.within_mix)
    places = _places(current, settings.every)
    whole = summarise_window(WHOLE, old, new, settings.rule, compared)
    windows = [
        summarise_window(name, old, new.take(where), _own(settings.rule, number), compared)
        for number, (name, where) in enumerate(places.items())
    ]
    return Monitoring(
        settings=settings,
        bundles=bundles,
        cuts=cuts,
        reference=rates(old, seed=settings.seed),
        whole=whole,
        windows=tuple(windows) or (whole,),
        within=_within(old, new, settings.rule, compared),
        codes=mix_of("refusal code", old.code, new.code),
        mixes=tuple(mix_of(name, old.groups[name], new.groups[name]) for name in columns),
        splits=split_changes(old, new, figures=_parted(compared), seed=settings.seed),
        not_compared=lacking + (() if lists_refusals or not _any_code(reference, current) else ("refusals",)),
        n_undated=len(current.films) - sum(map(len, places.values())) if settings.every else 0,
        has_repeated_patients=any(_repeats_patients(table) for table in (reference, current)),
    )


def _cuts(
    reference: WatchedTable, current: WatchedTable, settings: MonitorSettings, bundles: BundleChange
) -> Cuts:
    """Both tables are held against the reference's threshold, unless the new bundle has one of its own."""
    own = own_cut(reference, settings.threshold), own_cut(current, settings.threshold)
    if bundles.is_accepted and bundles.calibration is not None:
        return Cuts(own, (own[0], bundles.calibration.threshold))
    first = own[1] if own[0] is None else own[0]
    return Cuts(own, (first, first))


def _places(current: WatchedTable, every: Every | None) -> dict[str, Codes]:
    if every is None:
        return {}
    places = split_windows([film.day for film in current.films], every)
    if not places:
        raise TableInvalid(f"{current.path}: no film has a date, so there is no {every} to look at")
    return places


def _own(rule: AlarmRule, number: int) -> AlarmRule:
    """The rule with draws of its own for each window, so that no unlucky set of draws is shared by all."""
    return replace(rule, seed=rule.seed + number + 1)


def _within(
    old: WatchedVectors, new: WatchedVectors, rule: AlarmRule, compared: Compared
) -> WindowSummary | None:
    if not site_strata(pooled(old, new)).any():
        return None
    return summarise_window("within", old, new, rule, replace(compared, mix=False))


def _parted(compared: Compared) -> tuple[str, ...]:
    scores = ("mean score",) if compared.scores else ()
    refusals = ("refusal rate",) if compared.refusals else ()
    return ("flag rate", *scores, *refusals)


def _any_code(*tables: WatchedTable) -> bool:
    return any(film.code is not None for table in tables for film in table.films)


def _repeats_patients(table: WatchedTable) -> bool:
    patients = [film.patient for film in table.films if film.patient is not None]
    return len(set(patients)) < len(patients)
