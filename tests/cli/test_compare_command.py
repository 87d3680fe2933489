"""`hilum compare` from the command line."""

from __future__ import annotations

import json
import re

import numpy as np
import pypdf
import pytest
from click.testing import CliRunner

from hilum.cli.compare import table_names
from hilum.cli.main import cli

N = 80


def scores_of(reader):
    """Labels and scores of a reader of films 0 to 79; the reader's number seeds it."""
    rng = np.random.default_rng(7)
    truth = np.arange(N) % 2
    common = rng.normal(size=N)
    return truth, truth * 1.2 + common + np.random.default_rng(reader).normal(size=N)


def csv_of(reader, *, films=range(N), label=None):
    truth, score = scores_of(reader)
    rows = [f"film-{at:03d},{truth[at] if label is None else label},{score[at]:.6f}" for at in films]
    return "\n".join(["film,label,score", *rows]) + "\n"


@pytest.fixture
def compare(tmp_path):
    """Run `hilum compare` on the text of tables; returns the result and the folder written to."""

    def run(*texts, options=()):
        paths = []
        for at, text in enumerate(texts):
            folder = tmp_path / f"reader-{at}"
            folder.mkdir(exist_ok=True)
            (folder / "predictions.csv").write_text(text)
            paths.append(str(folder / "predictions.csv"))
        out = tmp_path / "out"
        words = ["compare", *paths, "--out", str(out), "--draws", "100", *options]
        return CliRunner().invoke(cli, words), out

    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One comparison of three tables, which several tests look at."""
    root = tmp_path_factory.mktemp("compare")
    paths = [root / f"reader-{at}.csv" for at in range(3)]
    for at, path in enumerate(paths):
        path.write_text(csv_of(at))
    words = ["compare", *map(str, paths), "--out", str(root / "out"), "--draws", "100", "--margin", "0.1"]
    return CliRunner().invoke(cli, words), root / "out"


def test_tables_become_a_report(whole):
    """Page, PDF, JSON, and pictures are there; the terminal names the tables by their files."""
    result, out = whole

    assert result.exit_code == 0, result.output
    assert "80 films compared, 40 with the finding, 0 left out" in result.output
    assert "reader-1 less reader-0:" in result.output
    assert {path.name for path in out.iterdir()} == {
        "comparison.html", "comparison.json", "comparison.pdf", "visualisations",
    }  # fmt: skip
    assert {path.name for path in (out / "visualisations").iterdir()} == {
        "differences.png", "differences.svg", "roc.png", "roc.svg",
    }  # fmt: skip


def test_the_json_holds_every_number(whole):
    """Format, files with their hashes, films, tables, and pairs are there."""
    _, out = whole
    found = json.loads((out / "comparison.json").read_text())

    assert found["format"] == 1
    assert [len(file["sha256"]) for file in found["files"]] == [64, 64, 64]
    assert (found["n"], found["n_positive"], found["left_out"]) == (80, 40, [])
    assert [pair["candidate"] for pair in found["pairs"]] == ["reader-1", "reader-2"]
    for pair in found["pairs"]:
        assert pair["differences"]["auroc"]["p_value"] <= pair["differences"]["auroc"]["p_adjusted"]
        assert pair["differences"]["sensitivity"]["mid_p"] <= pair["differences"]["sensitivity"]["p_value"]


def test_page_and_pdf_say_the_same(whole):
    """The AUCs of the JSON stand in the page and in the PDF, and the page asks nothing of a network."""
    _, out = whole
    auc = json.loads((out / "comparison.json").read_text())["tables"][1]["auroc"]["value"]
    page = (out / "comparison.html").read_text()
    pdf = "\n".join(one.extract_text() for one in pypdf.PdfReader(out / "comparison.pdf").pages)

    assert f"{auc:.3f}" in page
    assert f"{auc:.3f}" in pdf
    assert not re.search(r"(src|href)=[\"']https?:", page)


def test_films_of_one_label_leave_no_curve_of_an_earlier_run(compare):
    """Where films of one label allow no curve, that of the run before does not stay; all else is the same."""
    _, out = compare(csv_of(1, label=1), csv_of(2, label=1))
    first = (out / "comparison.json").read_bytes()
    left = out / "visualisations" / "roc.png"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"of an earlier run")
    result, _ = compare(csv_of(1, label=1), csv_of(2, label=1))

    assert result.exit_code == 0, result.output
    assert not left.exists()
    assert "not estimable: no negative film" in result.output
    assert (out / "comparison.json").read_bytes() == first


def test_films_of_one_table_are_listed(compare):
    """A film of one table is counted on the terminal and named in the report; names are text."""
    names = ["--name", "<b>x</b>", "--name", "y & z"]
    result, out = compare(csv_of(1), csv_of(2, films=range(70)), options=names)

    assert "70 films compared, 35 with the finding, 10 left out" in result.output
    page = (out / "comparison.html").read_text()
    assert "film-079" in page
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_a_label_that_differs_ends_the_run(compare):
    """One line names the film and both values; the status is 2, and nothing is written."""
    result, out = compare(csv_of(1), csv_of(2).replace("film-003,1", "film-003,0"))

    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert "film 'film-003': its label is 1 in reader-0 and 0 in reader-1" in result.output
    assert not out.exists()


def test_thresholds_are_given_by_name(compare):
    """Each table is judged at its own threshold, which is then not called optimistic."""
    options = ["--name", "ours", "--name", "theirs", "--threshold", "ours=0.5", "--threshold", "theirs=1"]
    result, out = compare(csv_of(1), csv_of(2), options=options)
    tables = json.loads((out / "comparison.json").read_text())["tables"]

    assert result.exit_code == 0, result.output
    assert [table["threshold"]["value"] for table in tables] == [0.5, 1.0]
    assert "optimistic" not in result.output


def test_one_file_may_hold_two_readers(tmp_path):
    """The same file twice, each with its own score column."""
    truth, first = scores_of(1)
    _, second = scores_of(2)
    rows = [f"{at},{truth[at]},{first[at]:.4f},{second[at]:.4f}" for at in range(N)]
    path = tmp_path / "both.csv"
    path.write_text("\n".join(["film,label,qxr,cad4tb", *rows]) + "\n")
    words = ["compare", str(path), str(path), "--out", str(tmp_path / "out"), "--draws", "100",
             "--name", "qxr", "--name", "cad4tb", "--score", "qxr=qxr",
             "--score", "cad4tb=cad4tb"]  # fmt: skip

    result = CliRunner().invoke(cli, words)

    assert result.exit_code == 0, result.output
    assert "cad4tb less qxr:" in result.output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--margin", "0"], "0.0 is not in the range 0<x<1"),
        (["--margin", "-0.05"], "is not in the range 0<x<1"),
        (["--margin", "nan"], "not a finite number"),
        (["--threshold", "reader-0"], "write it as NAME=VALUE"),
        (["--threshold", "reader-0=high"], "'high' is not a finite number"),
        (["--threshold", "reader-0=inf"], "'inf' is not a finite number"),
        (["--threshold", "nobody=0.5"], "no table has that name"),
        (["--threshold", "reader-0=1", "--threshold", "reader-0=2"], "comes twice"),
        (["--score", "nobody=score"], "no table has that name"),
        (["--name", "one"], "1 names (--name) for 2 tables"),
        (["--name", "one", "--name", "one"], "needs a --name of its own"),
        (["--sensitivity", "0"], "is not in the range"),
    ],
)  # fmt: skip
def test_an_option_that_makes_no_sense_is_told(compare, options, told):
    """The message names the option, the status is 2, and nothing is written."""
    result, out = compare(csv_of(1), csv_of(2), options=options)

    assert result.exit_code == 2
    assert told in " ".join(result.output.split())
    assert not out.exists()


def test_one_table_is_not_enough(compare):
    """A comparison needs two tables."""
    result, _ = compare(csv_of(1))

    assert result.exit_code == 2
    assert "at least two tables" in result.output


def test_names_are_the_shortest_that_tell_apart(tmp_path):
    """Files by their own names, else by their folders, else by both, else by number."""
    assert table_names((tmp_path / "a.csv", tmp_path / "b.csv"), ()) == ["a", "b"]
    assert table_names((tmp_path / "x/p.csv", tmp_path / "y/p.csv"), ()) == ["x", "y"]
    assert table_names((tmp_path / "x/p.csv", tmp_path / "x/q.csv", tmp_path / "y/p.csv"), ()) == [
        "x/p",
        "x/q",
        "y/p",
    ]
    assert table_names((tmp_path / "p.csv", tmp_path / "p.csv"), ()) == ["1: p", "2: p"]
