"""A manifest's schema, and its check; the first breach is named by row, film, and column.

Column by column in Arrow, so that a manifest of a hundred thousand films is checked in a fraction of a
second.
Trap: pandas and polars write other integer and text types than we do; what casts without loss is taken, no
more.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hilum.errors import ManifestInvalid
from hilum.findings import Laterality, Sex, TuberculosisKind, Zone

MANIFEST_VERSION = "1"
VERSION_KEY = b"hilum_manifest_version"

_TEXTS = pa.list_(pa.string())
SCHEMA = pa.schema(
    [
        pa.field("film", pa.string(), nullable=False),
        pa.field("image_path", pa.string(), nullable=False),
        pa.field("dataset", pa.string(), nullable=False),
        pa.field("site", pa.string(), nullable=False),
        pa.field("patient", pa.string(), nullable=False),
        pa.field("label", pa.int8()),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("bit_depth", pa.int16(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("perceptual_hash", pa.string(), nullable=False),
        pa.field("view", pa.string()),
        pa.field("age_years", pa.float64()),
        pa.field("sex", pa.string()),
        pa.field("reading_text", pa.string()),
        pa.field("reading_sex", pa.string()),
        pa.field("reading_age_years", pa.float64()),
        pa.field("is_reading_normal", pa.bool_()),
        pa.field("laterality", pa.string()),
        pa.field("zones", _TEXTS, nullable=False),
        pa.field("kinds", _TEXTS, nullable=False),
        pa.field("same_patient_as", _TEXTS, nullable=False),
        pa.field("lung_mask_paths", _TEXTS, nullable=False),
        pa.field("finding_mask_path", pa.string()),
    ],
    metadata={VERSION_KEY: MANIFEST_VERSION.encode()},
)

MAX_AGE_YEARS = 120.0
_READING_COLUMNS = ("reading_sex", "reading_age_years", "is_reading_normal", "laterality")
_READING_LISTS = ("zones", "kinds", "same_patient_as")
_VOCABULARIES: dict[str, Iterable[str]] = {
    "sex": Sex,
    "reading_sex": Sex,
    "laterality": Laterality,
    "zones": Zone,
    "kinds": TuberculosisKind,
}


def check_table(table: pa.Table, path: Path) -> pa.Table:
    """The table with exactly the manifest's types, or `ManifestInvalid`."""
    checker = _Checker(pa.table([_cast(table, field, path) for field in SCHEMA], names=SCHEMA.names), path)
    for field in SCHEMA:
        if not field.nullable:
            checker.refuse(field.name, pc.is_null(checker.column(field.name)), "is empty")
    _check_texts(checker)
    _check_numbers(checker)
    _check_vocabularies(checker)
    _check_readings(checker)
    return checker.table.cast(SCHEMA)


def _cast(table: pa.Table, field: pa.Field, path: Path) -> pa.ChunkedArray:
    column = table.column(field.name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not _is_alike(column.type, field.type):
        raise ManifestInvalid(f"{path}: column {field.name!r} is {column.type}, not {field.type}")
    try:
        return column.cast(field.type)
    except pa.ArrowInvalid as error:
        raise ManifestInvalid(
            f"{path}: column {field.name!r} holds a value that is no {field.type}: {error}"
        ) from None


def _is_alike(found: pa.DataType, wanted: pa.DataType) -> bool:
    types = pa.types
    if types.is_null(found):  # nothing but empty cells; pandas writes such columns so
        return True
    if types.is_list(wanted):
        return (types.is_list(found) or types.is_large_list(found)) and _is_alike(
            found.value_type, wanted.value_type
        )
    if types.is_string(wanted):
        return bool(types.is_string(found) or types.is_large_string(found) or types.is_string_view(found))
    if types.is_boolean(wanted):
        return bool(types.is_boolean(found))
    return bool(types.is_integer(found) or types.is_floating(found))


class _Checker:
    def __init__(self, table: pa.Table, path: Path) -> None:
        self.table = table.combine_chunks()
        self.path = path

    def column(self, name: str) -> Any:
        column = self.table.column(name)
        return column.chunk(0) if column.num_chunks else pa.array([], column.type)

    def refuse(self, name: str, is_bad: Any, what: str) -> None:
        """Raise for the first row that is bad; a null counts as good."""
        row = pc.index(is_bad, pa.scalar(True)).as_py()
        if row >= 0:
            film, value = self.table.column("film")[row].as_py(), self.table.column(name)[row].as_py()
            shown = "" if value is None else f" {value!r}"
            raise ManifestInvalid(
                f"{self.path}: row {row + 1} (film {film!r}), column {name!r}:{shown} {what}"
            )


def _check_texts(checker: _Checker) -> None:
    for name in ("film", "image_path", "dataset", "site", "patient"):
        checker.refuse(name, pc.equal(pc.utf8_trim_whitespace(checker.column(name)), ""), "is blank")
    for name, pattern, what in (
        ("sha256", "^[0-9a-f]{64}$", "is no SHA-256 of 64 lower-case hex digits"),
        ("perceptual_hash", "^[0-9a-f]{16}$", "is no hash of 16 lower-case hex digits"),
    ):
        checker.refuse(name, pc.invert(pc.match_substring_regex(checker.column(name), pattern)), what)
    seen: set[str] = set()
    films = checker.column("film").to_pylist()
    if len(set(films)) < len(films):
        twice = [film in seen or bool(seen.add(film)) for film in films]  # type: ignore[func-returns-value]
        checker.refuse("film", pa.array(twice), "is there twice; a film's name is unique in its manifest")


def _check_numbers(checker: _Checker) -> None:
    label = checker.column("label")
    checker.refuse("label", pc.and_(pc.not_equal(label, 0), pc.not_equal(label, 1)), "is not 0, 1, or empty")
    for name in ("width", "height"):
        checker.refuse(name, pc.less(checker.column(name), 1), "is no size in pixels")
    depth = checker.column("bit_depth")
    checker.refuse("bit_depth", pc.or_(pc.less(depth, 1), pc.greater(depth, 32)), "is not 1 to 32")
    for name in ("age_years", "reading_age_years"):
        age = checker.column(name)
        is_good = pc.and_(pc.greater_equal(age, 0.0), pc.less_equal(age, MAX_AGE_YEARS))  # false for NaN
        checker.refuse(name, pc.invert(is_good), f"is no age of 0 to {MAX_AGE_YEARS:g} years")


def _check_vocabularies(checker: _Checker) -> None:
    for name, vocabulary in _VOCABULARIES.items():
        allowed = [member.value for member in vocabulary]  # type: ignore[attr-defined]
        what = f"is not among {', '.join(allowed)}"
        column = checker.column(name)
        if pa.types.is_list(column.type):
            values = column.flatten()
            is_bad = pc.invert(pc.is_in(values, pa.array(allowed, pa.string())))
            rows = pc.list_parent_indices(column).filter(is_bad)
            checker.refuse(name, pc.is_in(pa.array(range(len(column)), rows.type), rows.unique()), what)
        else:
            is_bad = pc.invert(pc.is_in(column, pa.array([*allowed, None], pa.string())))
            checker.refuse(name, is_bad, what)
    for name in ("lung_mask_paths", "same_patient_as"):
        column = checker.column(name)
        if pc.any(pc.equal(pc.coalesce(column.flatten(), pa.scalar("")), "")).as_py():
            bad = pa.array([any(not text for text in texts or ()) for texts in column.to_pylist()])
            checker.refuse(name, bad, "holds an empty text")


def _check_readings(checker: _Checker) -> None:
    has_no_text = pc.is_null(checker.column("reading_text"))
    for name in _READING_COLUMNS:
        has_value = pc.is_valid(checker.column(name))
        checker.refuse(name, pc.and_(has_no_text, has_value), "stands without a reading_text")
    for name in _READING_LISTS:
        has_value = pc.greater(pc.list_value_length(checker.column(name)), 0)
        checker.refuse(name, pc.and_(has_no_text, has_value), "stands without a reading_text")
