"""A folder of the user's own films, with or without a table of what is known of them.

Without a table a film is unlabelled and its patient is itself, unless the user says which folder names mean
which label. What the table lacks of age, sex, and view is taken from a DICOM header when the film is read.
Trap: a folder's name is never taken for a label or a site unasked; "normal" and "tb" mean what the user says
they do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from hilum.data.source import FoundFilm, Problem, ProblemKind, SourceCard, SourceRead, refusals
from hilum.data.sources.files import (
    IMAGE_SUFFIXES,
    MaskShelf,
    has_shadow,
    is_in_mask_folder,
    is_storable,
    shelve_masks,
    unstorable_problem,
    walk_files,
)
from hilum.data.sources.table import TableOptions, TableRow, read_table
from hilum.errors import DatasetMissing, TableInvalid

DICOM_MARK = b"DICM"  # at byte 128, PS3.10 section 7.1


class FolderSource:
    """The user's own films, PNG, JPEG, or DICOM: any number and view, with the labels the user states.

    Licence, label noise, and traps are the user's to know; an unlabelled film can be screened, not learned.
    """

    name = "folder"
    card = SourceCard(
        title="a folder of the user's own films",
        licence="the owner's; not known to Hilum",
        citation="none",
        label_origin="the user's table, or folder names as the user explained them",
        traps=("Without a patient column every film counts as a patient, and a split may part them.",),
    )

    def __init__(
        self,
        table: TableOptions | None = None,
        *,
        labels: Mapping[str, int] | None = None,
        site: str = "folder",
    ) -> None:
        self._table = table
        self._labels = {name.lower(): label for name, label in (labels or {}).items()}
        self._site = site

    def recognises(self, entry: PurePosixPath) -> bool:
        return self.wants(entry) and entry.suffix.lower() in IMAGE_SUFFIXES

    def wants(self, entry: PurePosixPath) -> bool:
        return not has_shadow(entry) and entry.suffix.lower() in {*IMAGE_SUFFIXES, ""}

    def read_films(self, folder: Path, *, masks: Path | None = None) -> SourceRead:
        problems: list[Problem] = []
        films, mask_files, n_ignored = _sort(folder, problems)
        if not films:
            raise DatasetMissing(self.name, folder, "a PNG, JPEG, or DICOM file", refused=refusals(problems))
        shelf = shelve_masks([*mask_files, *(walk_files(masks) if masks else ())], problems)
        if self._table is None:
            found = [
                self._plain(film, path, folder, shelf, problems)
                for film, path in _name(films, folder).items()
            ]
        else:
            pairs = _match(read_table(self._table), films, folder, problems)
            n_ignored += len(films) - len({path for _, path in pairs})
            found = [self._stated(row, path, shelf, problems) for row, path in pairs]
        if not found:
            raise DatasetMissing(
                self.name, folder, "any film that the table names", refused=refusals(problems)
            )
        _refuse_doubles(found, self._table)
        if shelf or masks:
            problems += [p for film in found if (p := shelf.problem_of(film.image_path.stem.upper()))]
        return SourceRead(tuple(found), tuple(problems), n_ignored)

    def _plain(
        self, film: str, path: Path, folder: Path, shelf: MaskShelf, problems: list[Problem]
    ) -> FoundFilm:
        parents = path.relative_to(folder).parent.parts
        labels = {self._labels[part.lower()] for part in parents if part.lower() in self._labels}
        if len(labels) > 1:
            reason = f"its folders {'/'.join(parents)} mean both 0 and 1; it is left unlabelled"
            problems.append(Problem(ProblemKind.DISAGREEMENT, film, reason))
        return FoundFilm(
            film=film,
            image_path=path,
            dataset=self.name,
            site=self._site,
            patient=film,
            label=labels.pop() if len(labels) == 1 else None,
            lung_mask_paths=shelf.masks_of(path.stem.upper()),
        )

    def _stated(self, row: TableRow, path: Path, shelf: MaskShelf, problems: list[Problem]) -> FoundFilm:
        film = row.film or PurePosixPath(row.path).with_suffix("").as_posix()
        if row.is_age_impossible:
            problems.append(
                Problem(ProblemKind.MENDED, film, "the table's age is impossible and was left out")
            )
        return FoundFilm(
            film=film,
            image_path=path,
            dataset=self.name,
            site=row.site or self._site,
            patient=row.patient or film,
            label=row.label,
            view=row.view,
            age_years=row.age_years,
            sex=row.sex,
            lung_mask_paths=shelf.masks_of(path.stem.upper()),
        )


def _sort(folder: Path, problems: list[Problem]) -> tuple[list[Path], list[Path], int]:
    """The films, the masks, and how many other files there are."""
    films: list[Path] = []
    masks: list[Path] = []
    n_ignored = 0
    for path in walk_files(folder):
        if not _is_picture(path):
            n_ignored += 1
        elif not is_storable(path):
            problems.append(unstorable_problem(path))
        elif is_in_mask_folder(path.relative_to(folder)) or path.stem.lower().endswith("_mask"):
            masks.append(path)
        else:
            films.append(path)
    return films, masks, n_ignored


def _is_picture(path: Path) -> bool:
    """By suffix; a file without one may be DICOM, which its own mark tells."""
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return True
    if (
        path.suffix and not path.suffix[1:].isdigit()
    ):  # DICOM files are often named by UID, which looks like ".4"
        return False
    with path.open("rb") as file:
        return file.read(132)[128:] == DICOM_MARK


def _name(paths: Sequence[Path], folder: Path) -> dict[str, Path]:
    """Film names by the shortest rule that tells all films apart: stem, path without suffix, path."""
    relative = [path.relative_to(folder) for path in paths]
    rules = (
        [p.stem for p in relative],
        [p.with_suffix("").as_posix() for p in relative],
        [p.as_posix() for p in relative],
    )
    names = next(names for names in rules if len(set(names)) == len(names))
    return dict(sorted(zip(names, paths, strict=True)))


def _match(
    rows: list[TableRow], films: list[Path], folder: Path, problems: list[Problem]
) -> list[tuple[TableRow, Path]]:
    """Each row with its file: by path below the folder, by file name, or by file name without suffix."""
    by_path = {path.relative_to(folder).as_posix(): path for path in films}
    names, stems = Counter(path.name for path in films), Counter(path.stem for path in films)
    by_name = {path.name: path for path in films if names[path.name] == 1}
    by_stem = {path.stem: path for path in films if stems[path.stem] == 1}
    pairs: list[tuple[TableRow, Path]] = []
    for row in rows:
        wanted = PurePosixPath(row.path.replace("\\", "/"))
        if wanted.is_absolute() and wanted.is_relative_to(folder.as_posix()):
            wanted = wanted.relative_to(folder.as_posix())
        text = wanted.as_posix()
        path = by_path.get(text) or by_name.get(text) or by_stem.get(text)
        if path:
            pairs.append((row, path))
        elif names[text] > 1 or stems[text] > 1:
            reason = (
                f"row {row.number} of the table: several files of this name; write the path below the folder"
            )
            problems.append(Problem(ProblemKind.REFUSED, row.path, reason))
        else:
            reason = f"row {row.number} of the table names it, and the folder does not hold it"
            problems.append(Problem(ProblemKind.MISSING_FILM, row.path, reason))
    return pairs


def _refuse_doubles(found: list[FoundFilm], table: TableOptions | None) -> None:
    """A film or a file in two rows may have two labels; nobody but the user can say which is true."""
    for what, names in (
        ("film", [film.film for film in found]),
        ("file", [str(film.image_path) for film in found]),
    ):
        name, n = Counter(names).most_common(1)[0]
        if n > 1:
            assert table is not None, "files of a folder have different names"
            raise TableInvalid(f"{table.path}: {n} rows stand for the {what} {name!r}; keep one of them")
