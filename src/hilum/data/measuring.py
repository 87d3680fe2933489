"""Found films become manifest rows: each file is read once for its size, depth, hashes, and DICOM header.

What was measured is kept in a small log in the output folder, by content hash, so that an import that was
stopped, or is run again, reads no picture twice.
Trap: the log belongs to one version of Hilum, since another may read a film differently; lines of others are
passed over.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import hilum
from hilum.data.source import FoundFilm, Problem, ProblemKind
from hilum.errors import OutputRefused, UnreadableImage
from hilum.findings import Sex
from hilum.imaging.hashing import file_sha256, perceptual_hash
from hilum.imaging.read import read_radiograph
from hilum.imaging.resize import area_resize
from hilum.records import Film, Pixels

LOG_NAME = ".measured.jsonl"
READ_SIDE = (
    512  # pixels; enough for hash and thumbnail, and a 19-megapixel film costs a twentieth of its memory
)
THUMBNAIL_SIDE = 32  # pixels; as `hilum.data.likeness` looks at films
LEVELS = 65535

Progress = Callable[[int, int], None]  # films done, films in all


@dataclass(frozen=True, slots=True)
class Measured:
    """What a file's bytes say of the film."""

    sha256: str
    width: int  # pixels
    height: int
    bit_depth: int
    perceptual_hash: str
    view: str | None
    age_years: float | None
    sex: str | None
    notes: tuple[str, ...]
    thumbnail: str  # (32, 32) grey levels of 16 bits in base 64, for the search for duplicates


@dataclass(frozen=True, slots=True)
class MeasuredSet:
    """The films that could be read, and what is to be said of them and of the others."""

    films: tuple[Film, ...]
    problems: tuple[Problem, ...]


class MeasureLog:
    """The measurements made so far, by content hash, in a file of one JSON line each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = dict(_read_log(path))

    def measure(self, path: Path) -> Measured:
        """Measure a file, or recall it; a file that cannot be read raises `UnreadableImage`."""
        try:
            sha256 = file_sha256(path)
        except OSError as error:
            raise UnreadableImage("not-found", f"cannot be opened: {error.strerror or error}") from None
        if sha256 not in self._known:
            self._known[sha256] = _measure(path, sha256)
            self._append(self._known[sha256])
        return self._known[sha256]

    def thumbnail(self, film: Film) -> Pixels:
        """A measured film at 32 x 32, so that the search for duplicates opens no file again."""
        levels = np.frombuffer(base64.b64decode(self._known[film.sha256].thumbnail), "<u2")
        return levels.reshape(THUMBNAIL_SIDE, THUMBNAIL_SIDE).astype(np.float32) / np.float32(LEVELS)

    def _append(self, measured: Measured) -> None:
        entry = json.dumps({"hilum": hilum.__version__, **asdict(measured)})
        try:
            with self._path.open("a", encoding="utf-8") as log:
                log.write(f"\n{entry}\n")  # a line that a kill cut off spoils no other
        except OSError as error:
            raise OutputRefused(f"{self._path}: cannot be written: {error.strerror or error}") from None


def measure_films(
    found: Sequence[FoundFilm], log: MeasureLog, *, progress: Progress | None = None
) -> MeasuredSet:
    """Measure every film; an unreadable one becomes a problem, by name, and the rest goes on.

    One film at a time: a 9-megapixel PNG takes 0.1 s (measured), so that 800 films take a minute or two.
    """
    films: list[Film] = []
    problems: list[Problem] = []
    for done, film in enumerate(found, start=1):
        try:
            measured = log.measure(film.image_path)
        except UnreadableImage as error:
            reason = f"{film.image_path.name}: {error.reason}"
            problems.append(Problem(ProblemKind.REFUSED, film.film, reason))
        else:
            films.append(_film(film, measured))
            problems += _remarks(film, measured)
        if progress:
            progress(done, len(found))
    return MeasuredSet(tuple(films), tuple(problems))


def _measure(path: Path, sha256: str) -> Measured:
    radiograph = read_radiograph(path, max_side=READ_SIDE)
    small = area_resize(radiograph.pixels, height=THUMBNAIL_SIDE, width=THUMBNAIL_SIDE)
    return Measured(
        sha256=sha256,
        width=radiograph.width,
        height=radiograph.height,
        bit_depth=radiograph.bit_depth,
        perceptual_hash=perceptual_hash(radiograph.pixels),
        view=radiograph.view,
        age_years=radiograph.age_years,
        sex=radiograph.sex,
        notes=radiograph.notes,
        thumbnail=base64.b64encode(np.round(small * LEVELS).astype("<u2").tobytes()).decode(),
    )


def _film(found: FoundFilm, measured: Measured) -> Film:
    """A row: what the source says goes before what the DICOM header says."""
    header_sex = Sex(measured.sex) if measured.sex else None
    return Film(
        film=found.film,
        image_path=found.image_path,
        dataset=found.dataset,
        site=found.site,
        patient=found.patient,
        label=found.label,
        width=measured.width,
        height=measured.height,
        bit_depth=measured.bit_depth,
        sha256=measured.sha256,
        perceptual_hash=measured.perceptual_hash,
        view=found.view or measured.view,
        age_years=measured.age_years if found.age_years is None else found.age_years,
        sex=found.sex or header_sex,
        reading=found.reading,
        lung_mask_paths=found.lung_mask_paths,
        finding_mask_path=found.finding_mask_path,
    )


def _remarks(found: FoundFilm, measured: Measured) -> list[Problem]:
    """What was mended on reading, and where table and DICOM header contradict each other."""
    remarks = [Problem(ProblemKind.MENDED, found.film, note) for note in measured.notes]
    facts = (
        ("sex", found.sex, measured.sex),
        ("view", found.view, measured.view),
        ("age", found.age_years, measured.age_years),
    )
    for what, stated, header in facts:
        if stated is not None and header is not None and _differ(stated, header):
            reason = (
                f"{what} is {stated} by the table or text and {header} by the DICOM header; kept: {stated}"
            )
            remarks.append(Problem(ProblemKind.DISAGREEMENT, found.film, reason))
    return remarks


def _differ(stated: str | float, header: str | float) -> bool:
    if isinstance(stated, str) or isinstance(header, str):
        return stated != header
    return abs(stated - header) >= 2  # years; less is rounding, or a birthday


def _read_log(path: Path) -> Iterable[tuple[str, Measured]]:
    """The log's whole lines of this version; a line cut off by a kill is measured anew."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry: dict[str, Any] = json.loads(line)
            if entry.pop("hilum", None) == hilum.__version__:
                yield entry["sha256"], Measured(**{**entry, "notes": tuple(entry["notes"])})
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
