"""The figures of a window of films that the alarm watches, each as a distance from the pool it is drawn from.

Every figure is computed for many drawn windows at once, as (B, n) places in the pool -> (B,) distances.
Trap: for the alarm to be exact a figure may know the pool and the window, never which films are the
reference's; so bins and centres are the pool's.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hilum.evaluation.alarm import Statistic, Window
from hilum.evaluation.drift import N_BINS, bin_codes, bin_edges, index_of_counts
from hilum.evaluation.vectors import Codes, Scores

Distances = npt.NDArray[np.float64]


def score_figures(score: Scores) -> dict[str, Statistic]:
    """Median, KS, and PSI of the scored films.

    Args:
        score: (N,) of the pool; NaN where a film was refused.
    """
    if np.isnan(score).all():
        return {}
    levels = np.unique(score[~np.isnan(score)])
    place = np.where(np.isnan(score), levels.size, np.searchsorted(levels, score))
    return {
        "median": _MedianShift(place, levels, float(np.nanmedian(score))),
        "distribution (KS)": _Distance(place, levels.size),
        "distribution (PSI)": _Stability(score),
    }


def share_figure(is_so: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> Statistic:
    """How far the share of films that are so, among those asked about, lies from the pool's.

    A window without any film to ask about is no distance away.
    """
    centre = is_so[among].mean() if among.any() else 0.0
    hits, asked = (is_so & among).astype(np.int64), among.astype(np.int64)

    def distance(window: Window) -> Distances:
        n = asked[window].sum(axis=1)
        return np.asarray(np.abs(hits[window].sum(axis=1) / np.maximum(n, 1) - centre) * (n > 0))

    return distance


def mix_figure(groups: Sequence[str | None]) -> Statistic:
    """Pearson's distance of the window's counts by group from the pool's shares; not stated is a group."""
    codes = group_codes(groups)
    n_groups = int(codes.max(initial=0)) + 1
    shares = np.bincount(codes, minlength=n_groups) / max(codes.size, 1)

    def distance(window: Window) -> Distances:
        counts = _row_counts(codes[window], n_groups)
        expected = shares * window.shape[1]
        return np.asarray(((counts - expected) ** 2 / np.where(expected > 0, expected, 1)).sum(axis=1))

    return distance


def group_codes(groups: Sequence[Hashable]) -> Codes:
    """Groups as numbers from 0, in the order in which they come."""
    seen: dict[Hashable, int] = {}
    return np.array([seen.setdefault(group, len(seen)) for group in groups], np.int64)


def mix_figures(columns: Mapping[str, Sequence[str | None]]) -> dict[str, Statistic]:
    """A figure for each column that has more than one group in the pool."""
    return {f"{name} mix": mix_figure(groups) for name, groups in columns.items() if len(set(groups)) > 1}


class _MedianShift:
    def __init__(self, place: Codes, levels: Scores, centre: float) -> None:
        self._place = place
        self._levels = levels
        self._centre = centre

    def __call__(self, window: Window) -> Distances:
        places = np.sort(self._place[window], axis=1)
        n = (places < self._levels.size).sum(axis=1)
        row = np.arange(len(places))
        pair = [places[row, np.clip(at, 0, None)] for at in ((n - 1) // 2, n // 2)]
        both = [self._levels[np.minimum(place, self._levels.size - 1)] for place in pair]
        return np.asarray(np.abs((both[0] + both[1]) / 2 - self._centre) * (n > 0))


class _Distance:
    """The distance of a window's distribution from the pool's, which orders windows as KS does.

    For a window of n of N films it is the two-sample distance times (N - n) / N.
    """

    def __init__(self, place: Codes, n_levels: int) -> None:
        counts = np.bincount(place[place < n_levels], minlength=n_levels)
        reached = np.cumsum(counts) / counts.sum()
        self._place = place
        self._n_levels = n_levels
        self._upto = np.append(reached, 1.0)
        self._below = np.append(np.concatenate([[0.0], reached[:-1]]), 1.0)

    def __call__(self, window: Window) -> Distances:
        places = np.sort(self._place[window], axis=1)
        is_scored = places < self._n_levels
        n = np.maximum(is_scored.sum(axis=1, keepdims=True), 1)
        step = np.arange(1, places.shape[1] + 1)
        above = np.where(is_scored, step / n - self._upto[places], 0.0)
        under = np.where(is_scored, self._below[places] - (step - 1) / n, 0.0)
        return np.asarray(np.maximum(above, under).max(axis=1, initial=0.0))


class _Stability:
    def __init__(self, score: Scores) -> None:
        scored = score[~np.isnan(score)]
        edges = bin_edges(scored, N_BINS)
        self._n_bins = edges.size + 1
        self._codes = np.where(np.isnan(score), self._n_bins, bin_codes(score, edges))
        self._counts = np.bincount(self._codes, minlength=self._n_bins + 1)[: self._n_bins]

    def __call__(self, window: Window) -> Distances:
        counts = _row_counts(self._codes[window], self._n_bins + 1)[:, : self._n_bins]
        return np.asarray(index_of_counts(self._counts - counts, counts) * (counts.sum(axis=1) > 0))


def _row_counts(codes: Codes, n_codes: int) -> Codes:
    """How often each code stands in each row: (B, n) -> (B, n_codes)."""
    flat = codes + n_codes * np.arange(len(codes))[:, None]
    return np.bincount(flat.ravel(), minlength=n_codes * len(codes)).reshape(len(codes), n_codes)
