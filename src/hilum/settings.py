"""TOML becomes a frozen dataclass; unknown, missing, and mistyped keys are refused by name.

Paths in a settings file are relative to that file, so that a study can be moved as a folder.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from hilum.errors import SettingsInvalid

S = TypeVar("S")


def read_settings(path: Path, kind: type[S]) -> S:
    """Read a TOML file into the frozen dataclass `kind`."""
    return build_settings(read_table(path), kind, where=path.name, folder=path.parent.resolve())


def read_table(path: Path) -> dict[str, Any]:
    """A TOML file as it is, for a command whose flags come before its settings.

    Raises:
        SettingsInvalid: it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsInvalid(f"{path}: cannot be read as a settings file: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{path}: not TOML: {error}") from None


def build_settings(table: dict[str, Any], kind: type[S], *, where: str, folder: Path) -> S:
    """Fill the dataclass `kind` from a table; nested dataclasses are TOML sub-tables."""
    assert dataclasses.is_dataclass(kind)
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for key in table:
        if key not in fields:
            nearest = difflib.get_close_matches(key, fields, n=1)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
            raise SettingsInvalid(f"{where}: unknown key {key!r}{hint} (known: {', '.join(sorted(fields))})")
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in table:
            values[name] = _convert(table[name], hints[name], where=f"{where}: {name}", folder=folder)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise SettingsInvalid(f"{where}: missing key {name!r}")
    return kind(**values)


def settings_as_table(settings: Any) -> dict[str, Any]:
    """The settings as plain JSON values, paths as text."""
    return {name: _plain(value) for name, value in dataclasses.asdict(settings).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Path | StrEnum):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _convert(value: Any, hint: Any, *, where: str, folder: Path) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None:  # JSON's null; TOML has none
            return None
        (hint,) = (option for option in inner if option is not type(None))
        return _convert(value, hint, where=where, folder=folder)
    if origin is typing.Literal:
        if value not in inner:
            words = ", ".join(repr(_plain(option)) for option in inner)
            raise SettingsInvalid(f"{where} must be one of {words}, not {value!r}")
        return inner[inner.index(value)]  # an option that is of an enumeration stays one
    if origin is tuple:
        if not isinstance(value, list):
            raise SettingsInvalid(f"{where} must be a list, not {value!r}")
        return tuple(_convert(part, inner[0], where=where, folder=folder) for part in value)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, dict):
            raise SettingsInvalid(f"{where} must be a table, not {value!r}")
        return build_settings(value, hint, where=where, folder=folder)
    return _convert_scalar(value, hint, where=where, folder=folder)


def _convert_scalar(value: Any, hint: type, *, where: str, folder: Path) -> Any:
    if hint is Path and isinstance(value, str):
        return folder / Path(value).expanduser()
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, bool) != (hint is bool) or not isinstance(value, hint):
        raise SettingsInvalid(f"{where} must be {hint.__name__}, not {value!r}")
    return value
