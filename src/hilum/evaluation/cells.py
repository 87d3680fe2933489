"""One cell of a prediction table becomes a value, or says what is wrong with it.

A CSV gives text, a Parquet file typed values; both come here. A ValueError says what is wrong.
Trap: Python's own `float` takes `nan`, `1_000`, and digits of other scripts; a table may not.
"""

from __future__ import annotations

import math
import re
from typing import Any

# A plain decimal number with a point, as every spreadsheet in English and every program writes it.
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+", re.ASCII)
OLDEST_YEARS = 150
LEAST_WEIGHT, MOST_WEIGHT = 1e-9, 1e9  # people; only the weights' ratios count
LONGEST_QUOTE = 60  # characters of a bad cell that a message repeats


def as_text(cell: Any) -> str | None:
    """Text without the spaces around it; an integer as its digits; None where empty."""
    return None if cell is None else str(cell).strip() or None


def as_film(cell: Any) -> str:
    """The film's id, which must not be empty."""
    film = as_text(cell)
    if film is None:
        raise ValueError("is empty; every row needs a film")
    return film


def as_label(cell: Any) -> int | None:
    """1, 0, or None where empty or NaN, which both mean not stated."""
    if _is_empty(cell) or (isinstance(cell, str) and cell.strip().lower() == "nan"):
        return None
    try:
        number = _number(cell)
    except ValueError:
        number = math.nan
    if number not in (0.0, 1.0):
        raise ValueError(f"must be 1, 0, or empty, not {quoted(cell)}")
    return int(number)


def as_score(cell: Any) -> float:
    """A finite number on any scale."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        raise ValueError("is empty; leave out films that have no score")
    return _number(cell)


def as_weight(cell: Any) -> float:
    """How many people a film stands for; bounded, so that sums and squares of weights stay numbers."""
    if _is_empty(cell):
        raise ValueError("is empty; every labelled film needs a weight")
    weight = _number(cell)
    if weight <= 0:
        raise ValueError(f"a weight must be above 0, not {weight:g}; leave out films that stand for nobody")
    if not LEAST_WEIGHT <= weight <= MOST_WEIGHT:
        raise ValueError(f"a weight must be from {LEAST_WEIGHT:g} to {MOST_WEIGHT:g}, not {weight:g}")
    return weight


def as_age(cell: Any) -> float | None:
    """Years, or None where empty or NaN."""
    if _is_empty(cell):
        return None
    years = _number(cell)
    if not 0 <= years <= OLDEST_YEARS:
        raise ValueError(f"must be years from 0 to {OLDEST_YEARS}, not {quoted(cell)}")
    return years


def as_fold(cell: Any) -> int | None:
    """A whole number from 0, or None where empty or NaN."""
    if _is_empty(cell):
        return None
    number = _number(cell)
    if number < 0 or number != int(number):
        raise ValueError(f"must be a whole number from 0, not {quoted(cell)}")
    return int(number)


def quoted(cell: Any) -> str:
    """A cell as a message repeats it, shortened."""
    text = repr(cell)
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


def _is_empty(cell: Any) -> bool:
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def _number(cell: Any) -> float:
    if isinstance(cell, str):
        cell = cell.strip()
        if COMMA_NUMBER.fullmatch(cell):
            raise ValueError(f"{quoted(cell)} has a decimal comma; write a point")
        if not NUMBER.fullmatch(cell):
            raise ValueError(f"{quoted(cell)} is not a finite number")
    number = float(cell)
    if not math.isfinite(number):
        raise ValueError(f"{quoted(cell)} is not a finite number")
    return number
