"""The bundle: one folder that holds everything serving needs, checked file by file on every load.

Training writes it, serving reads it, and neither imports the other. Trap: nothing here is ever unpickled, and
a file that bundle.json does not list makes the whole folder invalid, so that nothing can ride along.
"""

from __future__ import annotations

import difflib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from hilum.errors import BundleInvalid, NameUnknown, OutputRefused
from hilum.imaging.hashing import file_sha256
from hilum.inference.bundle_facts import (
    BundleFacts,
    Calibration,
    IntendedUse,
    OperatingPoint,
    Rescoring,
    Session,
    TrainingData,
    build_facts,
    facts_as_table,
    is_plain_file_name,
)

__all__ = ["Bundle", "BundleFacts", "Calibration", "IntendedUse", "OperatingPoint", "Rescoring", "Session",
           "TrainingData", "DEFAULT_BUNDLE", "check_vacant", "read_bundle", "shipped_bundles",
           "write_bundle"]  # fmt: skip

FORMAT = 1
FACTS_NAME = "bundle.json"
MAX_FACTS_BYTES = 1_000_000  # a real one is below 10 kB; a larger one is not ours
DESKTOP_LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")  # file managers drop these; nothing reads them
DEFAULT_BUNDLE = "hilum-base"


@dataclass(frozen=True, kw_only=True)
class Bundle(BundleFacts):
    """A bundle on disk whose every file has the hash it should have."""

    folder: Path
    sha256: Mapping[str, str]  # file name -> hex

    @property
    def classifier_paths(self) -> tuple[Path, ...]:
        return tuple(self.folder / name for name in self.classifiers)

    @property
    def lungs_path(self) -> Path | None:
        return None if self.lungs is None else self.folder / self.lungs


def shipped_bundles() -> dict[str, Path]:
    """The bundles inside the installed package, name -> folder."""
    home = Path(str(package_files("hilum"))) / "bundles"
    return {folder.name: folder for folder in sorted(home.glob("*")) if (folder / FACTS_NAME).is_file()}


def read_bundle(name_or_folder: str | Path) -> Bundle:
    """Read and check a bundle: a shipped one by its name (a `str`), or any by its folder.

    A shipped name wins over a folder of that name in the working directory; write `./name` for the folder.

    Raises:
        NameUnknown: neither a shipped bundle nor a folder.
        BundleInvalid: names the file or key that is wrong.
    """
    shipped = shipped_bundles()
    if isinstance(name_or_folder, str) and name_or_folder in shipped:
        return _read_folder(shipped[name_or_folder])
    folder = Path(name_or_folder)
    if folder.is_dir():
        return _read_folder(folder.resolve())
    if folder.exists():
        raise BundleInvalid(f"{folder} is a file; a bundle is a folder with {FACTS_NAME} in it")
    nearest = difflib.get_close_matches(str(name_or_folder), shipped, n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    known = ", ".join(shipped) or "none"
    raise NameUnknown(
        f"no bundle is called {str(name_or_folder)!r}, nor is there such a folder{hint} (shipped: {known})"
    )


def write_bundle(folder: Path, *, facts: BundleFacts, files: Mapping[str, Path]) -> Bundle:
    """Write a bundle of `files` (name in the bundle -> where it is now) and read it back.

    The folder appears whole, under its own name, only after it passed every check of `read_bundle`.

    Raises:
        OutputRefused: the folder already holds something.
        BundleInvalid: the facts contradict themselves or the files.
    """
    check_vacant(folder)
    for name in files:
        if not is_plain_file_name(name) or name == FACTS_NAME:
            raise BundleInvalid(f"{name!r} cannot be the name of a file in a bundle")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        _fill(draft, facts, files)
        _read_folder(draft)
        if folder.exists():
            folder.rmdir()
        draft.chmod(0o755)  # mkdtemp's 0o700 would hide the bundle from other users
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return _read_folder(folder.resolve())


def check_vacant(folder: Path) -> None:
    """Refuse to write a bundle over anything.

    Raises:
        OutputRefused: the folder already holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputRefused(f"{folder} already holds something; a bundle is never written over")


def _fill(folder: Path, facts: BundleFacts, files: Mapping[str, Path]) -> None:
    for name, source in files.items():
        shutil.copyfile(source, folder / name)
    hashes = {name: file_sha256(folder / name) for name in sorted(files)}
    table = {"format": FORMAT, **facts_as_table(facts), "sha256": hashes}
    text = json.dumps(table, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / FACTS_NAME).write_text(text + "\n", encoding="utf-8")


def _read_folder(folder: Path) -> Bundle:
    where = str(folder / FACTS_NAME)
    table = _read_table(folder / FACTS_NAME)
    found = table.pop("format", None)
    if found != FORMAT or isinstance(found, bool):
        raise BundleInvalid(f"{where}: format is {found!r}; this Hilum reads format {FORMAT}")
    hashes = _hashes(table.pop("sha256", None), where)
    facts = build_facts(table, where=where)
    for name in facts.graph_names:
        if name not in hashes:
            raise BundleInvalid(f"{where}: {name} is named, but has no entry in sha256")
    _check_files(folder, hashes)
    inherited = {name: getattr(facts, name) for name in BundleFacts.__dataclass_fields__}
    return Bundle(folder=folder, sha256=hashes, **inherited)


def _read_table(path: Path) -> dict[str, Any]:
    if path.is_symlink() or not path.is_file():
        raise BundleInvalid(f"{path.parent} is not a bundle: it has no {FACTS_NAME}")
    if path.stat().st_size > MAX_FACTS_BYTES:
        raise BundleInvalid(f"{path} is larger than {MAX_FACTS_BYTES} bytes")
    try:
        table = json.loads(
            path.read_text(encoding="utf-8"), object_pairs_hook=_unique_keys, parse_constant=_no_constants
        )
    except (ValueError, RecursionError) as error:
        raise BundleInvalid(f"{path}: not JSON: {error}") from None
    if not isinstance(table, dict):
        raise BundleInvalid(f"{path}: must hold a JSON object")
    return table


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a key is there twice")
    return table


def _no_constants(constant: str) -> float:
    raise ValueError(f"{constant} is not a number of JSON")


def _hashes(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise BundleInvalid(f"{where}: sha256 must be a table of file names")
    for name, digest in value.items():
        if not is_plain_file_name(name) or name == FACTS_NAME:
            raise BundleInvalid(f"{where}: sha256: {name!r} is not a file name inside the bundle's folder")
        if not isinstance(digest, str):
            raise BundleInvalid(f"{where}: sha256: {name} must be text")
    return value


def _check_files(folder: Path, hashes: Mapping[str, str]) -> None:
    present = {path.name for path in folder.iterdir()} - {FACTS_NAME, *DESKTOP_LITTER}
    for name in sorted(present - hashes.keys()):
        raise BundleInvalid(f"{folder} holds {name}, which {FACTS_NAME} does not list")
    for name in sorted(hashes):
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise BundleInvalid(f"{folder}: {name} is listed, but is not a file there")
        if file_sha256(path) != hashes[name].lower():
            raise BundleInvalid(f"{path} was altered or damaged: its SHA-256 is not the listed one")
