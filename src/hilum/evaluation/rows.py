"""The rows of a CSV or Parquet file, each with the place where a person finds it.

A CSV may have a byte-order mark, any line ending, quotes, and comma, semicolon, or tab between fields.
Trap: a quoted field may hold line breaks, so the number of a row is not the number of its line.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from hilum.errors import TableInvalid

SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Rows:
    """A header and the rows under it."""

    place: str  # what a row's number counts: "line" of a CSV from 1, "row" of a Parquet file from 1
    names: tuple[str, ...]
    cells: Iterator[tuple[int, Sequence[Any]]]


def read_csv_rows(path: Path, *, wanted: Collection[str]) -> Rows:
    """Read a CSV as text, with the separator under which most of the `wanted` columns are found.

    Raises:
        TableInvalid: not UTF-8, a broken quote, or a row with more or fewer fields than the header.
    """
    try:
        separator, names = _header(path, wanted)
    except UnicodeDecodeError:
        raise TableInvalid(_not_utf8(path)) from None
    except OSError as error:
        raise TableInvalid(f"{path}: cannot be read: {error.strerror or error}") from None
    return Rows("line", names, _csv_cells(path, separator=separator, n_fields=len(names)))


def read_parquet_rows(path: Path, *, numbers: Collection[str], texts: Collection[str]) -> Rows:
    """Read a Parquet file; `numbers` and `texts` are the columns that must hold such.

    Raises:
        TableInvalid: not a Parquet file, or a column of another type.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
        _check_types(path, table.schema, numbers=numbers, texts=texts)
        columns = [column.to_pylist() for column in table.columns]
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:  # Arrow calls damage an OSError too
        reason = (
            getattr(error, "strerror", None) or f"not a readable Parquet file: {str(error).splitlines()[0]}"
        )
        raise TableInvalid(f"{path}: {reason}") from None
    return Rows("row", tuple(table.column_names), enumerate(zip(*columns, strict=True), start=1))


def _header(path: Path, wanted: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """The separator and the column names; the first separator wins a draw."""
    found: list[tuple[int, str, tuple[str, ...]]] = []
    for separator in SEPARATORS:
        with _open(path) as file:
            try:
                names = tuple(name.strip() for name in next(_csv(file, separator), []))
            except csv.Error:
                continue  # quotes that do not fit this separator
        found.append((len(set(wanted) & set(names)), separator, names))
    if not found:
        raise TableInvalid(f"{path}, line 1: the header has a broken quote")
    _, separator, names = max(found, key=lambda candidate: candidate[0])
    if names and names[0].lower().startswith("sep="):
        raise TableInvalid(f"{path}, line 1: is Excel's 'sep=' line, not column names; delete that line")
    if len(names) == 1 and "|" in names[0]:
        raise TableInvalid(f"{path}, line 1: '|' stands between fields; use a comma, semicolon, or tab")
    return separator, names


def _csv_cells(path: Path, *, separator: str, n_fields: int) -> Iterator[tuple[int, Sequence[Any]]]:
    with _open(path) as file:
        reader = _csv(file, separator)
        line = 1
        try:
            for cells in reader:
                line, end = reader.line_num + 1, line
                if end > 1 and cells:
                    _check_width(path, cells, line=end, n_fields=n_fields)
                    yield end, cells
        except csv.Error as error:
            raise TableInvalid(f"{path}, line {line}: not CSV: {error}") from None
        except UnicodeDecodeError:
            raise TableInvalid(_not_utf8(path)) from None


def _check_width(path: Path, cells: Sequence[str], *, line: int, n_fields: int) -> None:
    if len(cells) != n_fields:
        raise TableInvalid(f"{path}, line {line}: {len(cells)} fields, but the header has {n_fields}")


def _check_types(path: Path, schema: Any, *, numbers: Collection[str], texts: Collection[str]) -> None:
    from pyarrow import types

    for field in schema:
        kind = field.type.value_type if types.is_dictionary(field.type) else field.type
        is_number = types.is_integer(kind) or types.is_floating(kind) or types.is_null(kind)
        is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
        if field.name in numbers and not is_number:
            raise TableInvalid(f"{path}, column {field.name!r}: holds {field.type}, not numbers")
        if field.name in texts and not (is_text or types.is_integer(kind) or types.is_null(kind)):
            raise TableInvalid(f"{path}, column {field.name!r}: holds {field.type}, not text")


def _open(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", newline="")


def _csv(file: TextIO, separator: str) -> Any:
    return csv.reader(file, delimiter=separator, strict=True)


def _not_utf8(path: Path) -> str:
    """What to do about a file of another encoding, with the line of its first odd byte."""
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return f"{path}: UTF-16 text, not UTF-8; save it as CSV UTF-8"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"{path}, line {line}: not UTF-8 text; save it as CSV UTF-8"
    return f"{path}: not UTF-8 text; save it as CSV UTF-8"
