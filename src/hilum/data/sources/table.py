"""A table of films: CSV or Parquet, with the user's own column names, becomes checked rows.

Only the column that names the file is needed. Nothing is guessed: a label that is not 0, 1, or empty is
refused with its row, unless the user said what the word means.
Trap: spreadsheets write 1 as 1.0, add a byte-order mark, and separate by semicolon in half of Europe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hilum.data.readings import MAX_AGE_YEARS, decode_reading
from hilum.errors import TableInvalid
from hilum.findings import Sex

FIELDS = ("path", "film", "label", "patient", "site", "age", "sex", "view")
EMPTY = frozenset({"", "na", "n/a", "nan", "none", "null", "<na>"})

_SEXES = {
    "f": Sex.FEMALE,
    "female": Sex.FEMALE,
    "m": Sex.MALE,
    "male": Sex.MALE,
    "o": Sex.OTHER,
    "other": Sex.OTHER,
}
_AGE_UNITS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}  # DICOM's age string, PS3.5 6.2 "AS"


@dataclass(frozen=True, slots=True)
class TableOptions:
    """Where the table is, and what its columns and words mean."""

    path: Path
    columns: Mapping[str, str] = field(default_factory=dict)  # one of `FIELDS` -> the table's own column name
    labels: Mapping[str, int] = field(
        default_factory=dict
    )  # a word in the label column, in lower case -> 0 or 1


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row, checked; what the table does not state is None."""

    number: int  # as a spreadsheet counts: the head is row 1
    path: str
    film: str | None
    label: int | None
    patient: str | None
    site: str | None
    age_years: float | None
    sex: Sex | None
    view: str | None
    is_age_impossible: bool = False  # stated, and beyond any human's; left out


def read_table(options: TableOptions) -> list[TableRow]:
    """Read and check every row.

    Raises:
        TableInvalid: no table, no column for the path, or a bad cell; the message names row and column.
    """
    rows = (
        _parquet_rows(options.path) if options.path.suffix.lower() == ".parquet" else _csv_rows(options.path)
    )
    head = list(rows[0]) if rows else []
    columns = _columns(head, options)
    return [_row(row, columns, options, number) for number, row in enumerate(rows, start=2)]


def _columns(head: list[str], options: TableOptions) -> dict[str, str]:
    """Our name -> the table's, for those that are there."""
    for ours, theirs in options.columns.items():
        if ours not in FIELDS:
            raise TableInvalid(f"--column {ours}={theirs}: {ours!r} is not among {', '.join(FIELDS)}")
        if theirs not in head:
            raise TableInvalid(f"{options.path}: no column {theirs!r}; it has {', '.join(head) or 'no rows'}")
    spelled = {name.strip().lower(): name for name in reversed(head)}
    found = {ours: spelled[ours] for ours in FIELDS if ours in spelled} | dict(options.columns)
    if "path" not in found and "film" in found:
        found["path"] = found["film"]
    if "path" not in found:
        raise TableInvalid(
            f"{options.path}: no column 'path' or 'film'; say which names the file with --column path=NAME "
            f"(it has {', '.join(head) or 'no rows'})"
        )
    return found


def _row(row: Mapping[str, str], columns: Mapping[str, str], options: TableOptions, number: int) -> TableRow:
    cells = {ours: row[theirs].strip() for ours, theirs in columns.items()}
    cells = {ours: "" if cell.lower() in EMPTY else cell for ours, cell in cells.items()}

    def refuse(ours: str, what: str) -> TableInvalid:
        return TableInvalid(f"{options.path}: row {number}, column {columns[ours]!r}: {cells[ours]!r} {what}")

    if not cells["path"]:
        raise refuse("path", "names no file")
    age = _age(cells.get("age", ""))
    sex = cells.get("sex", "").lower()
    if age is None and cells.get("age"):
        raise refuse("age", "is no age; write years, or DICOM's form as in 027Y")
    if sex and sex not in _SEXES:
        raise refuse("sex", "is not among F, M, O")
    label = _label(cells.get("label", ""), options.labels)
    if label is not None and label not in (0, 1):
        raise refuse("label", "is not 0, 1, or empty; say what a word means with --labels WORD=0 or WORD=1")
    is_age_impossible = age is not None and not 0 <= age <= MAX_AGE_YEARS
    return TableRow(
        number=number,
        path=cells["path"],
        film=cells.get("film") or None,
        label=label,
        patient=cells.get("patient") or None,
        site=cells.get("site") or None,
        age_years=None if is_age_impossible else age,
        sex=_SEXES.get(sex),
        view=cells.get("view") or None,
        is_age_impossible=is_age_impossible,
    )


def _label(cell: str, words: Mapping[str, int]) -> int | None:
    """0 or 1, None where empty, -1 where it means nothing we know."""
    if cell.lower() in words:
        return words[cell.lower()]
    if not cell:
        return None
    return {"0": 0, "1": 1, "0.0": 0, "1.0": 1}.get(cell, -1)


def _age(cell: str) -> float | None:
    """Years; None where empty or no number."""
    scale = _AGE_UNITS.get(cell[-1:].upper())
    try:
        age = float(cell[:-1]) * scale if scale else float(cell)
    except ValueError:
        return None
    return round(age, 4) if age == age else None


def _csv_rows(path: Path) -> list[dict[str, str]]:
    try:
        text = decode_reading(path.read_bytes())
    except OSError as error:
        raise TableInvalid(f"{path}: cannot be read: {error.strerror or error}") from None
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    try:
        lines = [
            line
            for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
            if line
        ]
    except csv.Error as error:
        raise TableInvalid(f"{path}: not a CSV table: {error}") from None
    names = lines[0] if lines else []
    _refuse_twice(path, names)
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(names):
            raise TableInvalid(f"{path}: row {number} has {len(line)} cells where the head has {len(names)}")
    return [dict(zip(names, line, strict=True)) for line in lines[1:]]


def _parquet_rows(path: Path) -> list[dict[str, str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise TableInvalid(f"{path}: not a readable Parquet file: {error}") from None
    _refuse_twice(path, table.column_names)
    return [{name: _cell(value) for name, value in row.items()} for row in table.to_pylist()]


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _refuse_twice(path: Path, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise TableInvalid(f"{path}: column {name!r} is there twice")
        seen.add(name)
