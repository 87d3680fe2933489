"""`make study NAME`: from raw films to a judged bundle, one command after the other."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RECORDER = """#!/usr/bin/env bash
echo "$*" >> "$(dirname "$0")/../../calls"
while [ $# -gt 0 ]; do
    if [ "$1" = --out ] && [ "${2%.parquet}" = "$2" ]; then mkdir -p "$2" && touch "$2/manifest.parquet"; fi
    shift
done
"""


@pytest.fixture
def clone(tmp_path):
    """The script and the settings, with a `hilum` that only writes down what it is asked."""
    for name in ("scripts", "configs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("hilum", "python"):
        recorder = tmp_path / ".venv" / "bin" / name
        recorder.write_text(RECORDER, encoding="utf-8")
        recorder.chmod(0o755)
    return tmp_path


def run_study(clone: Path, name: str, **films: str) -> subprocess.CompletedProcess[str]:
    """The script in the clone, told where films are."""
    command = ["bash", str(clone / "scripts" / "study"), name]
    environment = {"PATH": os.environ["PATH"], **films}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_study_that_is_not_there_is_told_with_those_that_are(clone):
    """A mistyped name."""
    result = run_study(clone, "hilum-bass")

    assert result.returncode == 2
    assert "hilum-base.toml" in result.stderr


def test_films_that_were_not_named_are_asked_for(clone):
    """Nothing is guessed."""
    result = run_study(clone, "hilum-small")

    assert result.returncode == 2
    assert "set SHENZHEN" in result.stderr


def test_a_study_from_pretrained_weights_ships_one_network_judged_by_its_folds(clone):
    """Import, lungs, films of elsewhere, folds, one network of all films, and the other hospital."""
    films = {name: name.lower() for name in ("SHENZHEN", "MASKS", "JSRT", "RSNA", "RSNA_TABLE", "INDIA")}

    result = run_study(clone, "hilum-base", WEIGHTS="weights.pt", **films)

    assert result.returncode == 0, result.stderr
    calls = (clone / "calls").read_text(encoding="utf-8").splitlines()
    assert [" ".join(call.split()[:2]) for call in calls] == [
        "data import", "data import", "data phantom", "train-lungs configs/lungs.toml", "data import",
        "cross-validate configs/hilum-base.toml", "evaluate runs/hilum-base/predictions.parquet",
        "evaluate runs/hilum-base/predictions-lungs-blanked.parquet", "train configs/hilum-base.toml",
        "export runs/hilum-base-all", "data import", "predict out/india/manifest.parquet",
        "evaluate runs/hilum-base/india.parquet", "benchmarks/local_fit/run.py --home",
    ]  # fmt: skip
    assert "--judged-by runs/hilum-base --half" in next(call for call in calls if call.startswith("export"))
    assert all(
        "--weights weights.pt" in call for call in calls if call.startswith(("cross", "train configs"))
    )


def test_a_study_from_scratch_ships_its_folds(clone):
    """No second training, and no film of elsewhere."""
    films = {"SHENZHEN": "zip", "MASKS": "masks", "JSRT": "jsrt"}

    result = run_study(clone, "hilum-small", **films)

    assert result.returncode == 0, result.stderr
    calls = (clone / "calls").read_text(encoding="utf-8").splitlines()
    assert calls[-1].startswith("export runs/hilum-small --out")
    assert not any(call.startswith("train configs") for call in calls)
