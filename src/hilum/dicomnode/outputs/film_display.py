"""How a film's own header says it is shown: rescale, window, tables, polarity, as far as they can be used.

The same choices as `imaging.window`: the first table before the first window, and what is malformed is left
out, of which the reading's notes tell. Trap: a film of more than 8 bits without a window is shown by most
viewers over its own range, and by a presentation state over all values that its bits could hold, so its
smallest and largest value are taken for a window where the header tells them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from highdicom import VOILUT, ModalityLUT, ModalityLUTTransformation
from highdicom.pr import SoftcopyVOILUTTransformation
from pydicom.dataset import Dataset

from hilum.imaging import header
from hilum.imaging.grey import true_depth

_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
_PLAIN_BITS = 8  # up to these a film without a window shows its whole range, here and there
LARGEST_TABLE = 65536  # entries, written as 0 (PS3.3 C.11.1.1.1)
DISPLAYED = (
    "ModalityLUTSequence", "RescaleSlope", "RescaleIntercept", "RescaleType", "VOILUTSequence",
    "WindowCenter", "WindowWidth", "VOILUTFunction", "PresentationLUTShape", "SmallestImagePixelValue",
    "LargestImagePixelValue",
)  # fmt: skip
_TABLE_TYPES = ("HU", "US", "OD", "MGML", "PCT")  # Modality LUT Type and Rescale Type, PS3.3 C.11.1.1.2


def is_inverted(film: Dataset) -> bool:
    """Whether the lowest value is shown white, by photometric interpretation or LUT shape."""
    is_monochrome1 = header.text(film, "PhotometricInterpretation").upper() == "MONOCHROME1"
    return is_monochrome1 or header.text(film, "PresentationLUTShape").upper() == "INVERSE"


def modality_transformation(film: Dataset) -> ModalityLUTTransformation | None:
    """The film's table, else its rescale; None where it has none that can be used."""
    for item in _items(film, "ModalityLUTSequence"):
        if (table := _table(item)) is not None:
            kind = header.text(item, "ModalityLUTType").upper()
            kind = kind if kind in _TABLE_TYPES else "US"
            return ModalityLUTTransformation(modality_lut=ModalityLUT(kind, table.first, table.entries))
    slope, intercept = header.numbers(film, "RescaleSlope"), header.numbers(film, "RescaleIntercept") or [0.0]
    if not slope or slope[0] == 0:
        return None
    kind = header.text(film, "RescaleType").upper()
    return ModalityLUTTransformation(
        rescale_intercept=intercept[0],
        rescale_slope=slope[0],
        rescale_type=kind if kind in _TABLE_TYPES else "US",
    )


def window_transformation(film: Dataset) -> SoftcopyVOILUTTransformation | None:
    """The film's first table, else its first window, else its own range; None where it tells none."""
    for item in _items(film, "VOILUTSequence"):
        if (table := _table(item)) is not None:
            return SoftcopyVOILUTTransformation(voi_luts=[VOILUT(table.first, _stretched(table))])
    for centre, width, function in _windows(film):
        return SoftcopyVOILUTTransformation(
            window_center=centre, window_width=width, voi_lut_function=function
        )
    return None


def _windows(film: Dataset) -> Iterator[tuple[float, float, str]]:
    centres, widths = header.numbers(film, "WindowCenter"), header.numbers(film, "WindowWidth")
    function = header.text(film, "VOILUTFunction").upper() or "LINEAR"
    if centres and widths and function in _FUNCTIONS and widths[0] >= (1 if function == "LINEAR" else 1e-6):
        yield centres[0], widths[0], function
    low, high = _range(film)
    if header.whole_number(film, "BitsStored", 0) > _PLAIN_BITS and low < high:
        yield (low + high + 1) / 2, high - low + 1, "LINEAR"


def _range(film: Dataset) -> tuple[float, float]:
    """The film's least and largest value after its rescale; alike where they are not told."""
    ends = [header.numbers(film, f"{end}ImagePixelValue") for end in ("Smallest", "Largest")]
    if not all(ends) or header.text(film, "ModalityLUTType"):
        return 0, 0
    slope = header.numbers(film, "RescaleSlope") or [1.0]
    intercept = header.numbers(film, "RescaleIntercept") or [0.0]
    low, high = sorted(end[0] * slope[0] + intercept[0] for end in ends)
    return low, high


def _items(film: Dataset, keyword: str) -> list[Dataset]:
    try:
        return list(film.get(keyword) or ())
    except header.MALFORMED:
        return []


@dataclass(frozen=True, slots=True)
class _Table:
    first: int  # the stored value that the first entry is for
    entries: npt.NDArray[Any]  # (N,) uint8 or uint16
    n_bits: int  # that the entries use


def _table(item: Dataset) -> _Table | None:
    """A table of a header; None where it is malformed."""
    try:
        n_entries, first, n_bits = (int(value) for value in item.LUTDescriptor)
        entries = _entries(item.LUTData, wide=n_bits > _PLAIN_BITS)
    except header.MALFORMED:
        return None
    is_sound = 8 <= n_bits <= 16 and len(entries) == (n_entries or LARGEST_TABLE)
    if not is_sound or not 0 <= first < LARGEST_TABLE:  # highdicom writes no table for values below 0
        return None
    depth = true_depth(int(entries.max()), n_bits)
    return _Table(first, entries if depth > _PLAIN_BITS else _paired(entries), depth)


def _paired(entries: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Entries of 8 bits, an even number of them, as words hold them; what is beyond the last maps like it."""
    narrow = entries.astype(np.uint8)
    return np.append(narrow, narrow[-1:]) if len(narrow) % 2 else narrow


def _stretched(table: _Table) -> npt.NDArray[Any]:
    """Entries over all of 8 or 16 bits, the only depths of a table here; shown, they are the same."""
    if table.entries.dtype == np.uint8 or table.n_bits == 16:
        return table.entries
    white = 2**table.n_bits - 1
    return np.asarray(np.rint(table.entries.astype(np.float64) * 65535 / white), np.uint16)


def _entries(table: Any, *, wide: bool) -> npt.NDArray[Any]:
    if isinstance(table, bytes):
        return np.frombuffer(table, "<u2" if wide else np.uint8).copy()
    return np.asarray(table, np.uint16 if wide else np.uint8)
