"""Data sets in the DICOM JSON model (PS3.18 Annex F).

Trap: a header may hold what JSON has no word for (infinite numbers, values that cannot be converted); such an
element is left out, so that one bad value does not take the whole answer with it.
"""

from __future__ import annotations

import math
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from hilum.imaging.header import MALFORMED
from hilum.web.deidentify import quiet

Json = dict[str, Any]

MOST_INLINE_BYTES = 1024  # longer ones are fetched by their own address
NEVER_INLINE = 1 << 62
BINARY = {"OB", "OD", "OF", "OL", "OV", "OW", "UN"}
PIXEL_DATA = "7FE00010"
CHARACTER_SET = "00080005"
UTF8 = {"vr": "CS", "Value": ["ISO_IR 192"]}


def as_json(dataset: Dataset, *, bulk_base: str | None = None) -> Json:
    """The elements of a data set, file meta information apart.

    Args:
        dataset: as read.
        bulk_base: the address that long binary values are fetched below; None leaves them out.
    """
    shown: Json = {}
    with quiet():
        for tag in sorted(dataset.keys()):
            if tag.element == 0:
                continue
            element = _element(dataset, tag)
            if element is not None and (told := _told(element, bulk_base)) is not None:
                shown[f"{tag:08X}"] = told
    shown[CHARACTER_SET] = UTF8
    return dict(sorted(shown.items()))


def attribute(keyword: str, *values: Any) -> Json:
    """One element by its keyword, as `{tag: {...}}`; without values it is empty."""
    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword
    told: Json = {"vr": dictionary_VR(tag)}
    if values:
        told["Value"] = list(values)
    return {f"{tag:08X}": told}


def _element(dataset: Dataset, tag: int) -> DataElement | None:
    try:
        return dataset[tag]
    except MALFORMED:
        return None


def _told(element: DataElement, bulk_base: str | None) -> Json | None:
    if element.VR in BINARY and element.value is not None and len(element.value) > MOST_INLINE_BYTES:
        return (
            None if bulk_base is None else {"vr": element.VR, "BulkDataURI": f"{bulk_base}/{element.tag:08X}"}
        )
    try:
        told = element.to_json_dict(None, NEVER_INLINE)
    except MALFORMED:
        return None
    return told if _is_finite(told) else None


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
