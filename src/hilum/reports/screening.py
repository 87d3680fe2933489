"""The page over one screening: what was flagged, where, and what was refused and why.

Trap: a run may be of a million films. The page keeps the highest scores and the first refusals, says so, and
leaves the rest to the table beside it. The pictures of the highest scores are inside the page, small, so that
it can be mailed; those of the others, and every picture in full size, are files beside it.
"""

from __future__ import annotations

import heapq
import io
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from PIL import Image

from hilum.findings import Zone
from hilum.inference.bundle import Bundle
from hilum.inference.heat_map import FAINTEST, scale_colours
from hilum.inference.predictor import AGE_UNKNOWN, NOT_LOCALISED
from hilum.inference.row import ZONE_KEYS
from hilum.inference.zones import GRID
from hilum.records import Certainty
from hilum.reports.card_excerpt import read_card_excerpt
from hilum.reports.page import data_uri, render_page

MAX_SCORED = 3000  # rows; a browser sorts and pages as many without a pause (looked at in Chromium)
MAX_REFUSED = 1000
MAX_INSIDE = 1000  # small pictures; 12 kB each as text, measured on 156 Indian films, so 12 MB at most
SMALL_SIDE, SMALL_QUALITY = 288, 70  # pixels, of JPEG; a film is shown 272 pixels high
N_COLOURS = 12  # of the colour scale beside a picture; browsers blend between them
ZONE_ROWS = tuple(zip(("Upper", "Middle", "Lower"), GRID, strict=True))

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
        self._n_unaged = 0
        self._n_open = 0  # neither label can be ruled out
        self._error_rate: float | None = None  # one for a whole run; None where the bundle has no limits
        self._has_zones = False

    def add(
        self,
        row: Mapping[str, Any],
        *,
        picture: str | None = None,
        overlay: bytes | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Take one film's row.

        Args:
            row: with the keys of `hilum.inference.row`.
            picture: its heat map's path relative to the page, where there is one.
            overlay: the same as PNG, from which a small one is kept for the page.
            notes: sentences about the film.
        """
        self._n_films += 1
        shown = {**row, "place": self._n_films, "picture": picture and quote(picture), "small": None,
                 "file": row["file"].encode("utf-8", "replace").decode("utf-8"),
                 "notes": [note for note in notes if note != NOT_LOCALISED],
                 "has_map": bool(picture) and NOT_LOCALISED not in notes,
                 "is_open": row["certainty"] == Certainty.BOTH, "zones": _zone_rows(row)}  # fmt: skip
        if row["status"] == "scored":
            self._n_flagged += bool(row["flagged"])
            self._n_unaged += AGE_UNKNOWN in notes
            self._n_open += shown["is_open"]
            self._error_rate = row["error_rate"]
            self._has_zones = self._has_zones or bool(shown["zones"])
            if overlay is not None and self._is_high(row["probability"]):
                shown["small"] = _small_picture(overlay)
            _keep_highest(self._scored, (row["probability"], -self._n_films, shown))
            return
        self._codes[row["code"]] += 1
        if len(self._refused) < MAX_REFUSED:
            self._refused.append(shown)

    def html(self, *, seconds: float) -> str:
        """The page as it stands; `seconds` is how long the run took."""
        scored = [row for _, _, row in sorted(self._scored, reverse=True)]
        for place, row in enumerate(scored):
            is_inside = row["small"] is not None and place < MAX_INSIDE
            row["source"] = data_uri(row["small"], "image/jpeg") if is_inside else row["picture"]
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
            n_beside=sum(1 for row in scored if row["picture"] and row["source"] == row["picture"]),
            n_unaged=self._n_unaged,
            n_open=self._n_open,
            error_rate=self._error_rate,
            has_zones=self._has_zones,
            scale=_scale_css(),
            faintest=FAINTEST,
            not_localised=NOT_LOCALISED,
            share_text=_share_text(self._bundle),
            card=read_card_excerpt(self._bundle),
        )

    def _is_high(self, probability: float) -> bool:
        """Whether a film may be among the highest; earlier ones that were pushed out keep their picture."""
        return len(self._scored) < MAX_SCORED or probability > self._scored[0][0]


def _zone_rows(row: Mapping[str, Any]) -> list[tuple[str, list[tuple[float, bool]]]]:
    """Upper, middle, and lower, each the patient's right and left: the probability, and if it is flagged.

    Empty where the film has no zones.
    """
    if any(row[ZONE_KEYS[zone]] is None for zone in Zone):
        return []
    chances = {zone: row[ZONE_KEYS[zone]] for zone in Zone}
    return [
        (name, [(chances[zone], chances[zone] >= row["threshold"]) for zone in sides])
        for name, sides in ZONE_ROWS
    ]


def _scale_css() -> str:
    """The heat map's colours as a CSS gradient, faintest at the bottom."""
    stops = ", ".join(f"rgb({red} {green} {blue})" for red, green, blue in scale_colours(N_COLOURS))
    return f"linear-gradient(to top, {stops})"


def _share_text(bundle: Bundle) -> str:
    learnt = bundle.training_data
    if learnt.n == 0:
        return "how many had the disease is not stated"
    return f"{learnt.positives} of {learnt.n} ({learnt.positives / learnt.n:.0%}) had the disease"


def _small_picture(overlay: bytes) -> bytes:
    """A PNG as a small JPEG for the page."""
    with Image.open(io.BytesIO(overlay)) as picture:
        small = picture.convert("RGB")
    small.thumbnail((SMALL_SIDE, SMALL_SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=SMALL_QUALITY)
    return buffer.getvalue()


def _keep_highest(
    heap: list[tuple[float, int, dict[str, Any]]], entry: tuple[float, int, dict[str, Any]]
) -> None:
    if len(heap) < MAX_SCORED:
        heapq.heappush(heap, entry)
    else:
        heapq.heappushpop(heap, entry)
