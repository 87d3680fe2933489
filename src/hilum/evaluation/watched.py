"""The films that monitoring watches, from a table of `hilum screen` or a prediction table, refused films too.

A row with a refusal code has no score, and a row without one must have it. Trap: a screening table holds the
score twice, as `probability` (0..1) and as `score` (0..100, rounded); the threshold is on the probability, so
that is the one read, and never the two mixed.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

from hilum.errors import TableInvalid
from hilum.evaluation.cells import as_age, as_film, as_label, as_score, as_text, quoted
from hilum.evaluation.rows import Rows, read_csv_rows, read_parquet_rows

SCREENED = ("file", "status", "code", "probability")  # a table with these columns is one of `hilum screen`
LARGEST_JSON = 2_000_000_000  # bytes; ten million rows


@dataclass(frozen=True, slots=True)
class WatchedFilm:
    """One row: a film that was scored, or refused with its code."""

    film: str
    score: float | None  # None where refused
    code: str | None = None  # of the refusal; None where scored
    bundle: str | None = None  # "name version"
    threshold: float | None = None  # on the score's scale
    day: date | None = None
    site: str | None = None
    device: str | None = None
    age: float | None = None  # years
    sex: str | None = None
    patient: str | None = None
    label: int | None = None


@dataclass(frozen=True, slots=True)
class WatchedTable:
    """A table's films, and which columns it has: one without codes cannot say that nothing was refused."""

    path: Path
    films: tuple[WatchedFilm, ...]
    roles: frozenset[str]  # of WatchedFilm that the table has a column for


@dataclass(frozen=True, slots=True)
class WatchedColumns:
    """What a table calls its columns; None takes the usual name, or nothing where no column has it."""

    film: str | None = None  # "file" of a screening table, "film" of another
    score: str | None = None  # "probability" of a screening table, "score" of another
    code: str | None = None
    bundle: str | None = None
    threshold: str | None = None
    day: str | None = None  # "date"
    site: str | None = None
    device: str | None = None
    age: str | None = None
    sex: str | None = None
    patient: str | None = None
    label: str | None = None


def as_day(cell: Any) -> date | None:
    """A date from `2026-11-24` or `20261124` (DICOM's DA), with or without a time; None where empty."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = as_text(cell)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise ValueError(f"must be a date such as 2026-11-24, not {quoted(cell)}") from None


def _as_score_or_none(cell: Any) -> float | None:
    return None if cell is None or (isinstance(cell, str) and not cell.strip()) else as_score(cell)


CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "film": as_film, "score": _as_score_or_none, "code": as_text, "bundle": as_text,
    "threshold": _as_score_or_none, "day": as_day, "site": as_text, "device": as_text, "age": as_age,
    "sex": as_text, "patient": as_text, "label": as_label,
}  # fmt: skip
NUMBERS = ("score", "threshold", "age", "label")
TYPED = ("day",)  # Parquet has dates of its own
REQUIRED = ("film", "score")


def read_watched(path: Path, columns: WatchedColumns = WatchedColumns()) -> WatchedTable:  # noqa: B008
    """Read a table, `.csv`, `.json`, or `.parquet`.

    Raises:
        TableInvalid: names the row and column of the first thing that is wrong.
    """
    path = Path(path)
    rows = _open_rows(path, columns)
    places = _places(path, rows.names, columns)
    films: list[WatchedFilm] = []
    seen: dict[str, int] = {}
    for number, cells in rows.cells:
        film = _film(cells, places, rows, f"{path}, {rows.place} {number}")
        before = seen.setdefault(film.film, number)
        if before != number:
            name = rows.names[places["film"]]
            fault = f"film {quoted(film.film)} stands at {rows.place} {before} already"
            raise TableInvalid(f"{path}, {rows.place} {number}, column {name!r}: {fault}")
        films.append(film)
    if not films:
        raise TableInvalid(f"{path}: no rows under the header")
    return WatchedTable(path, tuple(films), frozenset(places))


def _film(cells: Sequence[Any], places: Mapping[str, int], rows: Rows, where: str) -> WatchedFilm:
    values: dict[str, Any] = {}
    for role, at in places.items():
        try:
            values[role] = CONVERTERS[role](cells[at])
        except ValueError as error:
            raise TableInvalid(f"{where}, column {rows.names[at]!r}: {error}") from None
    film = WatchedFilm(**values)
    name = rows.names[places["score"]]
    if film.score is None and film.code is None:
        raise TableInvalid(f"{where}, column {name!r}: is empty, and no refusal code says why")
    if film.score is not None and film.code is not None:
        raise TableInvalid(f"{where}, column {name!r}: holds a score, but the film was refused ({film.code})")
    return film


def _open_rows(path: Path, columns: WatchedColumns) -> Rows:
    if not path.is_file():
        raise TableInvalid(f"{path}: {'is a folder, not a file' if path.is_dir() else 'no such file'}")
    named = {field.name: getattr(columns, field.name) for field in fields(columns)}
    wanted = {*SCREENED, *REQUIRED, *(name for name in named.values() if name)}
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return read_csv_rows(path, wanted=wanted)
    if suffix == ".json":
        return _read_json_rows(path)
    if suffix == ".parquet":
        used = _usual_names(_parquet_names(path)) | {role: name for role, name in named.items() if name}
        numbers = {used.get(role, role) for role in NUMBERS}
        texts = {used.get(role, role) for role in CONVERTERS if role not in (*NUMBERS, *TYPED)}
        return read_parquet_rows(path, numbers=numbers, texts=texts - numbers)
    raise TableInvalid(f"{path}: a table to monitor ends in .csv, .json, or .parquet")


def _parquet_names(path: Path) -> Sequence[str]:
    """The columns; none where the file cannot be read, which is told when it is."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError):
        return []


def _usual_names(names: Sequence[str]) -> dict[str, str]:
    """Role -> what its column is called, where that is not the role's own name."""
    is_screened = set(SCREENED) <= set(names)
    return {"day": "date"} | ({"film": "file", "score": "probability"} if is_screened else {})


def _read_json_rows(path: Path) -> Rows:
    """The array of objects that `hilum screen --json` writes; a key that a row lacks is empty there."""
    if path.stat().st_size > LARGEST_JSON:
        raise TableInvalid(f"{path}: is too large for JSON; screen with --parquet")
    try:
        rows = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise TableInvalid(f"{path}: not JSON: {error}") from None
    except OSError as error:
        raise TableInvalid(f"{path}: cannot be read: {error.strerror or error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TableInvalid(f"{path}: must hold an array of objects, one a film")
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    for number, row in enumerate(rows, start=1):
        for name, cell in row.items():
            if isinstance(cell, list | dict):
                raise TableInvalid(f"{path}, row {number}, column {name!r}: must be one value")
    return Rows("row", names, enumerate(([row.get(name) for name in names] for row in rows), start=1))


def _places(path: Path, names: Sequence[str], columns: WatchedColumns) -> dict[str, int]:
    """Role -> number of its column; a column that was named must be there, and so must film and score."""
    for name in names:
        if name and names.count(name) > 1:
            raise TableInvalid(f"{path}: two columns are called {name!r}")
    usual = _usual_names(names)
    places = {}
    for field in fields(columns):
        asked = getattr(columns, field.name)
        name = asked or usual.get(field.name, field.name)
        if name in names:
            places[field.name] = names.index(name)
        elif asked or field.name in REQUIRED:
            raise TableInvalid(_missing(path, field.name, name, names))
    return places


def _missing(path: Path, role: str, name: str, names: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(name, names, n=1)
    option = "date" if role == "day" else role
    hint = f"; did you mean --{option}-column {nearest[0]}?" if nearest else ""
    return f"{path}: no column {name!r} for the {option}{hint} (found: {', '.join(names) or 'nothing'})"
