"""One film in, one score or one refusal out; the only way a film is read, in batches and on a station alike.

Trap: a predictor never raises for a film. Whatever goes wrong is a `Refused` with its reason, and a fault of
ours is `failed` with its traceback in the log, so that one file cannot stop a thousand.
"""

from __future__ import annotations

import logging
import math
import time
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from hilum.errors import UnreadableImage
from hilum.findings import Zone
from hilum.imaging.lungs import LungMask
from hilum.imaging.read import read_radiograph
from hilum.imaging.recipe import Canvas, ModelInput, film_canvas, model_input
from hilum.inference.bundle import Bundle
from hilum.inference.ensemble import Ensemble
from hilum.inference.gate import Gate, GateLimits
from hilum.inference.heat_map import Grey, film_preview, lay_over_film, lungs_on_film
from hilum.inference.search import is_folder
from hilum.inference.zones import zone_probabilities
from hilum.records import Pixels, Radiograph, RefusalCode, Refused, Scored

log = logging.getLogger(__name__)

READ_SIDES = 2  # of the recipe's film side; what is left once borders are trimmed is then still as fine

AGE_UNKNOWN = "Age not checked: the file does not tell it."
NOT_LOCALISED = "Nothing localised: no single place on the film stands clearly above the threshold."
# Logits above the threshold, so nine times its odds. Measured on 190 films with hilum-small: every flagged
# film has such a place, and four in five of those that score below 15 have none.
CLEARLY = 2.2


@dataclass(frozen=True, slots=True)
class Screened:
    """What became of a file, and the film for the eye where a picture was asked for and there is one."""

    outcome: Scored | Refused
    preview: Grey | None = None  # (H, W), longest side 768 at most


@dataclass(frozen=True, slots=True)
class View:
    """A film on its way to the classifiers."""

    pixels: Pixels  # (H, W)
    canvas: Canvas
    lungs: LungMask | None  # where the recipe looks for them
    seen: ModelInput
    notes: tuple[str, ...]  # of reading and of the gate

    def zones(self, activation: Pixels) -> dict[Zone, float]:
        """The probability of each lung zone; none where the whole film was looked at.

        Args:
            activation: (h, w) calibrated log odds, place by place, of `seen`.
        """
        if self.lungs is None:
            return {}
        _, top, _, bottom = self.seen.box
        lungs_top, lungs_bottom = (self.canvas.to_native(0, edge)[1] for edge in self.lungs.box[1::2])
        height = bottom - top
        return zone_probabilities(
            activation, top=(lungs_top - top) / height, bottom=(lungs_bottom - top) / height
        )


class Predictor:
    """Reads films with one bundle; safe to share between threads.

    Args:
        bundle: a checked bundle.
        n_threads: of onnxruntime, a film; 0 takes every core, 1 is best where films are read side by side.
        threshold: on the probability; None takes the bundle's default operating point.
        minimum_age_years: None takes the bundle's; 0 lets children through.
        error_rate: of what is ruled out; None takes the bundle's first.

    Raises:
        BundleInvalid: a graph cannot be opened or does not fit the bundle's facts, or there are no limits for
            the error rate.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        n_threads: int = 0,
        threshold: float | None = None,
        minimum_age_years: float | None = None,
        error_rate: float | None = None,
    ) -> None:
        use = bundle.intended_use
        minimum_age = use.minimum_age_years if minimum_age_years is None else minimum_age_years
        self.bundle = bundle
        self.threshold = bundle.default_point.threshold if threshold is None else threshold
        self.limits = GateLimits(minimum_age_years=minimum_age, views=use.views)
        self._limits = bundle.certainty_limits(error_rate)
        self._ensemble = Ensemble(bundle, n_threads=n_threads)
        self._gate = Gate(bundle, self.limits, n_threads=n_threads)

    def read(self, path: Path, *, with_heat_map: bool = False) -> Scored | Refused:
        """Score one film, or refuse it."""
        return self.examine(path, with_picture=with_heat_map).outcome

    def at_threshold(self, threshold: float) -> Self:
        """The same reader, its networks shared, with another threshold on the probability."""
        other = copy(self)
        other.threshold = threshold
        return other

    def examine(
        self, path: Path, *, with_picture: bool = False, stated_age_years: float | None = None
    ) -> Screened:
        """`read`, with the heat map and the film to lay it over.

        Args:
            path: of the film.
            with_picture: or the score alone.
            stated_age_years: what is told beside the file; it holds where the file does not tell the age.
        """
        start = time.perf_counter()
        try:
            return self._examine(path, with_picture, stated_age_years, start)
        except UnreadableImage as error:
            code, reason = RefusalCode(error.code), error.reason
        except Exception:  # a bug must not stop the other films; the traceback is for us
            log.exception("a film could not be read")
            code, reason = RefusalCode.FAILED, "Hilum failed on this file; the log holds the details"
        seconds = time.perf_counter() - start
        return Screened(Refused(path, code, reason, self.bundle.label, seconds))

    def _examine(self, path: Path, with_picture: bool, age_years: float | None, start: float) -> Screened:
        radiograph = open_film(
            path, max_side=None if with_picture else READ_SIDES * self.bundle.recipe.film_side
        )
        if radiograph.age_years is None:
            radiograph = replace(radiograph, age_years=age_years)
        view = self.admit(radiograph)
        evidence = self._ensemble.weigh(view.seen.array)
        preview = film_preview(view.pixels) if with_picture else None
        heat = None
        if preview is not None:
            heat = localised(evidence.activation, view, threshold=self.threshold, shape=preview.shape)
        scored = Scored(
            image_path=path,
            score=round(100 * evidence.probability, 1),
            probability=evidence.probability,
            threshold=self.threshold,
            is_flagged=evidence.probability >= self.threshold,
            spread=evidence.spread,
            bundle=self.bundle.label,
            seconds=time.perf_counter() - start,
            zones=view.zones(evidence.activation),
            certainty=None if self._limits is None else self._limits.certainty(evidence.probability),
            error_rate=None if self._limits is None else self._limits.error_rate,
            heat_map=heat,
            notes=(
                *view.notes,
                *self._unknowns(radiograph),
                *((NOT_LOCALISED,) if with_picture and heat is None else ()),
            ),
        )
        return Screened(scored, preview)

    def _unknowns(self, radiograph: Radiograph) -> tuple[str, ...]:
        """What could not be checked, as sentences."""
        is_checked = radiograph.age_years is not None or self.limits.minimum_age_years == 0
        return () if is_checked else (AGE_UNKNOWN,)

    def admit(self, radiograph: Radiograph) -> View:
        """A film past the whole gate, what its file says included, and by the bundle's recipe.

        Raises:
            UnreadableImage: what speaks against it.
        """
        self._gate.check(radiograph)
        return self.see(radiograph)

    def see(self, radiograph: Radiograph) -> View:
        """A film by the bundle's recipe, past the gate.

        Raises:
            UnreadableImage: what speaks against what it shows; see `Gate.admit`.
        """
        canvas = film_canvas(radiograph.pixels, self.bundle.recipe)
        admitted = self._gate.admit(canvas)
        seen = model_input(canvas, admitted.lungs, self.bundle.recipe)
        return View(radiograph.pixels, canvas, admitted.lungs, seen, radiograph.notes + admitted.notes)


def localised(activation: Pixels, view: View, *, threshold: float, shape: tuple[int, int]) -> Pixels | None:
    """The places in the lungs that stand clearly above a threshold, (H, W) of 0..1, or None where none do.

    Args:
        activation: (h, w) calibrated log odds, place by place, of the classifier's input.
        view: of the film.
        threshold: on the probability.
        shape: of the picture to lay over, H and W.
    """
    above = activation - _logit(threshold) - CLEARLY
    height, width = view.pixels.shape
    within = np.ones(shape, np.float32)
    if view.lungs is not None:
        within = lungs_on_film(view.lungs, view.canvas.box, native=(height, width), shape=shape)
    return lay_over_film(above, view.seen.box, native=(height, width), within=within)


def open_film(path: Path, *, max_side: int | None = None) -> Radiograph:
    """Read a radiograph; a folder that comes here is one that no film was found in.

    Raises:
        UnreadableImage: with its code and reason.
    """
    if is_folder(path):
        raise UnreadableImage(
            RefusalCode.NOT_FOUND, f"No film was found in this folder{_why_unlisted(path)}."
        )
    if "\0" in str(path):
        raise UnreadableImage(RefusalCode.NOT_FOUND, "No file can have this name.")
    return read_radiograph(path, max_side=max_side)


def _why_unlisted(folder: Path) -> str:
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        return f": it may not be listed ({error.strerror})"
    return ""


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))
