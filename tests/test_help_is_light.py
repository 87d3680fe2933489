"""Asking for help costs a tenth of a second, not five: no `--help` imports what only the work needs."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

from hilum.cli.lazy import LazyGroup
from hilum.cli.main import cli

HEAVY = {
    "torch",
    "sklearn",
    "scipy",
    "pandas",
    "matplotlib",
    "onnxruntime",
    "onnx",
    "pydicom",
    "pyarrow",
    "PIL",
    "kaggle",
    "gdcm",
    "fastapi",
    "sqlalchemy",
    "pynetdicom",
    "highdicom",
    "uvicorn",
    "httpx",
}

ASK = """
import json, sys
from hilum.cli.main import cli
try:
    cli(sys.argv[1:], prog_name="hilum")
except SystemExit as stop:
    assert stop.code == 0, stop.code
print("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def paths_of_commands(group: click.Group = cli, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command as the words that call it, the groups and the top included."""
    paths = [prefix]
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        inner = (
            paths_of_commands(command, (*prefix, name))
            if isinstance(command, click.Group)
            else [(*prefix, name)]
        )
        paths += inner
    return paths


@pytest.mark.parametrize("words", paths_of_commands(), ids=lambda words: " ".join(words) or "hilum")
def test_help_loads_nothing_heavy(words):
    """`--help` of this command imports no torch, no plotting, and no reader of films."""
    asked = subprocess.run(
        [sys.executable, "-c", ASK, *words, "--help"], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(asked.stdout.splitlines()[-1]))

    assert "click" in loaded
    assert loaded & HEAVY == set()


def test_listing_the_commands_imports_none_of_them():
    """The list of commands is read from the table in `main`, not from the commands."""
    asked = subprocess.run([sys.executable, "-c", ASK.replace("partition(\".\")[0]", "strip()"), "--help"],
                           capture_output=True, text=True, check=True)  # fmt: skip
    loaded = {name for name in json.loads(asked.stdout.splitlines()[-1]) if name.startswith("hilum.cli.")}

    assert loaded == {"hilum.cli.main", "hilum.cli.lazy"}


@pytest.mark.parametrize("words", [path for path in paths_of_commands() if path], ids=" ".join)
def test_the_list_says_what_the_command_says(words):
    """The one-line help in a group's table is the command's own."""
    group: click.Group = cli
    for word in words[:-1]:
        inner = group.get_command(click.Context(group), word)
        assert isinstance(inner, click.Group)
        group = inner
    command = group.get_command(click.Context(group), words[-1])

    assert command is not None
    assert not isinstance(group, LazyGroup) or group.lazy[words[-1]].short_help == command.get_short_help_str(
        200
    )
