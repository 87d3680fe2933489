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
from hilum.data.manifest import read_manifest

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
    """The promised outputs are there, and the terminal says the AUC and where the page is."""
    result, out = hilum(TABLE, "--threshold", "0.5")

    assert result.exit_code == 0, result.output
    assert "60 films, 30 with the finding" in result.output
    assert "AUC 0." in result.output
    assert (out / "evidence.pdf").read_bytes().startswith(b"%PDF")
    assert str(out / "evidence.html") in result.output.replace("\n", "")
    assert {path.name for path in (out / "visualisations").glob("*.png")} == {
        "confusion.png", "decision_curve.png", "precision_recall.png", "reliability.png",
        "risk_coverage.png", "roc.png", "scores.png",
    }  # fmt: skip
    assert json.loads((out / "evidence.json").read_text())["operating_points"][0]["threshold"] == 0.5


def test_a_second_run_gives_the_same_numbers(hilum):
    """Running again writes the same JSON over the first."""
    _, out = hilum(TABLE)
    first = (out / "evidence.json").read_bytes()
    result, _ = hilum(TABLE)

    assert result.exit_code == 0
    assert (out / "evidence.json").read_bytes() == first


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
     ("--sensitivity", "1.5"), ("--draws", "3"), ("--seed", "-1"), ("--prevalence", "0"),
     ("--prevalence", "nan"), ("--prevalence", "1"), ("--score-scale", "0"), ("--score-scale", "inf")],
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
    assert json.loads((out / "evidence.json").read_text())["operating_points"][0]["threshold"] == -0.5


CAD_TABLE = "Study UID;TB score;Xpert;Region\n" + "".join(
    f"1.2.{i};{(i * 37 % 100 + 40 * (i % 2)) / 1.4:.1f};{i % 2};{'north' if i % 3 else 'south'}\n"
    for i in range(60)
)
CAD_OPTIONS = (
    "--film-column", "Study UID", "--score-column", "TB score", "--label-column", "Xpert",
    "--subgroup", "Region", "--threshold", "60", "--score-scale", "100", "--prevalence", "0.01",
)  # fmt: skip


def test_another_products_table_works_by_options_alone(hilum):
    """Scores of 0 to 100, own column names, semicolons: threshold on its scale, calibration too."""
    result, out = hilum(CAD_TABLE, *CAD_OPTIONS)
    numbers = json.loads((out / "evidence.json").read_text())

    assert result.exit_code == 0, result.output
    assert numbers["operating_points"][0]["threshold"] == 60
    assert 0 < numbers["brier"]["value"] < 1
    assert {one["group"] for one in numbers["subgroups"]} == {"north", "south"}


def test_a_scale_changes_no_figure(hilum):
    """Scores times 100 with their scale stated give the Brier score and the AUC of the scores themselves."""
    lines = [line.split(",") for line in TABLE.splitlines()[1:]]
    hundred = "film,label,score\n" + "".join(f"{a},{b},{100 * float(c)!r}\n" for a, b, c in lines)
    _, out = hilum(hundred, "--score-scale", "100")
    scaled = json.loads((out / "evidence.json").read_text())
    _, out = hilum(TABLE)
    plain = json.loads((out / "evidence.json").read_text())

    assert scaled["auroc"] == plain["auroc"]
    assert scaled["brier"]["value"] == pytest.approx(plain["brier"]["value"])


def test_a_score_off_the_stated_scale_is_one_line(hilum):
    """A score of 140 on a scale of 100 names the film, and nothing is written."""
    result, out = hilum(CAD_TABLE + "1.2.99;140;1;north\n", *CAD_OPTIONS)

    assert result.exit_code == 2
    assert "film '1.2.99'" in result.stderr
    assert "outside 0 to 100" in result.stderr
    assert not out.exists()


def test_a_scale_that_is_not_stated_is_not_guessed(hilum):
    """Scores of 0 to 100 without the option rank all the same, and the note says what was seen."""
    result, out = hilum(CAD_TABLE, *CAD_OPTIONS[:-4])
    numbers = json.loads((out / "evidence.json").read_text())

    assert numbers["auroc"]["value"] is not None
    assert numbers["brier"]["why"] == "scores are not all in 0..1"
    assert "--score-scale" in result.output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("film,label,score\na,1,0.5\na,0,0.4\n", "line 3, column 'film'"),
        ("film,label,score\na,yes,0.5\n", "line 2, column 'label': must be 1, 0, or empty"),
        ("film,label,score\na,1,high\n", "line 2, column 'score': 'high' is not a finite number"),
        ("film,label,score\na,1,\n", "line 2, column 'score': is empty"),
        ("film,label,score\n", "no rows under the header"),
        ("", "no column"),
        ("film,label,score\na,,0.5\nb,,0.6\n", "none of the 2 rows has a label"),
        ("film,label,score,age\na,1,0.5,old\n", "line 2, column 'age'"),
    ],
)
def test_what_is_wrong_with_a_table_is_one_line(hilum, text, told):
    """The message names row and column where there is one, with status 2, and nothing is written."""
    result, out = hilum(text)

    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert not out.exists()


def test_a_missing_subgroup_column_lists_those_there_are(hilum):
    """A column to group by that the table lacks is one line with the columns found."""
    result, out = hilum(TABLE, "--subgroup", "hiv")

    assert result.exit_code == 2
    assert "no column 'hiv' to group by" in result.stderr
    assert not out.exists()


def test_one_class_alone_is_written_and_said(hilum):
    """A table of cases alone has its sensitivity and says why there is no AUC."""
    result, out = hilum(TABLE.replace(",0,", ",1,"), "--threshold", "0.5")
    numbers = json.loads((out / "evidence.json").read_text())

    assert result.exit_code == 0, result.output
    assert numbers["auroc"]["why"] == "no negative film"
    assert numbers["operating_points"][0]["sensitivity"]["value"] is not None
    assert "AUC not estimated: no negative film" in result.output


def test_a_bundle_without_a_manifest_is_refused(hilum):
    """A bundle has no films to draw without a manifest, and the message says so."""
    result, out = hilum(TABLE, "--bundle", "hilum-base")

    assert result.exit_code == 2
    assert "--manifest" in result.stderr
    assert not out.exists()


def test_a_file_that_is_no_controls_is_refused_before_writing(hilum, tmp_path):
    """A controls.json that is no such file is refused before anything is written."""
    (tmp_path / "controls.json").write_text("{}")
    result, out = hilum(TABLE, "--controls", str(tmp_path / "controls.json"))

    assert result.exit_code == 2
    assert "controls.json" in result.stderr
    assert not out.exists()


def test_the_command_is_told_as_it_was_typed(hilum):
    """The file holds the command with the options given and no others, quoted for a shell."""
    _, out = hilum(TABLE, "--threshold", "0.5", "--title", "Two words")
    command = json.loads((out / "evidence.json").read_text())["command"]

    assert command.startswith("hilum evaluate ")
    assert "--threshold 0.5" in command
    assert "--title 'Two words'" in command
    assert "--sensitivity" not in command


def test_failed_films_are_shown_from_phantoms(hilum, tmp_path):
    """Misses and false alarms of phantoms get pictures in the user's folder, and their names in the JSON."""
    run = CliRunner()
    made = run.invoke(cli, ["data", "phantom", "--out", str(tmp_path / "films"), "--n", "8", "--side", "256"])
    assert made.exit_code == 0, made.output
    manifest = tmp_path / "films" / "manifest.parquet"
    films = read_manifest(manifest)
    text = "film,label,score\n" + "".join(f"{film.film},{film.label},{1 - film.label}\n" for film in films)
    result, out = hilum(text, "--threshold", "0.5", "--manifest", str(manifest), "--bundle", "hilum-small")
    gallery = json.loads((out / "evidence.json").read_text())["gallery"]

    assert result.exit_code == 0, result.output
    assert {one["film"] for one in gallery["misses"]} == {film.film for film in films if film.label == 1}
    assert gallery["n_false_alarms"] == sum(film.label == 0 for film in films)
    assert (out / "visualisations" / "miss-01.png").exists()


@pytest.mark.shared
def test_real_films_are_measured(hilum, shared):
    """The mean grey of the 550 Shenzhen films, as a score, is measured with the set's own labels."""
    with zipfile.ZipFile(shared / "data" / "pulmonary-chest-xray-abnormalities.zip") as archive:
        films = [name for name in archive.namelist() if re.search(r"CHNCXR_\d{4}_[01]\.png$", name)]
        grey = {Path(name).stem: np.asarray(Image.open(archive.open(name))).mean() for name in films}
    table = "film;score;label\n" + "".join(f"{film};{mean};{film[-1]}\n" for film, mean in grey.items())
    result, out = hilum(table)
    document = json.loads((out / "evidence.json").read_text())

    assert result.exit_code == 0, result.output
    assert (document["n"], document["n_positive"]) == (550, 287)
    assert 0 < document["auroc"]["low"] < document["auroc"]["high"] < 1
    assert document["brier"]["why"] == "scores are not all in 0..1"
