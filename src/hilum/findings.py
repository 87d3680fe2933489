"""The label vocabulary: what may be present on a film, where, and of what kind.

Labels are 1 (present), 0 (absent), or None (not stated); as floats the last is NaN, never 0.
"""

from __future__ import annotations

from enum import StrEnum


class Finding(StrEnum):
    """A thing that may be present on a film, in the order of a bundle's outputs."""

    TUBERCULOSIS = "tuberculosis"
    """Abnormality consistent with pulmonary tuberculosis; a dataset's label, not a bacteriological proof."""


class Sex(StrEnum):
    """Sex as recorded; values are those of DICOM (0010,0040)."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "O"


class Laterality(StrEnum):
    """The side of the patient, not of the picture."""

    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"


class Zone(StrEnum):
    """The six lung zones; right is the patient's right, shown on the left of a frontal film."""

    RIGHT_UPPER = "right upper"
    RIGHT_MIDDLE = "right middle"
    RIGHT_LOWER = "right lower"
    LEFT_UPPER = "left upper"
    LEFT_MIDDLE = "left middle"
    LEFT_LOWER = "left lower"


class TuberculosisKind(StrEnum):
    """The form of tuberculosis, or its trace, that a reading names."""

    SECONDARY = "secondary"
    MILIARY = "miliary"
    EFFUSION = "effusion"
    """Pleural effusion or pleuritis."""
    TUBERCULOMA = "tuberculoma"
    CAVITY = "cavity"
    FIBROSIS = "fibrosis"
    OLD = "old"
    """Old or inactive disease, calcified lesions included."""
    OTHER = "other"
