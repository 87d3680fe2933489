"""Windows of time over films that carry a date: ISO weeks or months.

Trap: an ISO week belongs to the year that holds its Thursday, so 29 December may lie in week 1 of the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

import numpy as np

from hilum.evaluation.vectors import Codes

Every = Literal["week", "month"]


def window_name(day: date, every: Every) -> str:
    """`2026-W48` or `2026-11`; names sort as their windows do."""
    if every == "month":
        return f"{day.year:04}-{day.month:02}"
    year, week, _ = day.isocalendar()
    return f"{year:04}-W{week:02}"


def split_windows(days: Sequence[date | None], every: Every) -> dict[str, Codes]:
    """Window name -> places of its films, in order of time; films without a date are in none."""
    places: dict[str, list[int]] = {}
    for place, day in enumerate(days):
        if day is not None:
            places.setdefault(window_name(day, every), []).append(place)
    return {name: np.array(places[name], np.int64) for name in sorted(places)}
