"""Who the films are of, before and now, and each rate's change by that mix and within it.

Trap: only sites and devices part a change; age and sex are shown, and not reweighted for, because a finer
grid soon has cells without a reference film.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from hilum.evaluation.intervals import N_DRAWS
from hilum.evaluation.labelled import draws_for
from hilum.evaluation.mix import Grouped, SplitChange, joint_groups, split_change
from hilum.evaluation.vectors import Codes
from hilum.evaluation.watched_vectors import WatchedVectors, Words, pooled
from hilum.evaluation.window_figures import group_codes

PARTING = ("site", "device")


@dataclass(frozen=True, slots=True)
class Mix:
    """How many films of each group there are in either table; None is not stated."""

    column: str
    groups: Words
    reference: tuple[int, ...]
    current: tuple[int, ...]

    def as_json(self) -> list[dict[str, Any]]:
        rows = zip(self.groups, self.reference, self.current, strict=True)
        return [{"group": group, "reference": old, "current": new} for group, old, new in rows]


def mix_of(column: str, reference: Words, current: Words) -> Mix:
    """The films by group; groups by name, those not stated last."""
    counts = Counter(reference), Counter(current)
    groups = sorted(counts[0].keys() | counts[1].keys(), key=lambda name: (name is None, name or ""))
    old, new = (tuple(side[name] for name in groups) for side in counts)
    return Mix(column, tuple(groups), old, new)


def site_strata(films: WatchedVectors) -> Codes:
    """(N,) one number for each site and device together; all 0 where neither is stated."""
    named = [films.groups[name] for name in PARTING if name in films.groups]
    return group_codes(joint_groups(named)) if named else np.zeros(films.n, np.int64)


def split_changes(
    reference: WatchedVectors, current: WatchedVectors, *, figures: tuple[str, ...], seed: int
) -> dict[str, SplitChange]:
    """The changes of some of flag rate, mean score, and refusal rate, each in two parts.

    Empty where all films are of one site and device; a figure that a side cannot tell is left out.
    """
    strata = site_strata(pooled(reference, current))
    if not strata.any():
        return {}
    found: dict[str, SplitChange] = {}
    for name in figures:
        old = _grouped(name, reference, strata[: reference.n])
        new = _grouped(name, current, strata[reference.n :])
        if not (old.value.size and new.value.size):
            continue
        n_draws = draws_for(old.value.size + new.value.size, N_DRAWS)
        split = split_change(old, new, rng=np.random.default_rng(seed), n_draws=n_draws)
        if split is not None:
            found[name] = split
    return found


def _grouped(figure: str, films: WatchedVectors, strata: Codes) -> Grouped:
    if figure == "refusal rate":
        return Grouped((~films.is_scored).astype(np.float64), strata)
    among = films.is_scored if figure == "mean score" or films.has_cut else np.zeros(films.n, np.bool_)
    value = films.score if figure == "mean score" else films.is_flagged.astype(np.float64)
    return Grouped(value[among], strata[among])
