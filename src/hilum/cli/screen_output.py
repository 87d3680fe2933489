"""Rows leave as they come: as text, JSON, CSV, or Parquet, each row whole however the run ends.

Trap: `--json` promises an array on standard output and nothing else, while C libraries write there as they
like; so for the time of a run everything but the rows is sent to standard error, below Python too.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TextIO

from hilum.errors import OutputRefused
from hilum.inference.row import KEYS, ZONE_KEYS

Row = Mapping[str, Any]
PARQUET_GROUP = 1000  # rows held back before they are written


class Table(Protocol):
    """Takes rows one at a time; `close` leaves a whole table, of as many rows as there were."""

    def write(self, row: Row) -> None: ...

    def close(self) -> None: ...


class TextTable:
    """Lines for a person: score, flag, and file, or the refusal and its reason."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        stream.write("score  flagged  film\n")

    def write(self, row: Row) -> None:
        name = printable(row["file"])
        if row["status"] == "refused":
            self._stream.write(f"    -  refused  {name}\n{'':16}{row['code']}: {printable(row['reason'])}\n")
        else:
            self._stream.write(f"{row['score']:5.1f}  {'YES' if row['flagged'] else 'no':7}  {name}\n")
        self._stream.flush()

    def close(self) -> None:
        self._stream.flush()


class JsonTable:
    """One JSON array, a line a row; ASCII, so that a file name in any encoding survives."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._before = "["

    def write(self, row: Row) -> None:
        self._stream.write(f"{self._before}\n{json.dumps(row, allow_nan=False)}")
        self._before = ","
        self._stream.flush()

    def close(self) -> None:
        self._stream.write("[]\n" if self._before == "[" else "\n]\n")
        self._stream.flush()


class CsvTable:
    """RFC 4180 with a header line; empty where a row has nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._writer = csv.DictWriter(stream, KEYS, lineterminator="\n")
        self._writer.writeheader()

    def write(self, row: Row) -> None:
        flagged = row["flagged"]
        self._writer.writerow({**row, "flagged": None if flagged is None else str(flagged).lower()})
        self._stream.flush()

    def close(self) -> None:
        self._stream.flush()


class ParquetTable:
    """A Parquet file, in groups of rows."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        numbers = ("score", "probability", "threshold", "error_rate", "spread", "seconds")
        kinds = {
            **dict.fromkeys(KEYS, pa.string()),
            **dict.fromkeys((*numbers, *ZONE_KEYS.values()), pa.float64()),
            "flagged": pa.bool_(),
        }
        self._schema = pa.schema(kinds)
        self._table_of = pa.Table.from_pylist
        self._writer = pq.ParquetWriter(path, self._schema)
        self._group: list[dict[str, Any]] = []

    def write(self, row: Row) -> None:
        self._group.append({**row, "file": encodable(row["file"])})
        if len(self._group) >= PARQUET_GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._group:
            self._writer.write_table(self._table_of(self._group, schema=self._schema))
        self._group = []


def stream_table(form: str, stream: TextIO) -> Table:
    """The table of `form` ("text", "json", "csv") on an open stream."""
    kinds: dict[str, Callable[[TextIO], Table]] = {"text": TextTable, "json": JsonTable, "csv": CsvTable}
    return kinds[form](stream)


@contextlib.contextmanager
def only_rows_on_stdout() -> Iterator[TextIO]:
    """The stream for rows; whatever else is written to standard output meanwhile goes to standard error.

    Raises:
        OutputRefused: standard output takes no more; a reader that left is BrokenPipeError.
    """
    sys.stdout.flush()
    try:
        stdout, stderr = sys.stdout.fileno(), sys.stderr.fileno()
    except (OSError, AttributeError):  # a test's, or a notebook's: Python alone writes to it
        stream = sys.stdout
        with contextlib.redirect_stdout(sys.stderr):
            yield stream
        return
    kept = os.dup(stdout)
    os.dup2(stderr, stdout)
    rows = open(os.dup(kept), "w", encoding="utf-8", errors="backslashreplace", newline="")  # noqa: PTH123, SIM115
    try:
        yield rows
        rows.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputRefused(f"standard output cannot be written to: {error.strerror or error}") from error
    finally:
        sys.stdout.flush()
        os.dup2(kept, stdout)
        os.close(kept)
        with contextlib.suppress(OSError):  # its reader has left, or the disk is full; that was told already
            rows.close()


def printable(text: str) -> str:
    """Text for one line of a terminal: line ends, escapes, and undecodable bytes are spelt out."""
    return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in text)


def encodable(text: str) -> str:
    """Text as UTF-8 can hold it; a file name's undecodable bytes become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
