"""The gate: which films get no score, and why.

Each reason names the measurement and its limit, so that the person at the station can act on it. Trap: limits
are for films the bundle must not read, not for hard ones; a white lung is a finding, not a reason to refuse.
`benchmarks/gate` measures every limit again, on any films and with any bundle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from hilum.errors import UnreadableImage
from hilum.imaging.chest import lung_spread, lungs_likeness
from hilum.imaging.lungs import LungMask
from hilum.imaging.recipe import Canvas
from hilum.imaging.tones import measure_tones
from hilum.inference.lungs import LungFinder
from hilum.records import Radiograph, RefusalCode

# DICOM View Position (0018,5101), PS3.3 C.8.1.1; any other word there is no evidence against a frontal film.
VIEW_WORDS = ("AP", "PA", "LL", "RL", "RLD", "LLD", "RLO", "LLO")
SAMPLED_SIDE = 256  # grey levels are judged on about this many rows and columns
# Quarter turns to the left that a film is tried in; upside down first, for it is the commonest mistake
QUARTER_TURNS = (2, 1, 3)


@dataclass(frozen=True, slots=True)
class GateLimits:
    """What a film must reach."""

    minimum_age_years: float  # of the patient, where the DICOM header tells; 0 lets everybody through
    views: tuple[str, ...]  # View Positions that are read
    min_side: int = 100  # pixels; assumed: ribs are 5-10 pixels apart there
    min_grey_range: float = 0.008  # between the 1st and 99th percentile, of 1; two grey levels of 8 bits
    # Measured on 1,221 chest films of five hospitals: 59 levels at least, and two tones make up 0.57 at most,
    # on the films with most black around them; of masks and printed pages, 0.96 to 1
    min_grey_levels: int = 16
    max_two_tone_share: float = 0.95
    # None of them is coloured, and photographs are from 0.19 on; the rest is room for a sticker
    max_coloured_share: float = 0.10
    # The lungs' limits are measured with the lungs networks of hilum-small 0.1.0 and 0.2.0, on the same films
    # and on 229 other pictures. Area is 0.03 to 0.46 and confidence 0.83 to 0.99 on chests; of the others a
    # third has both by the first, and half by the second
    min_lung_area: float = 0.03  # of the square around the film
    max_lung_area: float = 0.60
    min_lung_confidence: float = 0.90  # mean probability of the lungs network inside its mask
    # Interquartile range of grey in the lungs, of 1: 0.026 or more on chests, but for a film whose air beside
    # the patient was taken for lungs, with 0
    min_lung_spread: float = 0.015
    # Confidence gained by a turn: 0.0147 at most on upright films, but for that film and two of uncertain
    # lungs; more than 0.015 on 19 of 20 films that are upside down
    max_turned_gain: float = 0.015
    # Correlation of the lungs and what is around them with a drawn chest: 0.21 or more on grown-ups, and less
    # than 0.10 on a film that is stored upside down and on one child's
    min_lungs_likeness: float = 0.10


def check_film(radiograph: Radiograph, limits: GateLimits) -> None:
    """Let a film through, or say what speaks against it before any network sees it.

    Raises:
        UnreadableImage: child, view, size, blank, colour, or few tones.
    """
    height, width = radiograph.height, radiograph.width
    age, view = radiograph.age_years, (radiograph.view or "").strip().upper()
    least_age = limits.minimum_age_years
    if age is not None and age < least_age:
        raise UnreadableImage(
            RefusalCode.CHILD,
            f"The patient is {_years(age)} old; the bundle is for {_years(least_age)} and older.",
        )
    if view in VIEW_WORDS and view not in limits.views:
        raise UnreadableImage(
            RefusalCode.UNSUPPORTED, f"The view is {view}; the bundle reads {' and '.join(limits.views)}."
        )
    if min(height, width) < limits.min_side:
        raise UnreadableImage(
            RefusalCode.TOO_SMALL,
            f"The film is {width} by {height} pixels; the shorter side must be at least {limits.min_side}.",
        )
    _check_grey_range(radiograph, limits)
    _check_colour(radiograph, limits)
    _check_tones(radiograph, limits)


def find_lungs(canvas: Canvas, finder: LungFinder, limits: GateLimits) -> LungMask:
    """The lungs of a film that may be scored.

    Raises:
        UnreadableImage: no lungs, flat lungs, turned, or no chest around them.
    """
    lungs = finder.find(canvas)
    check_lungs(lungs, limits)
    _check_spread(canvas, lungs, limits)
    check_upright(lungs, (finder.find(_turned(canvas, quarters)) for quarters in QUARTER_TURNS), limits)
    _check_likeness(canvas, lungs, limits)
    return lungs


def check_lungs(lungs: LungMask, limits: GateLimits) -> None:
    """Let a film through, or say what speaks against it once its lungs were looked for.

    Raises:
        UnreadableImage: no lungs.
    """
    if lungs.n_parts == 0:
        raise UnreadableImage(RefusalCode.NO_LUNGS, "No lungs were found; is this a frontal chest film?")
    if not limits.min_lung_area <= lungs.area <= limits.max_lung_area:
        raise UnreadableImage(
            RefusalCode.NO_LUNGS,
            f"What looks like lungs covers {lungs.area:.1%} of the picture's square; "
            f"it must be {limits.min_lung_area:.0%} to {limits.max_lung_area:.0%}.",
        )
    if lungs.confidence < limits.min_lung_confidence:
        raise UnreadableImage(
            RefusalCode.NO_LUNGS,
            f"The lungs are uncertain: confidence {lungs.confidence:.2f}, "
            f"where {limits.min_lung_confidence:.2f} is the least.",
        )


def check_upright(lungs: LungMask, turned: Iterable[LungMask], limits: GateLimits) -> None:
    """Let a film through, or say that its lungs are plainer once it is turned.

    Args:
        lungs: of the film as it is.
        turned: of the film after each of `QUARTER_TURNS`; not looked at where none could gain enough.
        limits: what a turn may gain.

    Raises:
        UnreadableImage: turned.
    """
    limit = limits.max_turned_gain
    if lungs.confidence + limit >= 1:
        return
    for quarters, other in zip(QUARTER_TURNS, turned, strict=True):
        gain = other.confidence - lungs.confidence
        if gain > limit:
            raise UnreadableImage(
                RefusalCode.TURNED,
                f"The lungs are plainer once the picture is turned by {_turn(quarters)}: confidence "
                f"{other.confidence:.3f}, {gain:.3f} more than as it is, where {limit} is the most. "
                "If it is a chest film, turn it upright.",
            )


def _turned(canvas: Canvas, quarters: int) -> Canvas:
    return replace(canvas, pixels=np.ascontiguousarray(np.rot90(canvas.pixels, quarters)))


def _turn(quarters: int) -> str:
    return {1: "90 degrees to the left", 2: "180 degrees", 3: "90 degrees to the right"}[quarters]


def _check_spread(canvas: Canvas, lungs: LungMask, limits: GateLimits) -> None:
    spread = lung_spread(canvas, lungs)
    if spread < limits.min_lung_spread:
        raise UnreadableImage(
            RefusalCode.BLANK,
            f"There is nothing to see in the lungs: half of what was taken for them lies within {spread:.4f} "
            f"of the grey scale; at least {limits.min_lung_spread} is needed.",
        )


def _check_likeness(canvas: Canvas, lungs: LungMask, limits: GateLimits) -> None:
    likeness = lungs_likeness(canvas, lungs)
    if likeness < limits.min_lungs_likeness:
        raise UnreadableImage(
            RefusalCode.NO_LUNGS,
            f"What was taken for lungs does not lie in a chest: likeness {likeness:.2f}, "
            f"where {limits.min_lungs_likeness:.2f} is the least.",
        )


def _check_colour(radiograph: Radiograph, limits: GateLimits) -> None:
    share, limit = radiograph.coloured_share, limits.max_coloured_share
    if share > limit:
        raise UnreadableImage(
            RefusalCode.UNSUPPORTED,
            f"The picture is in colour: {share:.1%} of it, where {limit:.0%} is the most. "
            "A tinted scan of a film can be saved as grey.",
        )


def _check_tones(radiograph: Radiograph, limits: GateLimits) -> None:
    tones = radiograph.tones or measure_tones(radiograph.pixels)
    if tones.n_levels < limits.min_grey_levels:
        raise UnreadableImage(
            RefusalCode.UNSUPPORTED,
            f"The picture has {tones.n_levels} grey levels, like a mask or a drawing; "
            f"a film has {limits.min_grey_levels} at least.",
        )
    if tones.two_tone_share > limits.max_two_tone_share:
        raise UnreadableImage(
            RefusalCode.UNSUPPORTED,
            f"Two tones make up {tones.two_tone_share:.1%} of the picture, like a mask or a printed page; "
            f"on a film it is {limits.max_two_tone_share:.0%} at most.",
        )


def _check_grey_range(radiograph: Radiograph, limits: GateLimits) -> None:
    height, width = radiograph.pixels.shape
    sample = radiograph.pixels[:: max(1, height // SAMPLED_SIDE), :: max(1, width // SAMPLED_SIDE)]
    low, high = np.quantile(sample, (0.01, 0.99))
    if high - low < limits.min_grey_range:
        raise UnreadableImage(
            RefusalCode.BLANK,
            f"The picture is blank: 98 % of it lies within {high - low:.4f} of the grey scale; "
            f"at least {limits.min_grey_range} is needed.",
        )


def _years(age: float) -> str:
    return f"{age:.3g} years" if age >= 1 else f"{age * 12:.0f} months"
