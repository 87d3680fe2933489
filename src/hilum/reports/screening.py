"""The page over one screening: what was flagged, where, and what was refused and why.

Trap: a run may be of a million films. The page keeps the highest scores and the first refusals, says so, and
leaves the rest to the table beside it; pictures are files beside the page, loaded as they come into sight.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from hilum.inference.bundle import Bundle
from hilum.reports.page import render_page

MAX_SCORED = 3000  # rows; a browser sorts and pages as many without a pause (looked at in Chromium)
MAX_REFUSED = 1000

Ranked = tuple[float, int, dict[str, Any]]  # probability, minus the place in the run, row


class ScreeningPage:
    """Takes rows as they come, and becomes HTML at any time."""

    def __init__(self, bundle: Bundle, *, threshold: float) -> None:
        self.is_complete = False  # set once every film was read
        self._bundle = bundle
        self._threshold = threshold
        self._scored: list[Ranked] = []  # a heap: lowest score first, then latest
        self._refused: list[dict[str, Any]] = []
        self._codes: Counter[str] = Counter()
        self._n_films = 0
        self._n_flagged = 0

    def add(self, row: Mapping[str, Any], *, picture: str | None = None, notes: tuple[str, ...] = ()) -> None:
        """Take one film's row.

        Args:
            row: with the keys of `hilum.inference.row`.
            picture: its heat map's path relative to the page, where there is one.
            notes: sentences about the film.
        """
        self._n_films += 1
        shown = {**row, "place": self._n_films, "notes": notes, "picture": picture and quote(picture),
                 "file": row["file"].encode("utf-8", "replace").decode("utf-8")}  # fmt: skip
        if row["status"] == "scored":
            self._n_flagged += bool(row["flagged"])
            _keep_highest(self._scored, (row["probability"], -self._n_films, shown))
            return
        self._codes[row["code"]] += 1
        if len(self._refused) < MAX_REFUSED:
            self._refused.append(shown)

    def html(self, *, seconds: float) -> str:
        """The page as it stands; `seconds` is how long the run took."""
        scored = [row for _, _, row in sorted(self._scored, reverse=True)]
        n_refused = self._codes.total()
        return render_page(
            "screening.html",
            title="Screening",
            bundle=self._bundle,
            point=self._bundle.default_point,
            threshold=self._threshold,
            is_default=self._threshold == self._bundle.default_point.threshold,
            is_complete=self.is_complete,
            seconds=seconds,
            n_films=self._n_films,
            n_scored=self._n_films - n_refused,
            n_flagged=self._n_flagged,
            n_refused=n_refused,
            codes=self._codes.most_common(),
            rows=scored + self._refused,
            n_hidden=self._n_films - len(scored) - len(self._refused),
            has_pictures=any(row["picture"] for row in scored),
        )


def _keep_highest(
    heap: list[tuple[float, int, dict[str, Any]]], entry: tuple[float, int, dict[str, Any]]
) -> None:
    if len(heap) < MAX_SCORED:
        heapq.heappush(heap, entry)
    else:
        heapq.heappushpop(heap, entry)
