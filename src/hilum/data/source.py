"""The contract of a dataset source: what it says of itself, and the films it finds in a folder.

A source finds files and reads names, tables, and readings; it opens no picture. `hilum.data.importing`
measures the pixels afterwards, the same way for every source, so that a damaged film is refused in one place.
Trap: a source reports what it could not settle as a `Problem`, and never picks one of two contradicting
facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Protocol

from hilum.findings import Sex
from hilum.records import ClinicalReading


class ProblemKind(StrEnum):
    """What is wrong with a film, a reading, or a mask; the value is the heading in the data card."""

    REFUSED = "refused"
    """Left out of the manifest: damaged, contradicting, or unsafe."""
    MISSING_FILM = "missing film"
    """A reading whose film is not there."""
    MISSING_READING = "missing reading"
    MISSING_MASK = "missing mask"
    DISAGREEMENT = "disagreement"
    """Label and text do not say the same; both are kept as they are."""
    MENDED = "mended"
    """Read, after something odd in the file was put right."""
    COPY = "copy"
    """The same film several times in one tree, with equal bytes; one was taken."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a person should know about the set; `reason` is a sentence."""

    kind: ProblemKind
    name: str  # of the film, or of the file where no film is known
    reason: str


def refusals(problems: Iterable[Problem]) -> list[str]:
    """What was refused, as in "film.png (its reason)"."""
    return [f"{each.name} ({each.reason})" for each in problems if each.kind is ProblemKind.REFUSED]


@dataclass(frozen=True, slots=True)
class SourceCard:
    """What is known of a dataset before a file of it is seen."""

    title: str
    licence: str
    citation: str
    label_origin: str  # who said so, and how sure it is
    traps: tuple[str, ...] = ()  # as sentences
    n_films: int | None = None  # of the complete set; None where there is no such number


@dataclass(frozen=True, slots=True)
class LabelMap:
    """A picture whose grey levels name organs."""

    path: Path
    lung_values: tuple[int, ...]  # the levels that are lung


@dataclass(frozen=True, slots=True)
class FoundFilm:
    """A film as its source knows it, before its pixels are read."""

    film: str  # unique in its set
    image_path: Path
    dataset: str
    site: str
    patient: str
    label: int | None = None  # 1, 0, or None where not stated
    view: str | None = None
    age_years: float | None = None
    sex: Sex | None = None
    reading: ClinicalReading | None = None
    lung_mask_paths: tuple[Path, ...] = ()
    label_map: LabelMap | None = None  # where there is no mask: importing draws one from it
    finding_mask_path: Path | None = None


@dataclass(frozen=True, slots=True)
class SourceRead:
    """Everything a source found in one folder."""

    films: tuple[FoundFilm, ...]  # by film name
    problems: tuple[Problem, ...] = ()
    n_ignored: int = 0  # files that are no part of the set: Thumbs.db, ._ files, other pictures
    n_expected: int | None = None  # films of the complete set


class Source(Protocol):
    """A dataset that can be imported; the class docstring is its card in short.

    A source is built without arguments, is cheap to build, and writes nothing.
    """

    name: str
    card: SourceCard

    def recognises(self, entry: PurePosixPath) -> bool:
        """Whether a file of this name (path inside the folder or zip) can only be a film of this dataset."""
        ...

    def wants(self, entry: PurePosixPath) -> bool:
        """Whether a zip entry of this name is worth unpacking: a film, a reading, a mask, a table."""
        ...

    def read_films(self, folder: Path, *, masks: Path | None = None) -> SourceRead:
        """Find the dataset's films under `folder`, at any depth.

        Args:
            folder: where the films, and all else of the set, are.
            masks: a second folder with lung masks; None looks for them in `folder`.

        Raises:
            DatasetMissing: no film of this dataset is there.
        """
        ...
