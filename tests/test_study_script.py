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


@pytest.mark.parametrize("words", [[], ["--help"], ["one", "two"]])
def test_a_study_without_a_name_is_told_how_to_ask(clone, words):
    """Usage and the studies that are there, peers too; no word of unbound variables."""
    command = ["bash", str(clone / "scripts" / "study"), *words]

    result = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True,
                            timeout=60, check=False)  # fmt: skip

    assert result.returncode == 2
    assert result.stderr.startswith("usage: scripts/study NAME")
    assert "hilum-small" in result.stderr
    assert "peers/densenet" in result.stderr
    assert "unbound" not in result.stderr


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


def test_a_study_with_masks_draws_its_phantoms_before_it_learns(clone):
    """Of a seed of their own, beside those that teach the lungs network."""
    films = {name: name.lower() for name in ("SHENZHEN", "MASKS", "JSRT", "RSNA", "RSNA_TABLE")}

    result = run_study(clone, "hilum-base-phantoms", **films)

    assert result.returncode == 0, result.stderr
    calls = (clone / "calls").read_text(encoding="utf-8").splitlines()
    drawn = [number for number, call in enumerate(calls) if call.startswith("data phantom")]
    seeds = [calls[number].partition("--seed ")[2].split()[0] for number in drawn]
    assert len(set(seeds)) == 2
    assert max(drawn) < next(number for number, call in enumerate(calls) if call.startswith("cross"))


def test_a_study_from_scratch_ships_its_folds(clone):
    """No second training, and no film of elsewhere."""
    films = {"SHENZHEN": "zip", "MASKS": "masks", "JSRT": "jsrt"}

    result = run_study(clone, "hilum-small", **films)

    assert result.returncode == 0, result.stderr
    calls = (clone / "calls").read_text(encoding="utf-8").splitlines()
    assert calls[-1].startswith("export runs/hilum-small --out")
    assert not any(call.startswith("train configs") for call in calls)
    assert not any("--weights" in call for call in calls)


def test_weights_are_given_to_no_study_that_has_none(clone):
    """A variable left over from another study is no setting of this one."""
    films = {"SHENZHEN": "zip", "MASKS": "masks", "JSRT": "jsrt"}

    run_study(clone, "hilum-small", WEIGHTS="weights.pt", **films)

    assert "weights.pt" not in (clone / "calls").read_text(encoding="utf-8")


def test_a_peer_of_whole_films_has_no_control_table(clone):
    """It finds no lungs to paint over; its run and bundle lie under its own name."""
    films = {"SHENZHEN": "zip", "MASKS": "masks", "JSRT": "jsrt"}

    result = run_study(clone, "peers/densenet", **films)

    assert result.returncode == 0, result.stderr
    calls = (clone / "calls").read_text(encoding="utf-8")
    assert "lungs-blanked" not in calls
    assert "cross-validate configs/peers/densenet.toml --out runs/densenet\n" in calls
    assert "--name densenet" in calls


def test_an_empty_list_is_no_unbound_variable_to_an_old_bash():
    """macOS has bash 3.2, to which "${list[@]}" of an empty list is unbound under set -u."""
    lines = (ROOT / "scripts" / "study").read_text(encoding="utf-8").splitlines()
    bare = [line for line in lines if '"${weights[@]}"' in line.replace('${weights[@]+"${weights[@]}"}', "")]

    assert [line for line in bare if not line.startswith("#")] == []


def test_the_settings_of_hilum_base_say_how_it_was_exported():
    """Its file is at most 25 MB by half precision alone."""
    text = (ROOT / "configs" / "hilum-base.toml").read_text(encoding="utf-8")

    assert "--judged-by runs/hilum-base --half --out" in text
