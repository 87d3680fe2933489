"""`hilum data import` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from hilum.cli.main import cli
from hilum.data.manifest import read_manifest


@pytest.fixture
def films(tmp_path) -> Path:
    """Four films in the folders of two labels, and a reading without a film."""
    for n, name in enumerate(
        ("normal/CHNCXR_0001_0", "tb/CHNCXR_0002_1", "tb/CHNCXR_0003_1", "normal/CHNCXR_0004_0")
    ):
        path = tmp_path / "films" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(n).integers(0, 255, (40, 40)).astype(np.uint8)).save(path)
    (tmp_path / "films/CHNCXR_0009_1.txt").write_text("male 45yrs\nPTB")
    return tmp_path / "films"


def run(*arguments: object):
    """Run the command; standard output and standard error are apart."""
    return CliRunner().invoke(cli, ["data", "import", *map(str, arguments)])


def test_an_import_gives_an_account(films, tmp_path):
    """What was found and what is missing, and where the files are."""
    result = run(films, "--out", tmp_path / "out")

    assert result.exit_code == 0, result.output
    assert "montgomery-shenzhen: 4 of 800 films of 4 patients" in result.stdout
    assert "CHNCXR_0009_1: its reading is there, its film is not" in result.stdout
    assert "films read: 4 of 4" in result.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        "manifest.parquet", "data-card.json", "data-card.md", "data-card.html",
    }  # fmt: skip


def test_a_named_source_is_used(films, tmp_path):
    """`--source shenzhen` expects its 662 films and no Montgomery."""
    result = run(films, "--out", tmp_path / "out", "--source", "shenzhen")

    assert "shenzhen: 4 of 662 films" in result.stdout
    assert json.loads((tmp_path / "out/data-card.json").read_text())["source"]["name"] == "shenzhen"


def test_folder_names_become_labels_where_asked(films, tmp_path):
    """`--labels` makes any folder of films a labelled set, of the site that is said."""
    result = run(
        films, "--out", tmp_path / "out", "--labels", "normal=0", "--labels", "tb=1", "--site", "clinic"
    )

    assert result.exit_code == 0, result.output
    assert [(film.label, film.site) for film in read_manifest(tmp_path / "out")] == [
        (0, "clinic"), (1, "clinic"), (1, "clinic"), (0, "clinic"),
    ]  # fmt: skip


def test_a_table_is_read_with_its_own_column_names(films, tmp_path):
    """`--table` and `--column` are all that a set like RSNA's needs."""
    table = tmp_path / "films.csv"
    table.write_text("id,target\nCHNCXR_0001_0,1.0\n")
    result = run(
        films, "--out", tmp_path / "out", "--table", table, "--column", "path=id", "--column", "label=target"
    )

    assert result.exit_code == 0, result.output
    assert [film.label for film in read_manifest(tmp_path / "out")] == [1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--source", "shenzen"), "did you mean 'shenzhen'"),
        (("--source", "jsrt"), "docs/datasets/jsrt.md"),
        (("--labels", "tb=2"), "a label is 0 or 1"),
        (("--labels", "tb"), "not of the form NAME=VALUE"),
        (("--labels", "tb=1", "--source", "india"), "go with --source folder"),
        (("--column", "label=target"), "give the table with --table"),
        (("--table", "gone.csv"), "gone.csv"),
        (("--masks", "gone"), "gone"),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_two(films, tmp_path, arguments, told):
    """No traceback, no manifest, and what to do instead."""
    result = run(films, "--out", tmp_path / "out", *arguments)

    assert result.exit_code == 2
    assert told in result.stderr
    assert not (tmp_path / "out/manifest.parquet").exists()


def test_the_source_folder_is_no_output(films):
    """The films stay as they are."""
    before = sorted(films.rglob("*"))
    result = run(films, "--out", films)

    assert result.exit_code == 2
    assert "only read" in result.stderr
    assert sorted(films.rglob("*")) == before
