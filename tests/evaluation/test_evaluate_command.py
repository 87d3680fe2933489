"""`hilum evaluate` from the command line."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from hilum.cli.main import cli

TABLE = "film,label,score\n" + "".join(
    f"{i:03d},{i % 2},{(i * 37 % 100 + 40 * (i % 2)) / 140}\n" for i in range(60)
)


@pytest.fixture
def hilum(tmp_path):
    """Run `hilum evaluate` on a CSV's text; returns the result and the folder written to."""

    def run(text, *options, name="table.csv"):
        path = tmp_path / name
        path.write_text(text)
        out = tmp_path / "out"
        words = ["evaluate", str(path), "--out", str(out), "--draws", "100", *options]
        return CliRunner().invoke(cli, words), out

    return run


def test_a_table_becomes_a_page_numbers_and_pictures(hilum):
    """The three promised outputs are there, and the terminal says the AUC and where the page is."""
    result, out = hilum(TABLE, "--threshold", "0.5")

    assert result.exit_code == 0, result.output
    assert "60 films, 30 with the finding" in result.output
    assert "AUC 0." in result.output
    assert str(out / "evaluation.html") in result.output.replace("\n", "")
    assert {path.name for path in (out / "visualisations").glob("*.png")} == {
        "confusion.png", "precision_recall.png", "reliability.png", "roc.png", "scores.png",
    }  # fmt: skip
    assert json.loads((out / "evaluation.json").read_text())["operating_points"][0]["threshold"] == 0.5


def test_a_second_run_gives_the_same_numbers(hilum):
    """Running again writes the same JSON over the first."""
    _, out = hilum(TABLE)
    first = (out / "evaluation.json").read_bytes()
    result, _ = hilum(TABLE)

    assert result.exit_code == 0
    assert (out / "evaluation.json").read_bytes() == first


def test_a_bad_table_is_one_line_and_status_two(hilum):
    """The message names line and column, and nothing is written."""
    result, out = hilum(TABLE + "x,3,0.5\n")

    assert result.exit_code == 2
    assert "line 62, column 'label'" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not out.exists()


def test_columns_are_named_by_options(hilum):
    """A table with other names is read by telling them."""
    renamed = TABLE.replace("film,label,score", "id,y,p")
    result, _ = hilum(renamed, "--film-column", "id", "--label-column", "y", "--score-column", "p")

    assert result.exit_code == 0, result.output


def test_a_missing_column_names_the_option(hilum):
    """The message names the option that would mend it."""
    result, _ = hilum(TABLE.replace("film,label,score", "film,labels,score"))

    assert result.exit_code == 2
    assert "--label-column labels" in result.stderr


@pytest.mark.parametrize(
    "options",
    [("--threshold", "nan"), ("--threshold", "inf"), ("--sensitivity", "nan"), ("--sensitivity", "0"),
     ("--sensitivity", "1.5"), ("--draws", "3"), ("--seed", "-1")],
)  # fmt: skip
def test_an_option_out_of_range_is_refused(hilum, options):
    """NaN is no cut, and nought no sensitivity."""
    result, out = hilum(TABLE, *options)

    assert result.exit_code == 2
    assert options[0] in result.stderr
    assert not out.exists()


def test_a_file_in_place_of_the_folder_is_refused(hilum, tmp_path):
    """A file called as the folder stays as it is."""
    (tmp_path / "out").write_text("mine")
    result, out = hilum(TABLE)

    assert result.exit_code == 2
    assert "--out must be a folder" in result.stderr
    assert out.read_text() == "mine"


def test_a_missing_table_is_one_line(tmp_path):
    """No such file is said in one line."""
    result = CliRunner().invoke(cli, ["evaluate", str(tmp_path / "none.csv"), "--out", str(tmp_path / "out")])

    assert result.exit_code == 2
    assert "no such file" in result.stderr


def test_a_threshold_below_nought_is_a_cut_on_logits(hilum):
    """A negative number is a value of the option, not an option."""
    result, out = hilum(TABLE, "--threshold", "-0.5")

    assert result.exit_code == 0, result.output
    assert json.loads((out / "evaluation.json").read_text())["operating_points"][0]["threshold"] == -0.5


@pytest.mark.shared
def test_real_films_are_measured(hilum, shared):
    """The mean grey of the 550 Shenzhen films, as a score, is measured with the set's own labels."""
    with zipfile.ZipFile(shared / "data" / "pulmonary-chest-xray-abnormalities.zip") as archive:
        films = [name for name in archive.namelist() if re.search(r"CHNCXR_\d{4}_[01]\.png$", name)]
        grey = {Path(name).stem: np.asarray(Image.open(archive.open(name))).mean() for name in films}
    table = "film;score;label\n" + "".join(f"{film};{mean};{film[-1]}\n" for film, mean in grey.items())
    result, out = hilum(table)
    document = json.loads((out / "evaluation.json").read_text())

    assert result.exit_code == 0, result.output
    assert (document["n"], document["n_positive"]) == (550, 287)
    assert 0 < document["auroc"]["low"] < document["auroc"]["high"] < 1
    assert document["brier"]["why"] == "scores are not all in 0..1"
