"""Importing: a zip or a folder of films becomes a manifest and a data card in a folder of the user's choice.

The source is only read. A zip's films are unpacked beside the manifest; a folder's films stay where they are.
Trap: an import may be run again at any time (idempotent, resumable), but an output folder belongs to one set
of films: another set is refused there, because its manifest would take the first one's place.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from hilum.data.archive import UnpackReport, unpack_films
from hilum.data.card import data_card, write_card
from hilum.data.duplicates import duplicate_pairs
from hilum.data.manifest import MANIFEST_NAME, write_manifest
from hilum.data.masks import draw_masks
from hilum.data.measuring import LOG_NAME, MeasureLog, measure_films
from hilum.data.recognition import recognised_source
from hilum.data.source import Problem, ProblemKind, Source, SourceRead, refusals
from hilum.errors import ArchiveRefused, DatasetMissing, HilumError, OutputRefused
from hilum.records import Film

FILMS_FOLDER = "films"
MASKS_FOLDER = "masks"
CARD_NAME = "data-card.json"

Progress = Callable[[str, int, int], None]  # what is being done, how much of it, of how much


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import, as what, and where to."""

    path: Path  # a zip or a folder
    out: Path
    source: Source | None = None  # None: told from the file names
    masks: Path | None = None  # a folder of lung masks; None: looked for beside the films
    may_replace: bool = False  # another set's manifest in `out`


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import made."""

    manifest_path: Path
    films: tuple[Film, ...]
    card: dict[str, Any]  # `hilum.data.card.data_card`, with where the films came from


def import_films(request: ImportRequest, *, progress: Progress | None = None) -> ImportResult:
    """Import a set of films: OUT/manifest.parquet, OUT/data-card.json, and for a zip OUT/films/.

    Raises:
        DatasetMissing: no film of the dataset is there, or none that can be read.
        ArchiveRefused: the zip is none, or is a bomb.
        OutputRefused: the output folder is the source, lies in it, or holds another set.
    """
    with _nothing_half_made(request.out):
        return _import_films(request, progress or _silent)


def _import_films(request: ImportRequest, told: Progress) -> ImportResult:
    _check_places(request)
    source = request.source or recognised_source(request.path)
    origin = {"path": str(request.path.resolve()), "source": source.name}
    _check_owner(request, origin)
    folder, unpacked = _open(request, source, told)
    read = _read_source(request, source, folder, _refusals(unpacked))
    _check_strays(read, unpacked, folder)
    problems = list(read.problems)
    log = MeasureLog(request.out / LOG_NAME)
    measured = measure_films(
        draw_masks(read.films, request.out.resolve() / MASKS_FOLDER, problems),
        log,
        progress=lambda done, total: told("films read", done, total),
    )
    problems += measured.problems
    if not measured.films:
        found = f" (all {len(read.films)} found are damaged)" if read.films else ""
        raise DatasetMissing(source.name, request.path, f"a readable film{found}", refused=refusals(problems))
    if unpacked:
        read = replace(read, n_ignored=read.n_ignored + unpacked.n_passed_over)
    duplicates = duplicate_pairs(measured.films, look=log.thumbnail)
    card = data_card(
        source.name, source.card, read, films=measured.films, problems=problems, duplicates=duplicates
    )
    card["origin"] = origin
    write_card(card, request.out / CARD_NAME)  # before the manifest, which it says the owner of
    manifest_path = request.out.resolve() / MANIFEST_NAME
    write_manifest(measured.films, manifest_path)
    return ImportResult(manifest_path, measured.films, card)


def _check_places(request: ImportRequest) -> None:
    path, out = request.path.resolve(), request.out.resolve()
    if not path.exists():
        raise ArchiveRefused(f"{request.path}: no such file or folder")
    for folder, what in ((path, "the source"), (request.masks and request.masks.resolve(), "the masks")):
        if folder and folder.is_dir() and out.is_relative_to(folder):
            raise OutputRefused(
                f"--out {request.out} lies in {what} {folder}, which is only read; choose another folder"
            )
    if request.masks and not request.masks.is_dir():
        raise DatasetMissing("masks", request.masks, "a folder of lung masks")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputRefused(f"{request.out}: cannot be made: {error.strerror}") from None
    if not os.access(out, os.W_OK):
        raise OutputRefused(f"{request.out}: cannot be written to")


def _check_owner(request: ImportRequest, origin: dict[str, str]) -> None:
    """Refuse a folder that holds the manifest of other films."""
    if request.may_replace or not (request.out / MANIFEST_NAME).exists():
        return
    try:
        owner = json.loads((request.out / CARD_NAME).read_text(encoding="utf-8"))["origin"]
    except (OSError, ValueError, KeyError, TypeError):
        owner = None
    if owner != origin:
        held = (
            f"the films of {owner['path']} as {owner['source']}"
            if isinstance(owner, dict)
            else "another manifest"
        )
        raise OutputRefused(f"{request.out} holds {held}; choose another --out, or say --replace")


def _open(request: ImportRequest, source: Source, told: Progress) -> tuple[Path, UnpackReport | None]:
    """The folder to read: the one given, or the one a zip was unpacked to."""
    if request.path.is_dir():
        return request.path.resolve(), None
    folder = request.out.resolve() / FILMS_FOLDER
    report = unpack_films(
        request.path,
        folder,
        wanted=lambda name: source.wants(PurePosixPath(name)),
        progress=lambda done, total: told("bytes unpacked", done, total),
    )
    return folder, report


def _read_source(request: ImportRequest, source: Source, folder: Path, refused: list[Problem]) -> SourceRead:
    """What the source finds, with what was refused on unpacking; a refused film is not missing besides."""
    try:
        read = source.read_films(folder, masks=request.masks.resolve() if request.masks else None)
    except DatasetMissing as error:
        every = [*refusals(refused), *error.refused]
        raise DatasetMissing(source.name, request.path, error.missing, refused=every) from None
    names = {PurePosixPath(problem.name).stem.upper() for problem in refused}
    problems = [
        problem
        for problem in read.problems
        if problem.kind is not ProblemKind.MISSING_FILM or problem.name.upper() not in names
    ]
    return replace(read, problems=(*refused, *problems))


@contextlib.contextmanager
def _nothing_half_made(out: Path) -> Iterator[None]:
    """Take away what a failed import made and nobody can use.

    What an interrupted import unpacked stays, to go on from; where there is no film, nothing does.
    """
    made = [place for place in (out / FILMS_FOLDER, out / MASKS_FOLDER) if not place.exists()]
    folders = [place for place in (out, *out.parents) if not place.exists()]
    try:
        yield
    except HilumError as error:
        for place in made:
            if isinstance(error, DatasetMissing):
                shutil.rmtree(place, ignore_errors=True)
            _remove_empty(place)
        with contextlib.suppress(OSError):  # somebody's file is in it
            for place in folders:
                place.rmdir()
        raise


def _remove_empty(folder: Path) -> None:
    for parent, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):  # holds something
            Path(parent).rmdir()


def _check_strays(read: SourceRead, unpacked: UnpackReport | None, folder: Path) -> None:
    """Films of another zip in the unpacking folder would slip into this manifest."""
    if unpacked is None:
        return
    ours = {*unpacked.unpacked, *unpacked.kept}
    strays = [film.image_path for film in read.films if film.image_path not in ours]
    if strays:
        raise OutputRefused(
            f"{folder} holds {len(strays)} films not of this zip, as {strays[0].name}; choose another --out"
        )


def _refusals(unpacked: UnpackReport | None) -> list[Problem]:
    return [
        Problem(ProblemKind.REFUSED, entry.name, entry.reason)
        for entry in (unpacked.refused if unpacked else ())
    ]


def _silent(what: str, done: int, total: int) -> None:
    """No progress is shown."""
