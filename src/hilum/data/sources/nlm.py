"""The two sets of the National Library of Medicine, Shenzhen and Montgomery: files named PREFIX_NNNN_L.

Found as in the Kaggle zip, on the library's server, or in a flat folder: by name alone. L is the label.
Trap: the label is in the name and the finding in the text. Where they differ both are kept, and it is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from hilum.data.readings import read_reading
from hilum.data.source import FoundFilm, Problem, ProblemKind, SourceCard, SourceRead
from hilum.data.sources.files import (
    MaskShelf,
    has_shadow,
    is_in_mask_folder,
    is_storable,
    one_of_each,
    shelve_masks,
    walk_files,
)
from hilum.errors import DatasetMissing
from hilum.records import ClinicalReading


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The files of a folder, by what they are."""

    films: list[tuple[str, Path]]
    readings: list[tuple[str, Path]]
    masks: list[Path]
    n_ignored: int


class NlmSource:
    """What Shenzhen and Montgomery have in common; the subclasses say what differs."""

    name: str
    card: SourceCard
    prefix: str  # of the file names
    known_ties: tuple[tuple[str, ...], ...] = ()  # numbers of films of one patient

    def recognises(self, entry: PurePosixPath) -> bool:
        return self._film_of(entry, ".png") is not None and not has_shadow(entry)

    def wants(self, entry: PurePosixPath) -> bool:
        if has_shadow(entry):
            return False
        mask = re.fullmatch(rf"{self.prefix}_[0-9]{{4}}_[01]_mask\.png", entry.name, re.IGNORECASE)
        return bool(self._film_of(entry, ".png") or self._film_of(entry, ".txt") or mask)

    def read_films(self, folder: Path, *, masks: Path | None = None) -> SourceRead:
        problems: list[Problem] = []
        files = self._sort(folder)
        films = one_of_each(files.films, problems, what="film")
        if not files.films:
            raise DatasetMissing(self.name, folder, f"a film named {self.prefix}_NNNN_0.png or _1.png")
        readings = self._readings(one_of_each(files.readings, problems, what="reading"), problems)
        shelf = shelve_masks([*files.masks, *(walk_files(masks) if masks else ())], problems)
        patients = self._patients(films, readings)
        found = [self._found(film, path, patients, readings.get(film), shelf) for film, path in films.items()]
        problems += self._missing(
            found, readings, shelf, seen={film for film, _ in files.films}, are_masks_due=masks is not None
        )
        problems += [problem for film in found for problem in self._disagreements(film)]
        problems += _both_labels(found)
        return SourceRead(
            films=tuple(found),
            problems=tuple(problems),
            n_ignored=files.n_ignored,
            n_expected=self.card.n_films,
        )

    def is_confirmed(self, film: FoundFilm) -> str | None:
        """Why the text does not bear out the label; None where it does, or where either is silent."""
        assert film.reading is not None
        if film.label == 0 and film.reading.is_normal is False:
            return "label 0 (normal), but the text names disease"
        if film.label == 1 and film.reading.is_normal:
            return "label 1 (tuberculosis), but the text reads normal"
        return None

    def _film_of(self, entry: PurePath, suffix: str) -> str | None:
        match = re.fullmatch(rf"{self.prefix}_[0-9]{{4}}_[01](\.\w+)", entry.name, re.IGNORECASE)
        return entry.name[: match.start(1)].upper() if match and match[1].lower() == suffix else None

    def _sort(self, folder: Path) -> _Sorted:
        files = _Sorted([], [], [], 0)
        n_ignored = 0
        for path in walk_files(folder):
            entry = PurePosixPath(path.relative_to(folder).as_posix())
            film, reading = self._film_of(entry, ".png"), self._film_of(entry, ".txt")
            if not self.wants(entry) or not is_storable(path):
                n_ignored += 1
            elif reading:
                files.readings.append((reading, path))
            elif film is None or is_in_mask_folder(entry):
                files.masks.append(path)
            else:
                files.films.append((film, path))
        return _Sorted(files.films, files.readings, files.masks, n_ignored)

    def _readings(self, paths: dict[str, Path], problems: list[Problem]) -> dict[str, ClinicalReading]:
        readings: dict[str, ClinicalReading] = {}
        for film, path in paths.items():
            try:
                readings[film] = read_reading(path)
            except (OSError, ValueError) as error:
                problems.append(Problem(ProblemKind.REFUSED, path.name, f"reading not used: {error}"))
        return readings

    def _patients(self, films: Iterable[str], readings: dict[str, ClinicalReading]) -> dict[str, str]:
        """Number of a film -> its patient's name, the lowest number of all films tied to it."""
        groups = [set(tie) for tie in self.known_ties]
        groups += [{film[7:11], *reading.same_patient_as} for film, reading in readings.items()]
        groups += [{film[7:11]} for film in films]
        joined: list[set[str]] = []
        for group in groups:
            touching = [other for other in joined if other & group]
            joined = [other for other in joined if not other & group] + [group.union(*touching)]
        return {number: f"{self.name}-{min(group)}" for group in joined for number in group}

    def _found(
        self,
        film: str,
        path: Path,
        patients: dict[str, str],
        reading: ClinicalReading | None,
        shelf: MaskShelf,
    ) -> FoundFilm:
        return FoundFilm(
            film=film,
            image_path=path,
            dataset=self.name,
            site=self.name,
            patient=patients[film[7:11]],
            label=int(film[-1]),
            age_years=reading.age_years if reading else None,
            sex=reading.sex if reading else None,
            reading=reading,
            lung_mask_paths=shelf.masks_of(film),
        )

    def _missing(
        self,
        found: list[FoundFilm],
        readings: dict[str, ClinicalReading],
        shelf: MaskShelf,
        *,
        seen: set[str],
        are_masks_due: bool,
    ) -> list[Problem]:
        """What is not there; a film that was seen and refused has its reason already."""
        missing = [
            Problem(ProblemKind.MISSING_FILM, film, "its reading is there, its film is not")
            for film in sorted(readings.keys() - seen)
        ]
        missing += [
            Problem(ProblemKind.MISSING_READING, film.film, "no text file of its name that can be read")
            for film in found
            if film.reading is None
        ]
        if shelf or are_masks_due:
            missing += [problem for film in found if (problem := shelf.problem_of(film.film))]
        return missing

    def _disagreements(self, film: FoundFilm) -> list[Problem]:
        why = self.is_confirmed(film) if film.reading else None
        if film.reading is None or why is None:
            return []
        text = " ".join(film.reading.text.split())[:200]
        return [Problem(ProblemKind.DISAGREEMENT, film.film, f"{why}: {text!r}")]


def _both_labels(found: list[FoundFilm]) -> list[Problem]:
    """A number that stands with 0 and with 1 is of one patient's two films, or of a renamed file."""
    labels: dict[str, set[int | None]] = {}
    for film in found:
        labels.setdefault(film.film[:-2], set()).add(film.label)
    reason = "this number stands with label 0 and with label 1; check which file was renamed"
    return [Problem(ProblemKind.DISAGREEMENT, stem, reason) for stem, both in labels.items() if len(both) > 1]
