"""The two commands of a fresh clone: what `scripts/install` says where it cannot go on, and leaves alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z][a-z-]*):", MAKEFILE, flags=re.MULTILINE)


@pytest.fixture
def clone(tmp_path) -> Path:
    """The files that installing reads, somewhere else; the folder's name has a blank, as a person's may."""
    folder = tmp_path / "a clone"
    shutil.copytree(REPOSITORY / "scripts", folder / "scripts")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(REPOSITORY / name, folder)
    return folder


@pytest.fixture
def make_program(tmp_path):
    """Writes a small program to stand in for an interpreter, and returns its path."""

    def make(name: str, body: str, folder: Path = tmp_path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/usr/bin/env bash\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return make


def install(clone: Path, what: str, python: Path | str = "python3") -> subprocess.CompletedProcess[str]:
    """Run the installer of that clone with the interpreter given."""
    return subprocess.run(["bash", clone / "scripts/install", what], env=os.environ | {"PYTHON": str(python)},
                          capture_output=True, text=True, check=False)  # fmt: skip


def environment_of(clone: Path) -> Path:
    """An environment that a previous run left, in which every program fails that is called."""
    environment = clone / ".venv"
    environment.mkdir()
    (environment / "hilum-root").write_text(f"{clone}\n", encoding="utf-8")
    return environment


def stamp_of(clone: Path) -> str:
    """What a finished installation writes down."""
    files = ["pyproject.toml", "constraints.txt", "scripts/install"]
    return subprocess.run(
        f"cat {' '.join(files)} | cksum", shell=True, cwd=clone, capture_output=True, text=True, check=True
    ).stdout


def test_an_old_python_is_refused(clone, make_program):
    """Where no Python is new enough, the message says which is needed and how to get it."""
    ended = install(clone, "station", make_program("python3", "exit 1", clone / "an old one"))

    assert ended.returncode == 1
    assert "Python 3.11 or newer is needed" in ended.stderr
    assert "apt install python3" in ended.stderr
    assert not (clone / ".venv").exists()


def test_a_missing_venv_module_names_the_package(clone, make_program):
    """Debian's Python comes without ensurepip; the message names what to install."""
    body = 'case "$2" in *ensurepip*) exit 1 ;; *print*) echo python3.11-venv ;; esac'
    ended = install(clone, "station", make_program("python3", body))

    assert ended.returncode == 1
    assert "sudo apt install python3.11-venv" in ended.stderr


@pytest.mark.parametrize("what", ["", "everything"])
def test_an_unknown_word_is_refused(clone, what):
    """The installer says what it can do."""
    ended = install(clone, what)

    assert (ended.returncode, ended.stderr) == (1, "error: usage: scripts/install station|test\n")


@pytest.mark.parametrize(("done", "asked"), [("station", "station"), ("test", "test"), ("test", "station")])
def test_what_is_installed_is_left_alone(clone, make_program, done, asked):
    """A second run does nothing; an environment for the tests is a station too."""
    environment = environment_of(clone)
    make_program("python", "exit 0", environment / "bin")
    (environment / f"hilum-{done}").write_text(stamp_of(clone), encoding="utf-8")
    ended = install(clone, asked)

    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_changed_version_is_installed_again(clone, make_program):
    """After constraints.txt changed, the same command installs, into the same environment."""
    environment = environment_of(clone)
    make_program("python", 'echo "$@" >>"$(dirname "$0")/../calls"', environment / "bin")
    (environment / "hilum-test").write_text("of another day\n", encoding="utf-8")
    ended = install(clone, "test")

    assert ended.stderr == "installing Hilum (test) into .venv\n"
    assert (environment / "hilum-test").read_text(encoding="utf-8") == stamp_of(clone)
    assert "-c constraints.txt" in (environment / "calls").read_text(encoding="utf-8")
    assert "-e .[test]" in (environment / "calls").read_text(encoding="utf-8")


def test_pip_stands_in_for_uv_with_a_warning(clone, make_program):
    """Where uv cannot install, pip does, and says so."""
    environment = environment_of(clone)
    make_program("python", 'case "$*" in *"uv pip install"*) exit 1 ;; esac', environment / "bin")
    ended = install(clone, "station")

    assert ended.returncode == 0
    assert "warning: uv could not install; trying pip" in ended.stderr


def test_a_failed_installation_leaves_no_stamp(clone, make_program):
    """What did not install is tried again the next time."""
    environment = environment_of(clone)
    make_program("python", 'case "$*" in *"pip install"*) exit 1 ;; esac', environment / "bin")
    ended = install(clone, "station")

    assert ended.returncode != 0
    assert not (environment / "hilum-station").exists()


@pytest.mark.parametrize("target", TARGETS)
def test_make_help_names_every_target(target):
    """`make` alone says what else there is."""
    shown = subprocess.run(
        ["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout

    assert target == "help" or f"make {target} " in shown


def test_ci_calls_the_commands_of_the_readme():
    """What the README tells a person to type is what is checked, and the tests come last."""
    steps = [
        line
        for line in (REPOSITORY / ".ci/run").read_text(encoding="utf-8").splitlines()
        if line.startswith("make ")
    ]

    assert steps == ["make lint", "make run", "make test"]


@pytest.mark.parametrize("name", ["install", "constraints", "example"])
def test_a_script_is_sound(name):
    """Each script can be run and parses."""
    script = REPOSITORY / "scripts" / name
    subprocess.run(["bash", "-n", script], check=True)

    assert os.access(script, os.X_OK)
