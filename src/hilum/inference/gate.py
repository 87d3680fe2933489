"""The gate: which films get no score, and why.

Each reason names the measurement and its limit, so that the person at the station can act on it. Trap: limits
are for films the bundle must not read, not for hard ones; a white lung is a finding, not a reason to refuse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hilum.errors import UnreadableImage
from hilum.imaging.lungs import LungMask
from hilum.records import Radiograph, RefusalCode

# DICOM View Position (0018,5101), PS3.3 C.8.1.1; any other word there is no evidence against a frontal film.
VIEW_WORDS = ("AP", "PA", "LL", "RL", "RLD", "LLD", "RLO", "LLO")
SAMPLED_SIDE = 256  # grey levels are judged on about this many rows and columns


@dataclass(frozen=True, slots=True)
class GateLimits:
    """What a film must reach."""

    minimum_age_years: float  # of the patient, where the DICOM header tells; 0 lets everybody through
    views: tuple[str, ...]  # View Positions that are read
    min_side: int = 100  # pixels; assumed: ribs are 5-10 pixels apart there
    min_grey_range: float = 0.008  # between the 1st and 99th percentile, of 1; two grey levels of 8 bits
    # Measured with a network as in hilum-small on 1,221 chest films and 229 other pictures: area 0.04 to
    # 0.46 and confidence 0.83 to 0.99 on chests; a third of the others pass all the same.
    min_lung_area: float = 0.03  # of the square around the film
    max_lung_area: float = 0.60
    min_lung_confidence: float = 0.90  # mean probability of the lungs network inside its mask


def check_film(radiograph: Radiograph, limits: GateLimits) -> None:
    """Let a film through, or say what speaks against it before any network sees it.

    Raises:
        UnreadableImage: child, view, size, or blank.
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
