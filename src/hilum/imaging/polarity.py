"""Which way round black and white are.

The trap: MONOCHROME1 with Presentation LUT Shape INVERSE, which every DX film of that kind carries, says the same
thing twice (PS3.3 C.8.11.3.1.2 and C.11.6); inverting twice shows bone dark.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from hilum.imaging.header import text


def is_shown_inverted(dataset: Dataset) -> tuple[bool, tuple[str, ...]]:
    """Whether the lowest value is shown white, by Photometric Interpretation or Presentation LUT Shape, and notes.

    Either is enough. Where they contradict each other a note says so.
    """
    is_monochrome1 = text(dataset, "PhotometricInterpretation").upper() == "MONOCHROME1"
    shape = text(dataset, "PresentationLUTShape").upper()
    is_contradicted = shape in ("IDENTITY", "INVERSE") and is_monochrome1 != (shape == "INVERSE")
    contradiction = "The header contradicts itself on which end is white; the film was inverted."
    return is_monochrome1 or shape == "INVERSE", (contradiction,) if is_contradicted else ()
