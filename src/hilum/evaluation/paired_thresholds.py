"""The threshold at which each of several tables is compared: brought along, or matched in sensitivity.

Trap: a threshold matched on these films is chosen on the films it is judged on, so it says so; and matched
tables differ in sensitivity by chance alone, so their specificities are what the comparison is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hilum.errors import SettingsInvalid
from hilum.evaluation.cuts import GIVEN, OPTIMISTIC
from hilum.evaluation.matching import MatchedFilms
from hilum.evaluation.operating_points import threshold_for_sensitivity


@dataclass(frozen=True, slots=True)
class TableThreshold:
    """A table's threshold on its own scale; none where it can be neither given nor chosen."""

    value: float | None
    source: str  # GIVEN or OPTIMISTIC; empty without a value
    why: str = ""  # there is none

    @property
    def is_chosen(self) -> bool:
        return self.source == OPTIMISTIC


def table_thresholds(
    films: MatchedFilms, given: Mapping[str, float], *, sensitivity: float
) -> tuple[TableThreshold, ...]:
    """One for each table: the given one, else the cut that reaches the sensitivity on these films.

    Raises:
        SettingsInvalid: a threshold is of no table, or cannot be on its table's scale.
    """
    for name in given:
        if name not in films.names:
            raise SettingsInvalid(
                f"--threshold {name}: no table has that name (they are {', '.join(films.names)})"
            )
    return tuple(
        _given(films, at, given[name]) if name in given else _chosen(films, at, sensitivity)
        for at, name in enumerate(films.names)
    )


def _given(films: MatchedFilms, at: int, threshold: float) -> TableThreshold:
    score = films.scores[at]
    low, high = float(score.min()), float(score.max())
    if low >= 0 and high <= 1 and not 0 <= threshold <= 1:
        raise SettingsInvalid(
            f"--threshold {films.names[at]}={threshold:g}: that table's scores lie in 0 to 1 "
            f"({low:.4g} to {high:.4g}), so no threshold outside can be meant; give one on its own scale"
        )
    return TableThreshold(threshold, GIVEN)


def _chosen(films: MatchedFilms, at: int, sensitivity: float) -> TableThreshold:
    if films.n_positive in (0, films.n):
        which = "positive" if films.n_positive == 0 else "negative"
        return TableThreshold(None, "", f"no {which} film, so no threshold can be chosen")
    return TableThreshold(threshold_for_sensitivity(films.truth, films.scores[at], sensitivity), OPTIMISTIC)
