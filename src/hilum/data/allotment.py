"""Groups of films are allotted to parts: greedy, stratified, seeded, and no class left out of a part.

The idea is that of scikit-learn's StratifiedGroupKFold, with unequal shares and several strata.
The trap: it balances films, not patients; a patient with a third of all films unbalances any split.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hilum.errors import TrainingRefused
from hilum.records import Film

CLASS_NAMES = {1: "tuberculosis", 0: "normal"}
_WEIGHTS = np.array(
    [1.0, 0.1, 0.1, 0.1]
)  # of (label, site), label, site, all: the coarse ones settle the rest


def allot(
    films: Sequence[Film],
    groups: Sequence[Sequence[int]],
    *,
    shares: npt.NDArray[np.float64],
    seed: int,
    part_word: str,
) -> list[int]:
    """The part of each film: the largest group first, each to where its strata lack films the most.

    Args:
        groups: indices into `films`, in an order that does not depend on the order of `films`.
        shares: (P,), above 0, summing to 1.
        part_word: what the parts are called in messages, "folds" or "parts".

    Raises:
        TrainingRefused: there are fewer groups, or fewer groups with films of a class, than parts.
    """
    _check_enough(films, groups, n_parts=len(shares), part_word=part_word)
    drawn = np.random.default_rng(seed).permutation(len(groups))
    largest_first = sorted(
        (groups[index] for index in drawn), key=len, reverse=True
    )  # stable: ties stay drawn
    plan = _Plan(films, groups, shares)
    part_of = [0] * len(films)
    for group in largest_first:
        part = plan.place(group)
        for index in group:
            part_of[index] = part
    plan.check_complete(part_word)
    return part_of


def _check_enough(
    films: Sequence[Film], groups: Sequence[Sequence[int]], *, n_parts: int, part_word: str
) -> None:
    if not films:
        raise TrainingRefused("there are no films to split")
    patients = Counter(label for group in groups for label in {films[index].label for index in group})
    for label, name in CLASS_NAMES.items():
        if label in patients and patients[label] < n_parts:
            raise TrainingRefused(
                f"{patients[label]} patients have {name} films, too few for {n_parts} {part_word}; "
                f"ask for {patients[label]} {part_word} or fewer, or add films"
            )
    if len(groups) < n_parts:
        raise TrainingRefused(f"{len(groups)} patients are too few for {n_parts} {part_word}")


class _Plan:
    """What each part still lacks of each stratum: (label, site), label, site, and all films."""

    def __init__(
        self, films: Sequence[Film], groups: Sequence[Sequence[int]], shares: npt.NDArray[np.float64]
    ) -> None:
        keys = [
            ((film.label, film.site), ("label", film.label), ("site", film.site), "all") for film in films
        ]
        ids = {key: number for number, key in enumerate(dict.fromkeys(key for row in keys for key in row))}
        self._strata = np.array([[ids[key] for key in row] for row in keys])  # (N, 4)
        self._labels = [film.label for film in films]
        totals = np.bincount(self._strata.ravel(), minlength=len(ids))  # (S,)
        self._lack = shares[:, None] * totals[None, :]  # (P, S), films wanted and not yet given
        self._has = {label: np.zeros(len(shares), dtype=bool) for label in {*self._labels, None}}
        self._groups_left = Counter(label for group in groups for label in self._classes(group))

    def place(self, group: Sequence[int]) -> int:
        """Give the group to the part that lacks its strata most, unless another part needs its class."""
        strata = self._strata[group]  # (G, 4)
        want = (self._lack[:, strata] * _WEIGHTS).sum(axis=(1, 2))  # (P,)
        claims = np.zeros(len(want), dtype=np.int64)
        for label in self._classes(group):
            empty = ~self._has[label]
            if empty.sum() >= self._groups_left[label]:  # every group left of this class is spoken for
                claims += empty
        part = int(max(range(len(want)), key=lambda part: (claims[part], round(want[part], 9), -part)))
        np.subtract.at(self._lack[part], strata, 1)
        for label in self._classes(group):
            self._has[label][part] = True
            self._groups_left[label] -= 1
        return part

    def check_complete(self, part_word: str) -> None:
        for label, has in self._has.items():
            if not has.all():
                kind = "films" if label is None else f"{CLASS_NAMES[label]} films"
                raise TrainingRefused(
                    f"patients with many films leave one of the {part_word} without {kind}; "
                    f"ask for fewer {part_word}, or add films"
                )

    def _classes(self, group: Sequence[int]) -> set[int | None]:
        """The group's labels, and None for "any film", so that no part stays empty either."""
        return {self._labels[index] for index in group} | {None}
