"""The gate of one bundle: what is asked of a film, in order, and what is told of one that passes.

Trap: the order is that of the clearest word. A picture of a hand has no lungs either, and "not a chest" says
more; so what the picture is of comes first, and its lungs after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hilum.errors import UnreadableImage
from hilum.imaging.lungs import LungMask
from hilum.imaging.recipe import Canvas
from hilum.inference.bundle import Bundle
from hilum.inference.gate.film import check_film
from hilum.inference.gate.kind import (
    Kind,
    KindFinder,
    check_as_inverted,
    check_as_turned,
    check_kind,
    kind_finder,
    warnings_of_kind,
)
from hilum.inference.gate.limits import GateLimits
from hilum.inference.gate.lungs import QUARTER_TURNS, find_lungs, turned_canvas
from hilum.inference.gate.quality import check_quality, warnings_of
from hilum.inference.lungs import LungFinder
from hilum.records import Radiograph


@dataclass(frozen=True, slots=True)
class Admitted:
    """A film that may be scored."""

    lungs: LungMask | None  # None where the bundle does not look for them
    notes: tuple[str, ...]  # warnings, as sentences


class Gate:
    """The gate as a bundle and its user set it; safe to share between threads.

    Raises:
        BundleInvalid: a graph cannot be opened or does not fit the bundle's facts.
    """

    def __init__(self, bundle: Bundle, limits: GateLimits, *, n_threads: int = 0) -> None:
        self.limits = limits
        path = bundle.lungs_path
        self._lungs = None if path is None else LungFinder(path, bundle.recipe, n_threads=n_threads)
        self._kinds = kind_finder(bundle, n_threads=n_threads)

    def check(self, radiograph: Radiograph) -> None:
        """`check_film` with this gate's limits."""
        check_film(radiograph, self.limits)

    def admit(self, canvas: Canvas) -> Admitted:
        """Let a film through, or say what speaks against what it shows.

        Raises:
            UnreadableImage: what the picture is of, its lungs, or how well they show.
        """
        notes: tuple[str, ...] = ()
        turns: tuple[int, ...] = QUARTER_TURNS
        if self._kinds is not None:
            kind = self._kinds.look(canvas)
            self._check_kind(canvas, kind, self._kinds)
            turns = QUARTER_TURNS if kind.turned >= self.limits.max_turned_share else ()
            notes += warnings_of_kind(kind, self.limits.min_mirrored)
        if self._lungs is None:
            return Admitted(None, notes)
        lungs = find_lungs(canvas, self._lungs, self.limits, turns=turns)
        check_quality(canvas, lungs, self.limits)
        return Admitted(lungs, notes + warnings_of(canvas, lungs))

    def _check_kind(self, canvas: Canvas, kind: Kind, finder: KindFinder) -> None:
        """`check_kind`, but a chest film that only lies wrongly is told how it lies."""
        try:
            check_kind(kind, finder.facts)
        except UnreadableImage:
            for quarters in QUARTER_TURNS:
                check_as_turned(finder.look(turned_canvas(canvas, quarters)), quarters, self.limits)
            check_as_inverted(finder.look(replace(canvas, pixels=1 - canvas.pixels)), self.limits)
            raise
