"""Whether a chest film shows its lungs well enough, and what on it a reader is warned of.

Trap: a warning never refuses; a pacemaker is its bearer's own.
"""

from __future__ import annotations

from hilum.errors import UnreadableImage
from hilum.imaging.lungs import LungMask
from hilum.imaging.quality import clipped_in_lungs, metal_area, share_at_edge, sharpness
from hilum.imaging.recipe import Canvas
from hilum.inference.gate.limits import GateLimits
from hilum.records import RefusalCode


def check_quality(canvas: Canvas, lungs: LungMask, limits: GateLimits) -> None:
    """Let a film through, or say how its lungs are not shown.

    Raises:
        UnreadableImage: too dark, too bright, blurred, or cut off.
    """
    black, white = clipped_in_lungs(canvas, lungs)
    for code, share, tone in (
        (RefusalCode.TOO_DARK, black, "black"),
        (RefusalCode.TOO_BRIGHT, white, "white"),
    ):
        if share > limits.max_clipped_share:
            raise UnreadableImage(
                code,
                f"The lungs are {tone}: {share:.1%} of them hold no more than that tone, where "
                f"{limits.max_clipped_share:.0%} is the most. Send the film with another exposure or window.",
            )
    detail = sharpness(canvas, lungs)
    if detail < limits.min_sharpness:
        raise UnreadableImage(
            RefusalCode.BLURRED,
            f"The film is blurred: its fine detail in the lungs is {detail:.4f}, "
            f"where {limits.min_sharpness} is the least.",
        )
    share = share_at_edge(canvas, lungs)
    if share > limits.max_share_at_edge:
        raise UnreadableImage(
            RefusalCode.CUT_OFF,
            f"The lungs are cut off by the edge of the picture: {share:.1%} of their size lies on it, where "
            f"{limits.max_share_at_edge:.0%} is the most.",
        )


def warnings_of(canvas: Canvas, lungs: LungMask) -> tuple[str, ...]:
    """What the reader of a film that passes is told of what lies on it, as sentences."""
    area = metal_area(canvas, lungs)
    if area == 0:
        return ()
    return (
        f"Something as bright as metal covers {area:.2%} of the picture within the chest, such as a "
        "pacemaker, a clip, or a button; the score there is uncertain.",
    )
