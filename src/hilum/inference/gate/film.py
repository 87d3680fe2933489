"""What speaks against a film before any network sees it: whose it is, its size, and its grey levels.

Trap: the header is believed where it refuses, never where it would let a picture through.
"""

from __future__ import annotations

import numpy as np

from hilum.errors import UnreadableImage
from hilum.imaging.tones import measure_tones
from hilum.inference.gate.limits import GateLimits
from hilum.records import Radiograph, RefusalCode

# DICOM View Position (0018,5101), PS3.3 C.8.1.1; any other word there is no evidence against a frontal film.
FRONTAL_WORDS = ("AP", "PA")
VIEW_WORDS = (*FRONTAL_WORDS, "LL", "RL", "RLD", "LLD", "RLO", "LLO")
SAMPLED_SIDE = 256  # grey levels are judged on about this many rows and columns


def check_film(radiograph: Radiograph, limits: GateLimits) -> None:
    """Let a film through, or say what speaks against it before any network sees it.

    Raises:
        UnreadableImage: child, lateral, too small, blank, or not an X-ray by its colour or few tones.
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
        code = RefusalCode.UNSUPPORTED if view in FRONTAL_WORDS else RefusalCode.LATERAL
        raise UnreadableImage(code, f"The view is {view}; the bundle reads {' and '.join(limits.views)}.")
    if min(height, width) < limits.min_side:
        raise UnreadableImage(
            RefusalCode.TOO_SMALL,
            f"The film is {width} by {height} pixels; the shorter side must be at least {limits.min_side}.",
        )
    _check_grey_range(radiograph, limits)
    _check_colour(radiograph, limits)
    _check_tones(radiograph, limits)


def _check_colour(radiograph: Radiograph, limits: GateLimits) -> None:
    share, limit = radiograph.coloured_share, limits.max_coloured_share
    if share > limit:
        raise UnreadableImage(
            RefusalCode.NOT_AN_XRAY,
            f"The picture is in colour: {share:.1%} of it, where {limit:.0%} is the most. "
            "A tinted scan of a film can be saved as grey.",
        )


def _check_tones(radiograph: Radiograph, limits: GateLimits) -> None:
    tones = radiograph.tones or measure_tones(radiograph.pixels)
    if tones.n_levels < limits.min_grey_levels:
        raise UnreadableImage(
            RefusalCode.NOT_AN_XRAY,
            f"The picture has {tones.n_levels} grey levels, like a mask or a drawing; "
            f"a film has {limits.min_grey_levels} at least.",
        )
    if tones.two_tone_share > limits.max_two_tone_share:
        raise UnreadableImage(
            RefusalCode.NOT_AN_XRAY,
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
