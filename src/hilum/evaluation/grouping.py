"""Films by the value of a column: site, sex, age band, fold, or any other column of the table.

Trap: a cell that is empty is not a value; such films are a group "not stated", outside every comparison.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.errors import TableInvalid
from hilum.evaluation.vectors import Codes
from hilum.records import Prediction

# The lower ends of WHO's age bands for tuberculosis (Global Tuberculosis Report), in years.
AGE_BANDS = (0, 5, 15, 25, 35, 45, 55, 65)
MOST_GROUPS = 20  # a column with more groups, as many sites may be, shows its largest
NOT_STATED = "not stated"
UNSTATED = -1  # the code of a film whose cell is empty


@dataclass(frozen=True, slots=True)
class Grouping:
    """The groups of one column, and each film's."""

    column: str
    names: tuple[str, ...]  # of every group, in the order of a table
    codes: Codes  # (N,) places in `names`, or UNSTATED
    shown: tuple[int, ...]  # the largest, in the order of a table

    def members(self, group: int) -> npt.NDArray[np.bool_]:
        """The films of a group: (N,)."""
        return np.asarray(self.codes == group, np.bool_)

    def rest(self, group: int) -> npt.NDArray[np.bool_]:
        """The films of all other groups, without those that state none: (N,)."""
        return np.asarray((self.codes != group) & (self.codes != UNSTATED), np.bool_)


def age_band(age_years: float | None) -> str | None:
    """`15-24` for 15.0 up to, but not, 25; `65+` for the last."""
    if age_years is None:
        return None
    at = max(i for i, low in enumerate(AGE_BANDS) if age_years >= low)
    return f"{AGE_BANDS[at]}-{AGE_BANDS[at + 1] - 1}" if at + 1 < len(AGE_BANDS) else f"{AGE_BANDS[at]}+"


ALWAYS = ("site", "sex", "age")
BY_NAME = {"site": "site", "sex": "sex", "age": "age_years", "fold": "fold"}  # column -> field of a row
WORDS: dict[str, Callable[[Any], str | None]] = {
    "site": lambda site: site,
    "sex": lambda sex: sex,
    "age": age_band,
    "fold": lambda fold: None if fold is None else str(fold),
}


def group_names(rows: Sequence[Prediction], column: str) -> list[str | None]:
    """What each row states in a column: `site`, `sex`, `age` (as bands), `fold`, or another of the table's.

    Raises:
        TableInvalid: the table has no such column.
    """
    if column in BY_NAME:
        values = list(map(attrgetter(BY_NAME[column]), rows))
        words = {value: WORDS[column](value) for value in set(values)}  # each distinct value once
        return list(map(words.__getitem__, values))
    known = dict.fromkeys(name for row in rows for name in row.extra)
    if column not in known:
        stated = [
            name for name, field in BY_NAME.items() if any(getattr(row, field) is not None for row in rows)
        ]
        found = ", ".join([*stated, *known]) or "none"
        raise TableInvalid(f"no column {column!r} to group by (found: {found})")
    return [row.extra.get(column, "").strip() or None for row in rows]


def grouping(rows: Sequence[Prediction], column: str) -> Grouping | None:
    """The groups of a column; None where all films are of one.

    Raises:
        TableInvalid: the table has no such column.
    """
    named = group_names(rows, column)
    sizes = Counter(named)
    n_unstated = sizes.pop(None, 0)
    if len(sizes) + bool(n_unstated) < 2 or not sizes:
        return None
    stated = {name: n for name, n in sizes.items() if name is not None}
    names = tuple(sorted(stated, key=_order))
    places: dict[str | None, int] = {name: at for at, name in enumerate(names)} | {None: UNSTATED}
    codes = np.array(list(map(places.__getitem__, named)), dtype=np.int64)
    largest = sorted(names, key=lambda name: -stated[name])[:MOST_GROUPS]
    return Grouping(column, names, codes, tuple(sorted(places[name] for name in largest)))


def _order(name: str) -> tuple[int, str]:
    digits = name.rstrip("+").partition("-")[0]
    return (int(digits) if digits.isdecimal() else 0, name)  # age bands by age, all else by name
