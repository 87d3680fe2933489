"""The reference's and the current films as arrays, made alike: one scale, and only what both tables state.

Trap: a column that one table lacks would look like a change of every film, so it is left out and named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.errors import TableInvalid
from hilum.evaluation.grouping import age_band
from hilum.evaluation.vectors import Scores
from hilum.evaluation.watched import WatchedFilm, WatchedTable

MIXES = ("site", "device", "age", "sex")
FEWEST_FOR_SCALE = 20  # scores in 0..1 that say that the scale is a probability's

Words = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class WatchedVectors:
    """N films of one table, or of both, one below the other."""

    score: Scores  # (N,) NaN where refused
    code: Words  # of the refusal; None where scored
    cut: Scores  # (N,) the threshold that the film is held against; NaN where there is none
    label: Scores  # (N,) 1, 0, or NaN
    groups: dict[str, Words]  # column -> group of each film
    lists_refusals: bool = True  # False where a table has no codes: then none refused means none known

    @property
    def n(self) -> int:
        return int(self.score.size)

    @property
    def is_scored(self) -> npt.NDArray[np.bool_]:
        return ~np.isnan(self.score)

    @property
    def scored(self) -> Scores:
        return self.score[self.is_scored]

    @property
    def has_cut(self) -> bool:
        return bool(self.n) and not np.isnan(self.cut).any()

    @property
    def is_flagged(self) -> npt.NDArray[np.bool_]:
        """(N,) False where refused or without a cut."""
        return np.greater_equal(self.score, self.cut)

    def take(self, places: npt.NDArray[np.int64]) -> WatchedVectors:
        """Some of the films."""
        return WatchedVectors(
            score=self.score[places],
            code=tuple(self.code[place] for place in places),
            cut=self.cut[places],
            label=self.label[places],
            groups={name: tuple(words[place] for place in places) for name, words in self.groups.items()},
            lists_refusals=self.lists_refusals,
        )


def pooled(first: WatchedVectors, second: WatchedVectors) -> WatchedVectors:
    """Both sets of films, the first's first."""
    return WatchedVectors(
        score=np.concatenate([first.score, second.score]),
        code=first.code + second.code,
        cut=np.concatenate([first.cut, second.cut]),
        label=np.concatenate([first.label, second.label]),
        groups={name: words + second.groups[name] for name, words in first.groups.items()},
        lists_refusals=first.lists_refusals and second.lists_refusals,
    )


def as_vectors(
    films: Sequence[WatchedFilm],
    *,
    cut: float | None,
    columns: Sequence[str],
    lists_refusals: bool = True,
) -> WatchedVectors:
    """The films of one table.

    Args:
        films: in the table's order.
        cut: the threshold they are held against.
        columns: of `MIXES`, to group by.
        lists_refusals: whether the table has a column of refusal codes.
    """
    return WatchedVectors(
        score=np.array([np.nan if film.score is None else film.score for film in films], np.float64),
        code=tuple(film.code for film in films),
        cut=np.full(len(films), np.nan if cut is None else cut),
        label=np.array([np.nan if film.label is None else film.label for film in films], np.float64),
        groups={name: _groups(films, name) for name in columns},
        lists_refusals=lists_refusals,
    )


def shared_columns(reference: WatchedTable, current: WatchedTable) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of `MIXES`, those that both tables state, and those that one of them does."""
    stated = [
        {name for name in MIXES if any(getattr(film, name) is not None for film in table.films)}
        for table in (reference, current)
    ]
    both, either = stated[0] & stated[1], stated[0] ^ stated[1]
    return tuple(name for name in MIXES if name in both), tuple(name for name in MIXES if name in either)


def check_scales(reference: WatchedTable, current: WatchedTable) -> None:
    """Refuse two tables of which one holds probabilities and the other holds something else.

    Raises:
        TableInvalid: names a score that is on another scale.
    """
    for ours, theirs in ((reference, current), (current, reference)):
        scores = [film.score for film in ours.films if film.score is not None]
        if len(scores) < FEWEST_FOR_SCALE or not all(0 <= score <= 1 for score in scores):
            continue
        for film in theirs.films:
            if film.score is not None and not 0 <= film.score <= 1:
                raise TableInvalid(
                    f"{theirs.path}: film {film.film!r} has the score {film.score:g}, but all {len(scores)} "
                    f"of {ours.path} lie in 0..1; bring both to one scale, or name the column with "
                    "--score-column"
                )


def own_cut(table: WatchedTable, asked: float | None) -> float | None:
    """The threshold a table was flagged at: the one asked for, or the only one in its column.

    Raises:
        TableInvalid: the column holds several.
    """
    if asked is not None:
        return asked
    cuts = Counter(film.threshold for film in table.films if film.threshold is not None)
    if len(cuts) > 1:
        found = ", ".join(f"{cut:.6g} ({n} films)" for cut, n in cuts.most_common(5))
        raise TableInvalid(
            f"{table.path}: films were flagged at several thresholds: {found}; choose one with --threshold"
        )
    return next(iter(cuts), None)


def _groups(films: Sequence[WatchedFilm], column: str) -> Words:
    if column == "age":
        return tuple(age_band(film.age) for film in films)
    words = [getattr(film, column) for film in films]
    return tuple(words)
