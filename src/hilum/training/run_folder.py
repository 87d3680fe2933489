"""The folder of a run: what was asked, with which code, packages, and data, and what came of it.

Trap: a run may only go on where its settings and data are the ones that started it; anything else is another
run.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hilum.data.manifest import dataset_hash
from hilum.errors import OutputRefused, RunInvalid
from hilum.records import Film
from hilum.settings import settings_as_table
from hilum.training.pretrained import weights_sha256
from hilum.training.settings import TrainSettings

FACTS_NAME = "run.json"
PACKAGES = ("hilum", "numpy", "torch", "onnxruntime", "pillow")
IGNORED_ON_RESUME = ("manifest", "weak_manifest", "weights", "n_threads")  # files move, machines differ


def open_run(
    folder: Path, settings: TrainSettings, films: Sequence[Film], *, weak: Sequence[Film] = ()
) -> dict[str, Any]:
    """Start a run in an empty folder, or take up one of the same settings and films; returns its facts."""
    facts = {
        "settings": settings_as_table(settings),
        "weights_sha256": weights_sha256(settings.weights),
        "data_hash": dataset_hash(films),
        "n_films": len(films),
        "weak_data_hash": dataset_hash(weak) if weak else None,
        "n_weak_films": len(weak),
        **provenance(),
    }
    path = folder / FACTS_NAME
    if path.exists():
        return _taken_up(read_json(path), facts, folder)
    if folder.exists() and any(folder.iterdir()):
        raise OutputRefused(f"{folder} holds other things than a run; choose an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, facts)
    return facts


def provenance() -> dict[str, Any]:
    """When, with which code and packages, and on what machine."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": source_commit(),
        "versions": {name: version(name) for name in PACKAGES},
        "machine": {
            "python": platform.python_version(),
            "system": platform.platform(),
            "cores": os.cpu_count(),
        },
    }


def source_commit() -> str:
    """The commit of the source in use, with -dirty where it was changed; "release" for an installed wheel."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            cwd=here, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return f"release {version('hilum')}"
    return found.stdout.strip()


def read_run_facts(folder: Path) -> dict[str, Any]:
    """What a run's folder says of the run.

    Raises:
        RunInvalid: there is no such folder, or it is not a run's.
    """
    if not folder.is_dir():
        raise RunInvalid(f"{folder}: no such folder; name the --out of hilum train or hilum cross-validate")
    if not (folder / FACTS_NAME).is_file():
        raise RunInvalid(
            f"{folder} is not a run's folder: it has no {FACTS_NAME}; name the --out of hilum train or "
            "hilum cross-validate"
        )
    facts = read_json(folder / FACTS_NAME)
    for key, kind in (("settings", dict), ("data_hash", str), ("commit", str)):
        if not isinstance(facts.get(key), kind):
            raise RunInvalid(f"{folder / FACTS_NAME} is not of hilum train or cross-validate: no {key!r}")
    return facts


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a run folder."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunInvalid(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise RunInvalid(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(table, dict):
        raise RunInvalid(f"{path} must hold a JSON object")
    return table


def write_json(path: Path, table: Mapping[str, Any]) -> None:
    """Write whole or not at all."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def _taken_up(found: dict[str, Any], asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    if any(found.get(key) != asked[key] for key in ("data_hash", "weak_data_hash")):
        raise RunInvalid(f"{folder} was started on other films; choose another folder")
    before = settings_as_table(TrainSettings(Path())) | found.get("settings", {})  # keys newer than the run
    if found.get("weights_sha256") != asked["weights_sha256"]:
        raise RunInvalid(f"{folder} was started from other pretrained weights; choose another folder")
    for key, value in asked["settings"].items():
        if key not in IGNORED_ON_RESUME and before.get(key) != value:
            raise RunInvalid(
                f"{folder} was started with {key} = {before.get(key)!r}, not {value!r}; choose another folder"
            )
    return found
