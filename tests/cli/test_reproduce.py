"""`hilum reproduce notebook`: what it writes, and what it refuses in one line."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from hilum.cli.main import cli
from hilum.data.manifest import write_manifest
from hilum.records import Film


@pytest.fixture
def manifest(tmp_path):
    """24 films of noise, every second one with a bright square."""
    folder = tmp_path / "films"
    folder.mkdir()
    films = []
    for number in range(24):
        pixels = np.random.default_rng(number).integers(60, 120, (128, 128)).astype(np.uint8)
        if number % 2:
            pixels[16:80, 16:80] = 250
        path = folder / f"film-{number:02d}.png"
        Image.fromarray(pixels).save(path)
        films.append(
            Film(film=path.stem, image_path=path, dataset="folder", site="here", patient=path.stem,
                 label=number % 2, width=128, height=128, bit_depth=8, sha256=f"{number:064x}",
                 perceptual_hash=f"{number:016x}")
        )  # fmt: skip
    write_manifest(films, folder / "manifest.parquet")
    return folder / "manifest.parquet"


def reproduce(*arguments):
    return CliRunner().invoke(cli, ["reproduce", "notebook", *map(str, arguments)])


@pytest.mark.slow
def test_the_study_leaves_its_table_figures_and_predictions(manifest, tmp_path):
    """Seven networks of one split: a table of eight lines, two figures, seven prediction tables."""
    out = tmp_path / "out"
    ended = reproduce(manifest, "--out", out, "--epochs", "2,1", "--seeds", 1, "--side", 64, "--threads", 1)

    assert ended.exit_code == 0, ended.output
    table = (out / "table.md").read_text(encoding="utf-8")
    assert table.splitlines()[2].startswith("| baseline | 0.781 (0.711 to 0.838) |")
    assert table in ended.stdout
    assert sorted(path.name for path in (out / "visualisations").iterdir()) == [
        "test-accuracy.png", "test-accuracy.svg", "validation-sweep.png", "validation-sweep.svg"
    ]  # fmt: skip
    assert len(list(out.glob("*-seed-0.parquet"))) == 7


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--epochs", "5,ten", "not a list of whole numbers"),
        ("--epochs", "", "not a list of whole numbers"),
        ("--epochs", "5,,10", "not a list of whole numbers"),
        ("--epochs", "0,5", "between 1 and"),
        ("--epochs", "99999", "between 1 and"),
        ("--seeds", "0", "0 is not in the range"),
        ("--side", "32", "32 is not in the range"),
        ("--jobs", "0", "0 is not in the range"),
        ("--threads", "-1", "-1 is not in the range"),
    ],
)
def test_a_wrong_option_is_refused_by_name(tmp_path, option, value, said):
    """Nothing is written, and the message names the option."""
    ended = reproduce(tmp_path / "manifest.parquet", "--out", tmp_path / "out", option, value)

    assert ended.exit_code == 2
    assert option in ended.output
    assert said in ended.output
    assert not (tmp_path / "out").exists()


def test_a_missing_manifest_says_how_to_make_one(tmp_path):
    """One line, exit 2, and no folder of a study that never was."""
    ended = reproduce(tmp_path / "manifest.parquet", "--out", tmp_path / "out")

    assert ended.exit_code == 2
    assert "hilum data import" in ended.output
    assert len(ended.output.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_things_is_refused(manifest):
    """The films' own folder is no place for a study."""
    ended = reproduce(manifest, "--out", manifest.parent)

    assert ended.exit_code == 2
    assert "choose an empty folder" in ended.output
