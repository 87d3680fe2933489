"""The folder of a run: what was asked, with which code, packages, and data, and what came of it.

Trap: a run may only go on where its settings, data, lungs network, and recipe's sources are those that
started it; anything else is another run. Its other code may change from one sitting to the next, so each is
noted.
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
from hilum.imaging.hashing import file_sha256
from hilum.records import Film
from hilum.settings import settings_as_table
from hilum.training.finding_masks import masks_hash
from hilum.training.pretrained import weights_sha256
from hilum.training.settings import TrainSettings

FACTS_NAME = "run.json"
PACKAGES = ("hilum", "numpy", "torch", "onnxruntime", "pillow")
IGNORED_ON_RESUME = ("manifest", "weak_manifest", "masked_manifest", "weights", "lungs", "n_threads")
"""Files move and machines differ; what the files hold is compared by its hash."""
GONE = {"zone_weight": 0.0}
"""Settings of earlier versions, and the value at which they did nothing; any other is refused by name."""
DATA_HASHES = ("data_hash", "weak_data_hash", "masked_data_hash")
HASHES = {
    "weights_sha256": "pretrained weights",
    "lungs_sha256": "weights of the lungs network",
    "recipe_code_sha256": "sources of the pixel recipe",
}
"""What goes into every score beside the films and the settings, by its key in run.json."""


def open_run(
    folder: Path,
    settings: TrainSettings,
    films: Sequence[Film],
    *,
    weak: Sequence[Film] = (),
    masked: Sequence[Film] = (),
) -> dict[str, Any]:
    """Start a run in an empty folder, or take up one of the same settings and films; returns its facts.

    Either is a sitting, and is noted with its date, commit, and package versions.

    Raises:
        RunInvalid: the folder's run was started on other films, weights, lungs, recipe's code, or settings.
        OutputRefused: the folder holds something else.
    """
    sitting = provenance()
    facts = {
        "settings": settings_as_table(settings),
        "weights_sha256": weights_sha256(settings.weights),
        **seen_through(settings),
        "data_hash": dataset_hash(films),
        "n_films": len(films),
        "weak_data_hash": dataset_hash(weak) if weak else None,
        "n_weak_films": len(weak),
        "masked_data_hash": masks_hash(masked) if masked else None,
        "n_masked_films": len(masked),
        **sitting,
        "sessions": [sitting],
    }
    path = folder / FACTS_NAME
    if path.exists():
        found = read_json(path)
        _check_same_run(found, facts, folder)
        facts = found | {"sessions": [*sessions(found), sitting]}
    elif folder.exists() and any(folder.iterdir()):
        raise OutputRefused(f"{folder} holds other things than a run; choose an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, facts)
    return facts


def seen_through(settings: TrainSettings) -> dict[str, str | None]:
    """SHA-256 of the lungs network's file (None where none is used) and of the pixel recipe's code.

    Raises:
        BundleInvalid, NameUnknown: there is no such lungs network.
    """
    from hilum.training.loader import (
        lungs_graph,
        recipe_code_hash,
    )  # with torch, which other facts do without

    lungs = None if settings.recipe.region == "film" else file_sha256(lungs_graph(settings.lungs))
    return {"lungs_sha256": lungs, "recipe_code_sha256": recipe_code_hash()}


def sessions(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each sitting of a run, oldest first, with `started`, `commit`, and `versions`; the first alone where
    the run is from before they were noted.
    """
    first = {
        "started": facts.get("started", "not noted"),
        "commit": facts.get("commit", "not noted"),
        "versions": facts.get("versions", {}),
    }
    return list(facts.get("sessions", [first]))


def other_hashes(facts: Mapping[str, Any], others: Mapping[str, Any]) -> list[str]:
    """Which of `HASHES` differ, each with both values; one that only one of the runs holds differs too.

    Args:
        facts: of one run, here.
        others: of another, there.
    """
    return [
        f"the {what} are others (SHA-256 {_short(others.get(key))} there, {_short(facts.get(key))} here)"
        for key, what in HASHES.items()
        if facts.get(key) != others.get(key)
    ]


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
        _git(here, "ls-files", "--error-unmatch", Path(__file__).name)  # not the repository around a .venv
        return _git(here, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        return f"release {version('hilum')}"


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()


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
    settings = {key: value for key, value in facts["settings"].items() if GONE.get(key, ...) != value}
    return facts | {"settings": settings}


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


def _check_same_run(found: dict[str, Any], asked: dict[str, Any], folder: Path) -> None:
    if any(found.get(key) != asked[key] for key in DATA_HASHES):
        raise RunInvalid(f"{folder} was started on other films; choose another folder")
    for key, what in HASHES.items():
        if found.get(key) != asked[key]:
            raise RunInvalid(
                f"{folder} was started from other {what}: SHA-256 {_short(found.get(key))} then, "
                f"{_short(asked[key])} now (source at {found.get('commit')} then, {asked['commit']} now); "
                "go back to those, or choose another folder"
            )
    before = settings_as_table(TrainSettings(Path())) | found.get("settings", {})  # keys newer than the run
    for key, value in asked["settings"].items():
        if key not in IGNORED_ON_RESUME and before.get(key) != value:
            raise RunInvalid(
                f"{folder} was started with {key} = {before.get(key)!r}, not {value!r}; choose another folder"
            )


def _short(sha256: str | None) -> str:
    return "not noted" if sha256 is None else sha256[:12]
