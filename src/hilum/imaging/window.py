"""Stored DICOM values become displayed grey levels: modality, window, padding, polarity, in the
standard's order.

All of it is a function of the stored value alone, so it is worked out once for every value a cell of 8 or
16 bits can hold and then looked up: a 20-megapixel film costs no more arithmetic than a 1-megapixel one.
The trap: the bits of a cell above the stored ones may hold anything, old overlays too (PS3.5 section
8.1.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi

from hilum.imaging.grey import true_depth
from hilum.imaging.header import MALFORMED, numbers, text
from hilum.imaging.layout import Cells
from hilum.records import Pixels

Floats = npt.NDArray[np.float64]
Notes = tuple[str, ...]

# Where the header gives no window, grey levels deeper than 8 bits are shown between these shares of the film
_ROBUST = (0.001, 0.999)
_FLAT = 0.99  # a window that turns so large a share of the film to one end is not used
_SAMPLE = 500_000  # pixels that quantiles are taken from


def display_table(cells: Cells, dataset: Dataset) -> tuple[Pixels, Notes]:
    """What each bit pattern of a cell is shown as, 0 black to 1 white, (256,) or (65536,), and notes."""
    stored = _stored_values(cells)
    is_padding = _is_padding(stored, dataset)
    sample = _sample(cells.patterns)
    sample = sample[~is_padding[sample]] if not is_padding[sample].all() else sample
    values, notes = _modality_values(stored, dataset)
    shown, more = _windowed(values, sample, dataset, is_deep=cells.bits_stored > 8)
    is_inverted, contradiction = _is_shown_inverted(dataset)
    table = 1 - shown if is_inverted else shown
    table[is_padding] = 0  # PS3.3 C.7.5.1.1.2: padding is no part of the film; shown as background
    return table.astype(np.float32), notes + more + contradiction


def _is_shown_inverted(dataset: Dataset) -> tuple[bool, Notes]:
    """Whether the lowest value is shown white, by Photometric Interpretation or LUT Shape, and notes.

    Either is enough, and both invert once: MONOCHROME1 with INVERSE, which every DX film of that kind
    carries, says the same thing twice (PS3.3 C.8.11.3, C.11.6). Where they contradict each other a note
    says so.
    """
    is_monochrome1 = text(dataset, "PhotometricInterpretation").upper() == "MONOCHROME1"
    shape = text(dataset, "PresentationLUTShape").upper()
    is_contradicted = shape in ("IDENTITY", "INVERSE") and is_monochrome1 != (shape == "INVERSE")
    contradiction = "The header contradicts itself on which end is white; the film was inverted."
    return is_monochrome1 or shape == "INVERSE", (contradiction,) if is_contradicted else ()


def _stored_values(cells: Cells) -> npt.NDArray[np.int64]:
    """The number in each bit pattern: the stored bits end at the high bit, and the sign is their first."""
    patterns = np.arange(2 ** (8 * cells.patterns.dtype.itemsize), dtype=np.int64)
    stored: npt.NDArray[np.int64] = patterns >> (cells.high_bit + 1 - cells.bits_stored)
    stored &= 2**cells.bits_stored - 1
    if cells.is_signed:
        stored[stored >= 2 ** (cells.bits_stored - 1)] -= 2**cells.bits_stored
    return stored


def _is_padding(stored: npt.NDArray[np.int64], dataset: Dataset) -> npt.NDArray[np.bool_]:
    """Pixel Padding Value (0028,0120), or the range from it to the Range Limit (0028,0121)."""
    value = numbers(dataset, "PixelPaddingValue")
    if not value:
        return np.zeros(stored.shape, dtype=np.bool_)
    limit = numbers(dataset, "PixelPaddingRangeLimit") or value
    is_padding = (stored >= min(value[0], limit[0])) & (stored <= max(value[0], limit[0]))
    is_padding[int(value[0]) % stored.size] = True  # a padding value may need more bits than the film
    return is_padding


def _sample(patterns: npt.NDArray[Any]) -> npt.NDArray[Any]:
    step = max(1, int((patterns.size / _SAMPLE) ** 0.5))
    return patterns[::step, ::step].ravel()


def _modality_values(stored: npt.NDArray[np.int64], dataset: Dataset) -> tuple[Floats, Notes]:
    """The Modality LUT, else the rescale (PS3.3 C.11.1); one that cannot be used is left out with a note."""
    unusable = ("The modality LUT or rescale in the header is malformed and was not used.",)
    values = stored.astype(np.float64)
    if dataset.get("ModalityLUTSequence"):
        try:
            return np.asarray(apply_modality_lut(stored, dataset), dtype=np.float64), ()
        except MALFORMED:
            return values, unusable
    if "RescaleSlope" not in dataset:
        return values, ()
    slope, intercept = numbers(dataset, "RescaleSlope"), numbers(dataset, "RescaleIntercept") or [0.0]
    if not slope or slope[0] == 0:
        return values, unusable
    return values * slope[0] + intercept[0], ()


def _windowed(
    values: Floats, sample: npt.NDArray[Any], dataset: Dataset, *, is_deep: bool
) -> tuple[Floats, Notes]:
    """Values to 0..1 by the VOI LUT, else the first window, else the film's own range (PS3.3 C.11.2)."""
    seen = values[sample]
    shown, notes = _voi_lut(values, dataset)
    if shown is None:
        shown, more = _window(values, dataset)
        notes += more
    if shown is None:
        return _ranged(values, seen, is_deep=is_deep), notes
    at_one_end = max(np.mean(shown[sample] <= 0), np.mean(shown[sample] >= 1))
    if at_one_end < _FLAT or seen.min() == seen.max():
        return shown, notes
    flat = f"The window in the header would turn {at_one_end:.0%} of the film to one tone and was not used."
    return _ranged(values, seen, is_deep=is_deep), (*notes, flat)


def _voi_lut(values: Floats, dataset: Dataset) -> tuple[Floats | None, Notes]:
    """The first VOI LUT; scaled by the bits its entries use, since some name 16 for a table of 12."""
    if not dataset.get("VOILUTSequence"):
        return None, ()
    try:
        mapped = apply_voi(np.rint(values).astype(np.int64), dataset)
        nominal = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
    except MALFORMED:
        return None, ("The VOI LUT in the header is malformed and was not used.",)
    white = 2 ** true_depth(int(mapped.max()), nominal) - 1
    return np.clip(mapped.astype(np.float64) / white, 0, 1), ()


def _window(values: Floats, dataset: Dataset) -> tuple[Floats | None, Notes]:
    """The first Window Center and Width with the VOI LUT Function (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
    if "WindowCenter" not in dataset and "WindowWidth" not in dataset:
        return None, ()
    centres, widths = numbers(dataset, "WindowCenter"), numbers(dataset, "WindowWidth")
    function = text(dataset, "VOILUTFunction").upper() or "LINEAR"
    least = 1.0 if function == "LINEAR" else np.finfo(np.float64).tiny
    if not centres or not widths or widths[0] < least or function not in _FUNCTIONS:
        return None, ("The window in the header is not usable and was not used.",)
    return _FUNCTIONS[function](values, centres[0], widths[0]), ()


def _linear(values: Floats, centre: float, width: float) -> Floats:
    """C.11.2.1.2.1: the width counts values, so a window of 1 is a step."""
    if width > 1:
        return _linear_exact(values, centre - 0.5, width - 1)
    return (values > centre - 0.5).astype(np.float64)


def _linear_exact(values: Floats, centre: float, width: float) -> Floats:
    """C.11.2.1.3.2."""
    return np.clip((values - centre) / width + 0.5, 0, 1)


def _sigmoid(values: Floats, centre: float, width: float) -> Floats:
    """C.11.2.1.3.1."""
    curve: Floats = 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700)))
    return curve


_FUNCTIONS: dict[str, Callable[[Floats, float, float], Floats]] = {
    "LINEAR": _linear,
    "LINEAR_EXACT": _linear_exact,
    "SIGMOID": _sigmoid,
}


def _ranged(values: Floats, seen: Floats, *, is_deep: bool) -> Floats:
    """Values to 0..1 where the header gives no window.

    Up to 8 bits the whole stored range is shown, as for a PNG of the same film; deeper films use a small
    part of theirs, and are shown from the 0.1st to the 99.9th percentile.
    """
    low, high = float(values.min()), float(values.max())
    if is_deep and seen.min() < seen.max():
        low = float(np.quantile(seen, _ROBUST[0], method="lower"))
        high = float(np.quantile(seen, _ROBUST[1], method="higher"))
        if low == high:  # all but a few pixels are alike
            low, high = float(seen.min()), float(seen.max())
    return np.clip((values - low) / (high - low), 0, 1)
