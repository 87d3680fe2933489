"""The manifest: one Parquet file, a row a film, that every later step reads; docs/manifest.md has its schema.

Paths inside the manifest's folder are stored relative to it, so that the folder can be moved; others are
absolute.
Trap: `read_manifest` checks everything about a row but that its files exist: whoever opens a film says so by
name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hilum.data.manifest_check import MANIFEST_VERSION, SCHEMA, VERSION_KEY, check_table
from hilum.errors import ManifestInvalid, OutputRefused
from hilum.findings import Laterality, Sex, TuberculosisKind, Zone
from hilum.records import ClinicalReading, Film

MANIFEST_NAME = "manifest.parquet"
_SEXES = {sex.value: sex for sex in Sex}
_LATERALITIES = {side.value: side for side in Laterality}
_ZONES = {zone.value: zone for zone in Zone}
_KINDS = {kind.value: kind for kind in TuberculosisKind}


def write_manifest(films: Sequence[Film], path: Path) -> None:
    """Write the films in their order, whole or not at all.

    Raises:
        ManifestInvalid: a film breaks the schema, as one with a label of 2 or a name that is there twice.
        OutputRefused: the folder cannot be written to.
    """
    folder = path.parent.resolve().as_posix().rstrip("/") + "/"
    rows = [_row(film, folder) for film in films]
    try:
        columns = [pa.array([row[f.name] for row in rows], f.type) for f in SCHEMA]
    except (pa.ArrowException, UnicodeEncodeError, OverflowError) as error:
        raise ManifestInvalid(f"{path.name}: a film cannot be stored: {error}") from None
    table = pa.Table.from_arrays(columns, schema=SCHEMA)
    check_table(table, path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        pq.write_table(table, partial, compression="zstd")
        partial.replace(path)
    except OSError as error:
        raise OutputRefused(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)


def read_manifest(path: Path) -> list[Film]:
    """Read a manifest, its folder's relative paths made absolute.

    Raises:
        ManifestInvalid: no manifest, or a row that breaks the schema; the message names row and column.
    """
    path = path / MANIFEST_NAME if path.is_dir() else path
    table = check_table(_read_table(path), path)
    folder = os.fspath(path.parent.resolve())
    columns = [table.column(name).to_pylist() for name in SCHEMA.names]
    return [
        _film(dict(zip(SCHEMA.names, values, strict=True)), folder) for values in zip(*columns, strict=True)
    ]


def dataset_hash(films: Sequence[Film]) -> str:
    """SHA-256 over the sorted names, labels, and file hashes of films; the same films, the same hash."""
    lines = sorted(f"{film.film} {film.label} {film.sha256}" for film in films)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _read_table(path: Path) -> pa.Table:
    if not path.is_file():
        raise ManifestInvalid(
            f"{path}: no such manifest; make one with: hilum data import ZIP_OR_FOLDER --out DIR"
        )
    try:
        file = pq.ParquetFile(path)
        version = (file.schema_arrow.metadata or {}).get(VERSION_KEY, MANIFEST_VERSION.encode())
        if version != MANIFEST_VERSION.encode():
            raise ManifestInvalid(
                f"{path}: manifest version {version.decode(errors='replace')}, and this Hilum reads "
                f"{MANIFEST_VERSION}; import the data again"
            )
        missing = [name for name in SCHEMA.names if name not in file.schema_arrow.names]
        if missing:
            raise ManifestInvalid(
                f"{path}: no manifest: column {missing[0]!r} is missing ({len(missing)} in all)"
            )
        return file.read(columns=SCHEMA.names).select(SCHEMA.names)
    except (pa.ArrowException, OSError) as error:
        raise ManifestInvalid(f"{path}: not a readable Parquet file: {error}") from None


def _row(film: Film, folder: str) -> dict[str, Any]:
    reading = film.reading
    return {
        "film": film.film,
        "image_path": _stored(film.image_path, folder),
        "dataset": film.dataset,
        "site": film.site,
        "patient": film.patient,
        "label": film.label,
        "width": film.width,
        "height": film.height,
        "bit_depth": film.bit_depth,
        "sha256": film.sha256,
        "perceptual_hash": film.perceptual_hash,
        "view": film.view,
        "age_years": film.age_years,
        "sex": film.sex,
        "reading_text": reading.text if reading else None,
        "reading_sex": reading.sex if reading else None,
        "reading_age_years": reading.age_years if reading else None,
        "is_reading_normal": reading.is_normal if reading else None,
        "laterality": reading.laterality if reading else None,
        "zones": list(reading.zones) if reading else [],
        "kinds": list(reading.kinds) if reading else [],
        "same_patient_as": list(reading.same_patient_as) if reading else [],
        "lung_mask_paths": [_stored(mask, folder) for mask in film.lung_mask_paths],
        "finding_mask_path": _stored(film.finding_mask_path, folder) if film.finding_mask_path else None,
    }


def _stored(path: Path, folder: str) -> str:
    """The path as the manifest holds it; it must be absolute, as all paths in records are.

    Told from the text, since `Path.relative_to` takes ten times as long for a hundred thousand films.
    """
    assert path.is_absolute(), path
    return path.as_posix().removeprefix(folder)


def _film(row: dict[str, Any], folder: str) -> Film:
    reading = None
    if row["reading_text"] is not None:
        reading = ClinicalReading(
            text=row["reading_text"],
            sex=_SEXES.get(row["reading_sex"]),
            age_years=row["reading_age_years"],
            is_normal=row["is_reading_normal"],
            laterality=_LATERALITIES.get(row["laterality"]),
            zones=tuple(_ZONES[zone] for zone in row["zones"]),
            kinds=tuple(_KINDS[kind] for kind in row["kinds"]),
            same_patient_as=tuple(row["same_patient_as"]),
        )
    finding_mask = row["finding_mask_path"]
    plain = {name: row[name] for name in _PLAIN}
    return Film(
        image_path=Path(folder, row["image_path"]),
        sex=_SEXES.get(row["sex"]),
        reading=reading,
        lung_mask_paths=tuple(Path(folder, mask) for mask in row["lung_mask_paths"]),
        finding_mask_path=Path(folder, finding_mask) if finding_mask else None,
        **plain,
    )


_PLAIN = ("film", "dataset", "site", "patient", "label", "width", "height", "bit_depth", "sha256",
          "perceptual_hash", "view", "age_years")  # fmt: skip
