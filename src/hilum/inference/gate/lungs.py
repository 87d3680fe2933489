"""What speaks against a film once its lungs were looked for: whether they are there, upright, and in a chest.

Trap: the lungs network answers for any picture; a mask alone is no evidence of a chest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from hilum.errors import UnreadableImage
from hilum.imaging.chest import lung_spread, lungs_likeness
from hilum.imaging.lungs import LungMask
from hilum.imaging.recipe import Canvas
from hilum.inference.gate.limits import GateLimits
from hilum.inference.lungs import LungFinder
from hilum.records import RefusalCode

# Quarter turns to the left that a film is tried in; upside down first, for it is the commonest mistake
QUARTER_TURNS = (2, 1, 3)


def find_lungs(
    canvas: Canvas, finder: LungFinder, limits: GateLimits, *, turns: Sequence[int] = QUARTER_TURNS
) -> LungMask:
    """The lungs of a film that may be scored.

    Args:
        canvas: the film.
        finder: of the bundle.
        limits: what the lungs must reach.
        turns: to try the film in; all, or none where it is known to be upright.

    Raises:
        UnreadableImage: no lungs, flat lungs, turned, or no chest around them.
    """
    lungs = finder.find(canvas)
    check_lungs(lungs, limits)
    _check_spread(canvas, lungs, limits)
    if turns:
        check_upright(lungs, (finder.find(turned_canvas(canvas, quarters)) for quarters in turns), limits)
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
                f"The lungs are plainer once the picture is turned by {turn_words(quarters)}: confidence "
                f"{other.confidence:.3f}, {gain:.3f} more than as it is, where {limit} is the most. "
                "If it is a chest film, turn it upright.",
            )


def turned_canvas(canvas: Canvas, quarters: int) -> Canvas:
    """The canvas turned to the left by so many quarters."""
    return replace(canvas, pixels=np.ascontiguousarray(np.rot90(canvas.pixels, quarters)))


def turn_words(quarters: int) -> str:
    """So many quarters to the left, as words for a sentence."""
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
