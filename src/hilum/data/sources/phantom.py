"""Hilum's own made-up films, as `hilum data phantom` writes them; `phantoms.csv` holds their truth."""

from __future__ import annotations

import csv
import re
from pathlib import Path, PurePosixPath

from hilum.data.readings import decode_reading
from hilum.data.source import FoundFilm, Problem, ProblemKind, SourceCard, SourceRead
from hilum.data.sources.files import has_shadow, is_in_mask_folder, walk_files
from hilum.errors import DatasetMissing
from hilum.findings import Laterality, Sex, TuberculosisKind, Zone
from hilum.records import ClinicalReading

_FILM = re.compile(r"phantom_[0-9]{4,}\.(?:png|dcm)")
_TABLE = "phantoms.csv"
_Row = dict[str, str]


class PhantomSource:
    """Made-up frontal films of three simulated sites; no patient, no licence, any number.

    The label is the truth, and so are the lung masks, the finding's mask, its zones, and its kind.
    Split by patient: every fifth film of a site is a second one of an earlier patient.
    """

    name = "phantom"
    card = SourceCard(
        title="Hilum phantoms: seeded chest films drawn by attenuation along rays",
        licence="Apache-2.0, as the program that draws them",
        citation="none; attenuation coefficients from Hubbell and Seltzer, NIST XAAMDI",
        label_origin="drawn, so known: 1 where a TB-like finding was put into the lungs",
        traps=(
            "Made for tests, examples, and tutorials: a figure from phantoms says nothing of patients.",
            "Sites differ in tone, borders, markers, and file form, as hospitals do.",
        ),
    )

    def recognises(self, entry: PurePosixPath) -> bool:
        return bool(_FILM.fullmatch(entry.name)) and not is_in_mask_folder(entry) and not has_shadow(entry)

    def wants(self, entry: PurePosixPath) -> bool:
        named = re.fullmatch(r"phantom_[0-9]{4,}\.(?:png|dcm|txt)", entry.name) or entry.name == _TABLE
        return bool(named) and not has_shadow(entry)

    def read_films(self, folder: Path, *, masks: Path | None = None) -> SourceRead:
        table = next((path for path in walk_files(folder) if path.name == _TABLE), None)
        if table is None:
            raise DatasetMissing(self.name, folder, _TABLE)
        problems: list[Problem] = []
        films = []
        with table.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        for row in rows:
            if not (table.parent / row["file"]).is_file():
                problems.append(Problem(ProblemKind.MISSING_FILM, row["film"], f"{row['file']} is not there"))
                continue
            films.append(self._found(row, table.parent))
        if not films:
            raise DatasetMissing(self.name, folder, "a film that phantoms.csv names")
        return SourceRead(tuple(films), tuple(problems), n_expected=len(rows))

    def _found(self, row: _Row, folder: Path) -> FoundFilm:
        film = row["film"]
        lungs = tuple(folder / "masks" / side / f"{film}.png" for side in ("left", "right"))
        finding = folder / "masks/finding" / f"{film}.png"
        return FoundFilm(
            film=film,
            image_path=folder / row["file"],
            dataset=self.name,
            site=row["site"],
            patient=row["patient"],
            label=int(row["label"]),
            view=row["view"],
            age_years=float(row["age_years"]),
            sex=Sex(row["sex"]),
            reading=_reading(row, folder / "readings" / f"{film}.txt"),
            lung_mask_paths=lungs if all(path.is_file() for path in lungs) else (),
            finding_mask_path=finding if finding.is_file() else None,
        )


def _reading(row: _Row, path: Path) -> ClinicalReading | None:
    """The text as it stands, with what is true of the film in place of what the text can be read to say."""
    if not path.is_file():
        return None
    return ClinicalReading(
        text=decode_reading(path.read_bytes()),
        sex=Sex(row["sex"]),
        age_years=float(row["age_years"]),
        is_normal=row["label"] == "0",
        laterality=Laterality(row["laterality"]) if row["laterality"] else None,
        zones=tuple(Zone(zone) for zone in row["zones"].split("; ") if zone),
        kinds=tuple(TuberculosisKind(kind) for kind in row["kinds"].split("; ") if kind),
    )
