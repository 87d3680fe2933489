"""`hilum card` from the outside."""

from __future__ import annotations

import json

import pypdf
import pytest
from click.testing import CliRunner

from hilum.cli.main import cli


def run(*arguments):
    """The command's result; standard output and error apart."""
    return CliRunner().invoke(cli, ["card", *map(str, arguments)])


def test_a_bundle_becomes_page_and_pdf(tmp_path):
    """Both paths are told, and the PDF holds the card and the checklists."""
    result = run("hilum-base", "--out", tmp_path)
    text = "".join(page.extract_text() for page in pypdf.PdfReader(tmp_path / "model-card.pdf").pages)

    assert result.exit_code == 0, result.output
    assert result.stdout.split() == [str(tmp_path / "model-card.html"), str(tmp_path / "model-card.pdf")]
    assert "CLAIM 2024" in text
    assert "TO BE FILLED BY A PERSON" in text


def test_a_run_adds_what_it_knows(tmp_path):
    """A folder with run.json, or the file."""
    facts = {"settings": {"n_folds": 7, "seed": 1}}
    (tmp_path / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    for given in (tmp_path, tmp_path / "run.json"):
        result = run("hilum-base", "--out", tmp_path / "out", "--run", given)
        assert result.exit_code == 0, result.output
        assert "7 folds, drawn with seed 1" in (tmp_path / "out" / "model-card.html").read_text("utf-8")


@pytest.mark.parametrize("text", ["[]", "{", '{"settings": 3}', '{"versions": [1]}', "\udcff"])
def test_a_run_json_that_is_none_is_named(tmp_path, text):
    """One line and exit status 2."""
    (tmp_path / "run.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    result = run("hilum-base", "--out", tmp_path / "out", "--run", tmp_path)

    assert result.exit_code == 2
    assert "run.json cannot be read as a run's facts" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text", ["{}", "[]", "", '{"hilum_data_card": 1}', '{"hilum_data_card": 1, "source": 3}']
)
def test_a_data_card_that_is_none_is_named(tmp_path, text):
    """One line and exit status 2, and nothing is written."""
    path = tmp_path / "data-card.json"
    path.write_text(text, encoding="utf-8")
    result = run(path, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert "data-card.json cannot be read as a data card" in result.stderr
    assert not (tmp_path / "out").exists()


def test_the_data_card_of_an_import_becomes_page_and_pdf(tmp_path):
    """Of films that were computed and imported."""
    films, folder = str(tmp_path / "films"), str(tmp_path / "set")
    for command in (
        ["data", "phantom", "--out", films, "--n", "3", "--side", "64"],
        ["data", "import", films, "--out", folder],
    ):
        made = CliRunner().invoke(cli, command)
        assert made.exit_code == 0, made.output
    result = run(tmp_path / "set" / "data-card.json", "--out", tmp_path / "out")

    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"data-card.html", "data-card.pdf"}


def test_a_run_beside_a_data_card_is_refused(tmp_path):
    """It would say nothing."""
    result = run(tmp_path / "data-card.json", "--out", tmp_path / "out", "--run", tmp_path)

    assert result.exit_code == 2
    assert "--run goes with a bundle" in result.output


def test_an_unknown_bundle_is_told(tmp_path):
    """With the nearest name."""
    result = run("hilum-bas", "--out", tmp_path)

    assert result.exit_code == 2
    assert "hilum-base" in result.stderr
