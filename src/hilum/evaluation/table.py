"""Prediction tables: CSV or Parquet, a row a film, with columns film, label, score and what else is known.

Nothing is guessed: the first cell that is not what its column holds stops the reading and is named.
Trap: ids are text. `0001` read as a number is another film, so film, patient, site, and sex stay as they are.
"""

from __future__ import annotations

import contextlib
import csv
import difflib
import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

from hilum.errors import OutputRefused, TableInvalid
from hilum.evaluation.cells import as_age, as_film, as_fold, as_label, as_score, as_text, quoted
from hilum.evaluation.rows import Rows, read_csv_rows, read_parquet_rows
from hilum.records import Prediction

REQUIRED = ("film", "label", "score")
CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "film": as_film, "patient": as_text, "site": as_text, "age": as_age, "sex": as_text, "label": as_label,
    "score": as_score, "fold": as_fold,
}  # fmt: skip
ATTRIBUTES = {role: "age_years" if role == "age" else role for role in CONVERTERS}  # of records.Prediction
MEASURED = ("logit", "probability")  # of our own networks, beside the score; numbers in Parquet
BLOCK = 10_000  # rows converted together
NUMBERS = ("age", "label", "score", "fold")
PARQUET_VERSION = {b"hilum_predictions_version": b"1"}


Row = tuple[int, Sequence[Any]]  # its number in the file, its cells


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table calls its columns; film, label, and score must be there, the others may be."""

    film: str = "film"
    patient: str = "patient"
    site: str = "site"
    age: str = "age"  # years
    sex: str = "sex"
    label: str = "label"  # 1, 0, or empty where not stated
    score: str = "score"  # on any scale, higher for more suspicious
    fold: str = "fold"  # the part of a cross-validation in which the film was tested


def read_predictions(path: Path, columns: Columns = Columns()) -> list[Prediction]:  # noqa: B008 (frozen)
    """Read a prediction table, `.csv` or `.parquet`; columns without a role come as text in `extra`.

    Raises:
        TableInvalid: names the row and column of the first thing that is wrong.
    """
    path = Path(path)
    rows = _open_rows(path, columns)
    places = _places(path, rows.names, columns)
    others = {name: at for at, name in enumerate(rows.names) if name and at not in places.values()}
    seen: dict[str, int] = {}
    predictions: list[Prediction] = []
    while block := list(islice(rows.cells, BLOCK)):
        try:
            converted = _convert(block, places, others)
        except ValueError:
            raise TableInvalid(f"{path}, {rows.place} {_first_fault(block, places, columns)}") from None
        for (number, _), prediction in zip(block, converted, strict=True):
            before = seen.setdefault(prediction.film, number)
            if before != number:
                fault = f"film {quoted(prediction.film)} stands at {rows.place} {before} already"
                raise TableInvalid(f"{path}, {rows.place} {number}, column {columns.film!r}: {fault}")
        predictions += converted
    if not predictions:
        raise TableInvalid(f"{path}: no rows under the header")
    return predictions


def write_predictions(rows: Sequence[Prediction], path: Path) -> None:
    """Write a prediction table that `read_predictions` reads back the same; `.csv` or `.parquet`.

    A logit or probability beside the score is a number in Parquet, so its trailing zeros go.

    Raises:
        OutputRefused: the ending is another, or the place cannot be written to.
    """
    names = [role for role in CONVERTERS if role != "fold" or any(row.fold is not None for row in rows)]
    table = {name: [getattr(row, ATTRIBUTES[name]) for row in rows] for name in names}
    for name in dict.fromkeys(name for row in rows for name in row.extra):
        if name in CONVERTERS:
            raise ValueError(f"another column may not be called {name!r}")
        table[name] = [row.extra.get(name, "") for row in rows]
    encode = {".csv": _as_csv, ".parquet": _as_parquet}.get(path.suffix.lower())
    if encode is None:
        raise OutputRefused(f"{path}: a prediction table ends in .csv or .parquet")
    _write_whole(path, encode(table))


def _open_rows(path: Path, columns: Columns) -> Rows:
    suffix = path.suffix.lower()
    if not path.is_file():
        raise TableInvalid(f"{path}: {'is a folder, not a file' if path.is_dir() else 'no such file'}")
    by_role = {field.name: getattr(columns, field.name) for field in fields(columns)}
    if suffix == ".csv":
        return read_csv_rows(path, wanted=by_role.values())
    if suffix == ".parquet":
        numbers = {by_role[role] for role in NUMBERS}
        return read_parquet_rows(path, numbers=numbers, texts=set(by_role.values()) - numbers)
    raise TableInvalid(f"{path}: a prediction table ends in .csv or .parquet")


def _places(path: Path, names: Sequence[str], columns: Columns) -> dict[str, int]:
    """Role -> number of its column; a column named other than by default must be there."""
    for name in names:
        if name and names.count(name) > 1:
            raise TableInvalid(f"{path}: two columns are called {name!r}")
    if len({columns.film, columns.label, columns.score}) < len(REQUIRED):
        raise TableInvalid("film, label, and score must be three different columns")
    places = {}
    for field in fields(columns):
        name = getattr(columns, field.name)
        if name in names:
            places[field.name] = names.index(name)
        elif field.name in REQUIRED or name != field.default:
            raise TableInvalid(_missing(path, field.name, name, names))
    return places


def _missing(path: Path, role: str, name: str, names: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean --{role}-column {nearest[0]}?" if nearest else ""
    return f"{path}: no column {name!r} for the {role}{hint} (found: {', '.join(names) or 'nothing'})"


def _convert(block: Sequence[Row], places: Mapping[str, int], others: Mapping[str, int]) -> list[Prediction]:
    """A block of rows as records: by column, and each distinct cell once, for tables of a million rows."""
    columns = list(zip(*(cells for _, cells in block), strict=True))
    values: dict[str, Sequence[Any]] = {}
    for role, at in places.items():
        known = {cell: CONVERTERS[role](cell) for cell in set(columns[at])}
        values[ATTRIBUTES[role]] = [known[cell] for cell in columns[at]]
    values["extra"] = [
        {name: "" if cells[at] is None else str(cells[at]) for name, at in others.items()}
        for _, cells in block
    ]
    absent = [None] * len(block)
    return list(map(Prediction, *(values.get(field.name, absent) for field in fields(Prediction))))


def _first_fault(block: Sequence[Row], places: Mapping[str, int], columns: Columns) -> str:
    for number, cells in block:
        for role, at in places.items():
            try:
                CONVERTERS[role](cells[at])
            except ValueError as error:
                return f"{number}, column {getattr(columns, role)!r}: {error}"
    raise AssertionError("a block that did not convert has a fault")


def _as_csv(table: dict[str, list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return text.getvalue().encode("utf-8")


def _as_parquet(table: dict[str, list[Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"age": pa.float64(), "label": pa.int8(), "score": pa.float64(), "fold": pa.int32()}
    measured = {name: _as_numbers(table[name]) for name in MEASURED if name in table}
    kinds |= {name: pa.float64() for name, cells in measured.items() if cells is not None}
    table = table | {name: cells for name, cells in measured.items() if cells is not None}
    columns = {name: pa.array(cells, type=kinds.get(name, pa.string())) for name, cells in table.items()}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(PARQUET_VERSION), buffer)
    return buffer.getvalue()


def _as_numbers(cells: list[Any]) -> list[float | None] | None:
    """The cells as numbers, so that their column can be evaluated; None where one of them is none."""
    try:
        return [None if cell == "" else float(cell) for cell in cells]
    except (TypeError, ValueError):
        return None


def _write_whole(path: Path, content: bytes) -> None:
    """Write under a temporary name and rename, so that a half-written table never stays."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        raise OutputRefused(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
