"""How many tones a picture has: drawings, masks, and printed pages have few, and films have many.

Trap: reducing a picture mixes its tones, so they are counted on the file's own grey levels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.records import Pixels, Tones

_SAMPLED_SIDE = 256  # rows and columns; enough to find 16 levels, and a film of 9 megapixels takes 3 ms
_N_BINS = 256  # from the 1st to the 99th percentile, so that a dark film is not taken for one of few tones
_TONE_BINS = 5  # a tone and two bins on either side: what JPEG makes of one grey level


def measure_tones(levels: npt.NDArray[Any], table: Pixels | None = None) -> Tones:
    """The tones of grey levels (H, W) of any scale, or of what `table` displays each of them as."""
    step_y, step_x = (-(-side // _SAMPLED_SIDE) for side in levels.shape)
    sample = levels[::step_y, ::step_x].ravel()
    if table is not None:
        sample = table[sample]
    return Tones(len(np.unique(sample)), _two_tone_share(sample))


def _two_tone_share(sample: npt.NDArray[Any]) -> float:
    low, high = np.quantile(sample, (0.01, 0.99))
    if low == high:
        return 1.0
    scaled = np.clip((sample.astype(np.float64) - low) / (high - low), 0, 1)
    bins = np.bincount(np.rint(scaled * (_N_BINS - 1)).astype(np.intp), minlength=_N_BINS)
    first, without = _commonest(bins)
    second, _ = _commonest(without)
    return float(first + second) / sample.size


def _commonest(bins: npt.NDArray[np.intp]) -> tuple[int, npt.NDArray[np.intp]]:
    """How often the commonest tone occurs, and the bins without it."""
    tones = np.convolve(bins, np.ones(_TONE_BINS, np.intp), "valid")
    start = int(tones.argmax())
    without = bins.copy()
    without[start : start + _TONE_BINS] = 0
    return int(tones[start]), without
