"""`hilum plan` from the command line."""

from __future__ import annotations

import json

import pypdf
import pytest
from click.testing import CliRunner

from hilum.cli.main import cli

ASKED = ["--sensitivity", "0.9", "--half-width", "0.05", "--specificity", "0.7", "--prevalence", "0.02",
         "--confidence", "0.95"]  # fmt: skip


@pytest.fixture
def plan(tmp_path):
    """Run `hilum plan`; returns the result and the folder written to."""

    def run(*options):
        out = tmp_path / "out"
        return CliRunner().invoke(cli, ["plan", *options, "--out", str(out)]), out

    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One plan for a share and a promise, which several tests look at."""
    out = tmp_path_factory.mktemp("plan") / "out"
    return CliRunner().invoke(cli, ["plan", *ASKED, "--guarantee", "0.9", "--out", str(out)]), out


def test_a_question_becomes_a_plan(whole):
    """Page, PDF, JSON, and pictures are there, and the terminal has the films to take."""
    result, out = whole

    assert result.exit_code == 0, result.output
    assert "by method: Wilson 145, Clopper-Pearson, exact 159, normal (Buderer) 139" in result.output
    assert "Usable films needed: 203 with the finding and 320 without." in result.output
    assert {path.name for path in out.iterdir()} == {"plan.html", "plan.json", "plan.pdf", "visualisations"}
    assert {path.name for path in (out / "visualisations").iterdir()} == {
        "precision.png", "precision.svg", "promise.png", "promise.svg",
    }  # fmt: skip


def test_the_json_holds_the_plan(whole):
    """The settings and every size are there, with the format and the command."""
    _, out = whole
    found = json.loads((out / "plan.json").read_text())

    assert found["format"] == 1
    assert found["settings"]["prevalence"] == 0.02
    assert found["needs"][0]["sizes"]["Wilson"] == 145
    step = found["guarantee_steps"][0]
    assert (step["n_positive"], step["misses"]) == (29, 0)
    assert step["median"] == pytest.approx(0.5 ** (1 / 29))  # all 29 above it: s^29 = 1/2
    assert found["command"].startswith("hilum plan")


@pytest.mark.parametrize(
    ("sampling", "options", "word"),
    [
        ("consecutive", [], "take every person who comes"),
        ("enriched", [], "spectrum bias"),
        ("two-phase", ["--verified-share", "0.2"], "Begg and Greenes"),
    ],
)  # fmt: skip
def test_the_protocol_is_in_words(plan, sampling, options, word):
    """Each sampling says how the films are taken, and what its bias is, in the page and in the PDF."""
    result, out = plan(*ASKED, "--sampling", sampling, *options)
    pages = pypdf.PdfReader(out / "plan.pdf").pages
    pdf = " ".join(" ".join(page.extract_text().split()) for page in pages)

    assert result.exit_code == 0, result.output
    assert word in (out / "plan.html").read_text()
    assert word in pdf


def test_every_question_at_once_is_planned(plan):
    """All questions together make one report with both pictures."""
    result, out = plan(*ASKED, "--least-sensitivity", "0.8", "--least-specificity", "0.6", "--auc", "0.93",
                       "--auc-half-width", "0.03", "--least-auc", "0.85", "--reference-auc", "0.9",
                       "--margin", "0.03", "--guarantee", "0.9", "--icc", "0.05", "--cluster-size", "4",
                       "--refused", "0.03",
                       "--no-reference", "0.05")  # fmt: skip

    assert result.exit_code == 0, result.output
    assert len(json.loads((out / "plan.json").read_text())["needs"]) == 8
    assert (out / "visualisations" / "promise.png").exists()


def test_a_picture_that_is_no_longer_asked_for_is_taken_away(plan):
    """A run that asks no promise leaves none of an earlier run's pictures."""
    result, out = plan("--auc", "0.9", "--sampling", "enriched")
    assert result.exit_code == 0, result.output
    left = out / "visualisations" / "promise.png"
    left.parent.mkdir()
    left.write_bytes(b"of an earlier run")

    plan("--auc", "0.9", "--sampling", "enriched")

    assert not left.exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "nothing to plan for"),
        (["--sensitivity", "0.9"], "needs --prevalence"),
        (["--sensitivity", "0.9", "--prevalence", "0"], "is not in the range 0<x<1"),
        (["--sensitivity", "0.9", "--prevalence", "1"], "is not in the range 0<x<1"),
        (["--sensitivity", "0.9", "--prevalence", "nan"], "not a finite number"),
        (["--sensitivity", "1", "--prevalence", "0.1"], "is not in the range 0<x<1"),
        (["--auc", "0.9", "--prevalence", "0.1", "--margin", "0"], "is not in the range 0<x<1"),
        (["--auc", "0.9", "--prevalence", "0.1", "--reference-auc", "0.9"], "state a --margin"),
        (["--auc", "0.8", "--prevalence", "0.1", "--reference-auc", "0.9", "--margin", "0.05"], "no number"),
        (["--sensitivity", "0.9", "--prevalence", "0.1", "--least-sensitivity", "0.95"], "must lie above"),
        (["--sensitivity", "0.9", "--prevalence", "1e-9"], "is the prevalence right"),
        (["--guarantee", "0.9999999", "--prevalence", "0.1"], "would take more than"),
    ],
)  # fmt: skip
def test_a_question_without_an_answer_is_told(plan, options, told):
    """One clear message, status 2, and nothing is written."""
    result, out = plan(*options)

    assert result.exit_code == 2, result.output
    assert told in " ".join(result.output.split())
    assert not out.exists()
