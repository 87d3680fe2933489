"""What a film must reach to be scored, and where each limit comes from.

Trap: limits are for films the bundle must not read, not for hard ones; a white lung is a finding, not a
reason to refuse. `benchmarks/gate` measures every limit again, on any films and with any bundle.
"""

from __future__ import annotations

from dataclasses import dataclass


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
    # Probability of a turned film by the bundle's gate.onnx below which no turn is tried: an upright film is
    # then not refused by a gain that is chance, and is looked at once instead of four times
    max_turned_share: float = 0.02
    # Correlation of the lungs and what is around them with a drawn chest: 0.21 or more on grown-ups, and less
    # than 0.10 on a film that is stored upside down and on one child's
    min_lungs_likeness: float = 0.10
    # On 1,221 chest films of five hospitals at most 0.10 of the lungs is black, and 0.002 white
    max_clipped_share: float = 0.50
    # Detail of one pixel of 256, in spreads of the lungs' grey: 0.029 or more on those films, and 0.007 to
    # 0.04 once they are reduced to 85 pixels and enlarged again
    min_sharpness: float = 0.012
    # Of the lungs' height and width, on one edge of the picture: 0.21 on 99 of 100 films, 0.40 at most; 0.46
    # is the median of films cut down to their middle
    max_share_at_edge: float = 0.42
    # Probability of a mirrored chest film, from which on a reader is warned: on 1 of 200 films as they stand,
    # and on 145 of the same 200 mirrored; the gate learnt from them
    min_mirrored: float = 0.50
    # Probability of a chest film that a refused picture must have when turned or inverted, to be told so:
    # 0.75 on 99 of 100 upright films, and 0.33 at most on pictures of no chest (half A of benchmarks/gate)
    min_plain_chest: float = 0.50
