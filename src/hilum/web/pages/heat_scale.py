"""The colours of a heat map's scale, for the bar beside the viewer."""

from __future__ import annotations

import functools

from hilum.inference.heat_map import FAINTEST, scale_colours

N_STEPS = 9


@functools.cache
def heat_scale() -> tuple[tuple[str, float], ...]:
    """Colours as #rrggbb, each with its share of the map's peak, 0..1, the faintest that shows first."""
    shares = (FAINTEST + (1 - FAINTEST) * step / (N_STEPS - 1) for step in range(N_STEPS))
    colours = ("#" + bytes(map(int, colour)).hex() for colour in scale_colours(N_STEPS))
    return tuple(zip(colours, shares, strict=True))
