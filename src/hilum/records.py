"""The frozen records that the rooms hand to one another.

Paths in records are absolute; only a manifest on disk stores them relative to itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.findings import Laterality, Sex, TuberculosisKind, Zone

Pixels = npt.NDArray[np.float32]


class RefusalCode(StrEnum):
    """Why a file got no score; the value is what tables and pages show, and docs/gate.md says what to do."""

    NOT_FOUND = "not-found"
    NOT_AN_IMAGE = "not-an-image"
    EMPTY = "empty"
    """The file has no bytes."""
    DAMAGED = "damaged"
    HEADER_MISMATCH = "header-mismatch"
    """The pixels are not what the DICOM header says of them."""
    SEVERAL_FRAMES = "several-frames"
    UNSUPPORTED = "unsupported"
    """A real image of a kind we do not read: a codec or a depth we lack, not CR/DX/SC."""
    TOO_SMALL = "too-small"
    BLANK = "blank"
    TOO_DARK = "too-dark"
    """The lungs are black: what was in them is lost."""
    TOO_BRIGHT = "too-bright"
    """The lungs are white."""
    BLURRED = "blurred"
    NOT_AN_XRAY = "not-an-xray"
    """A photograph, a page, a drawing, a slice of CT or MRI, an ultrasound picture."""
    NOT_A_CHEST = "not-a-chest"
    """An X-ray, but of hands, teeth, or other bones."""
    LATERAL = "lateral"
    """Seen from the side, by the header."""
    TURNED = "turned"
    """The picture is upside down or on its side."""
    INVERTED = "inverted"
    """Bone dark, and not plainly enough to be mended."""
    CUT_OFF = "cut-off"
    """A part of a chest."""
    COLLAGE = "collage"
    """Several pictures in one."""
    NO_LUNGS = "no-lungs"
    UNFAMILIAR = "unfamiliar"
    """Unlike the films that the bundle knows, whatever it is."""
    CHILD = "child"
    FAILED = "failed"
    """A fault of ours; the log holds the traceback."""


@dataclass(frozen=True, slots=True)
class Tones:
    """How much a picture's grey levels differ, by a sample of at most 256 rows and columns of the file."""

    n_levels: int  # distinct ones
    two_tone_share: float  # of the sample that lies about its two commonest tones, 0..1


@dataclass(frozen=True, slots=True)
class Radiograph:
    """One film as pixels, bone bright whatever the file said.

    `pixels` is (H, W) float32 in 0..1 on the file's own displayed range, at native size and aspect,
    or smaller where the reader was given a `max_side`.
    """

    pixels: Pixels  # (H, W)
    bit_depth: int  # stored bits of a grey level
    file_format: str  # "png", "jpeg", "dicom"
    age_years: float | None = None  # from the DICOM header
    sex: Sex | None = None
    view: str | None = None  # DICOM View Position: "PA", "AP", "LL", ...
    pixel_spacing_mm: float | None = None  # of the file's pixels
    notes: tuple[str, ...] = ()  # what was mended on reading, as sentences
    native_height: int | None = None  # pixels of the file, where `pixels` was reduced on reading
    native_width: int | None = None
    coloured_share: float = 0.0  # of the file's pixels that were coloured before they became grey, 0..1
    tones: Tones | None = None  # of the file, as reducing would mix them; None where `pixels` have them still

    @property
    def height(self) -> int:
        """Pixels of the file, whatever the size of `pixels`."""
        return self.native_height or self.pixels.shape[0]

    @property
    def width(self) -> int:
        return self.native_width or self.pixels.shape[1]


@dataclass(frozen=True, slots=True)
class ClinicalReading:
    """What a dataset's own text says of one film; `text` is the raw text, always."""

    text: str
    sex: Sex | None = None
    age_years: float | None = None
    is_normal: bool | None = None  # None where the text names neither disease nor its absence
    laterality: Laterality | None = None
    zones: tuple[Zone, ...] = ()
    kinds: tuple[TuberculosisKind, ...] = ()
    same_patient_as: tuple[str, ...] = ()  # four-digit numbers named by "same pt as" notes


@dataclass(frozen=True, slots=True)
class Film:
    """One row of a manifest."""

    film: str  # unique in its manifest; text, so that CHNCXR_0001_0 keeps its zeros
    image_path: Path
    dataset: str  # the source that read it: "shenzhen", "montgomery", "folder", ...
    site: str  # where it was taken
    patient: str
    label: int | None  # Finding.TUBERCULOSIS: 1, 0, or None where not stated
    width: int  # pixels, native
    height: int
    bit_depth: int
    sha256: str  # of the file's bytes
    perceptual_hash: str  # 16 hex digits
    view: str | None = None
    age_years: float | None = None
    sex: Sex | None = None
    reading: ClinicalReading | None = None
    lung_mask_paths: tuple[Path, ...] = ()  # one mask, or left and right; any non-zero pixel is lung
    finding_mask_path: Path | None = None  # phantoms only: where the finding truly is


class Certainty(StrEnum):
    """Which labels of a film cannot be ruled out at a stated error rate."""

    ABNORMAL = "abnormal"
    NORMAL = "normal"
    BOTH = "both"
    """A person must read this film."""


@dataclass(frozen=True, slots=True)
class CertaintyLimits:
    """Where each label begins to be ruled out, on the calibrated probability's scale.

    Conformal limits, a label at a time: Vovk, Gammerman, and Shafer 2005; set by `evaluation.conformal`.
    """

    error_rate: float  # of each label, 0..1; what the limits promise at most, on average
    n_positive: int  # films that set the first limit
    n_negative: int  # films that set the second
    abnormal_from: float | None = None  # abnormal cannot be ruled out at or above; None: nowhere can it be
    normal_up_to: float | None = None  # normal cannot be ruled out at or below; None: nowhere can it be

    def certainty(self, probability: float) -> Certainty:
        """What cannot be ruled out; where both could be, nothing is ruled out."""
        may_be_abnormal = self.abnormal_from is None or probability >= self.abnormal_from
        may_be_normal = self.normal_up_to is None or probability <= self.normal_up_to
        if may_be_abnormal == may_be_normal:
            return Certainty.BOTH
        return Certainty.ABNORMAL if may_be_abnormal else Certainty.NORMAL


@dataclass(frozen=True, slots=True)
class Scored:
    """A film the bundle read."""

    image_path: Path
    score: float  # 0-100, the probability times 100, rounded to one decimal
    probability: float  # calibrated, 0..1
    threshold: float  # on probability
    is_flagged: bool
    spread: float | None  # standard deviation of the members' probabilities; None for a single member
    bundle: str  # "name version"
    seconds: float
    zones: dict[Zone, float] = field(default_factory=dict)  # probabilities; none without a crop to lungs
    certainty: Certainty | None = None  # None where the bundle has no limits
    error_rate: float | None = None  # that the certainty holds at
    heat_map: Pixels | None = None  # (H, W) in film coordinates, 0..1 of its own peak
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A film that got no score, and why."""

    image_path: Path
    code: RefusalCode
    reason: str  # shown to the radiographer, so a sentence that names the measurement and its limit
    bundle: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its uncertainty and its denominator.

    `value` is None where it cannot be estimated, with `why`.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_positive: int | None = None
    method: str = ""  # of the interval: "DeLong", "Wilson", "bootstrap by patient"
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n,
                "n_positive": self.n_positive, "method": self.method, "why": self.why}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row of a prediction table; all that evaluation ever sees."""

    film: str
    label: int | None
    score: float
    patient: str | None = None
    site: str | None = None
    age_years: float | None = None
    sex: str | None = None
    fold: int | None = None
    extra: dict[str, str] = field(default_factory=dict)  # other columns, by name, as text

    @classmethod
    def of_film(
        cls, film: Film, *, score: float, fold: int | None = None, extra: dict[str, str] | None = None
    ) -> Prediction:
        """A film's row; everything but the score is the manifest's."""
        return cls(
            film=film.film,
            label=film.label,
            score=score,
            patient=film.patient,
            site=film.site,
            age_years=film.age_years,
            sex=film.sex,
            fold=fold,
            extra=extra or {},
        )


def public_label(label: str) -> str:
    """A bundle's name and version without what was added for a local threshold: the networks are the same."""
    return label.partition("+")[0].strip()
