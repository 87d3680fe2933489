"""Labels and scores as arrays, checked once.

Trap: a label of NaN or 2 turned into a truth value would silently count as positive, so it is refused here.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Truth = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


def as_truth(truth: npt.ArrayLike) -> Truth:
    """Labels of 0 and 1 as (N,) truth values.

    Raises:
        ValueError: a label is neither 0 nor 1, or the labels are not one row.
    """
    given: npt.NDArray[Any] = np.asarray(truth)
    if given.ndim != 1:
        raise ValueError(f"labels must be one row of numbers, not an array of shape {given.shape}")
    if given.dtype != np.bool_ and not np.isin(given, (0, 1)).all():
        raise ValueError("a label must be 0 or 1")
    return given.astype(np.bool_)


def as_scores(score: npt.ArrayLike, *, like: Truth) -> Scores:
    """Scores as (N,) float64, one for each label of `like`.

    Raises:
        ValueError: a score is not finite, or there are more or fewer scores than labels.
    """
    scores = np.asarray(score, dtype=np.float64)
    if scores.shape != like.shape:
        raise ValueError(f"{like.size} labels but scores of shape {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("a score must be a finite number")
    return scores


def cluster_codes(patient: Iterable[Hashable | None]) -> Codes:
    """Patients as numbers from 0; a film without a patient (None) is a patient of its own."""
    seen: dict[Hashable, int] = {}
    return np.array(  # an object of its own equals no other
        [seen.setdefault(object() if one is None else one, len(seen)) for one in patient], dtype=np.int64
    )


def count_patients(codes: Codes) -> int:
    """How many patients some films are of."""
    return int(np.count_nonzero(np.bincount(codes)))


def renumbered(codes: Codes) -> Codes:
    """The patients of some of the films, numbered from 0 without gaps: (N,)."""
    is_there = np.bincount(codes) > 0
    return np.asarray((np.cumsum(is_there) - 1)[codes], np.int64)
