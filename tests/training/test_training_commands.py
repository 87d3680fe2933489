"""The training commands, from a settings file to a bundle and its predictions, as a person types them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from hilum.cli.main import cli
from hilum.evaluation.table import read_predictions
from hilum.inference.bundle import read_bundle

STUDY = """
manifest = "films/manifest.parquet"
network = "hilum-small"
epochs = 12
batch_size = 4
ema_decay = 0.5
n_folds = 2
n_threads = 1
recipe = { region = "film", film_side = 64, crop_side = 64 }
augment = { rotate_degrees = 0, scale = 0, stretch = 0, shift = 0, flip_probability = 0, tone = 0, blur = 0, noise = 0, erase_probability = 0 }
"""  # noqa: E501 (TOML wants an inline table on one line)


def hilum(*words) -> str:
    """What a command prints; it must succeed."""
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def study(manifest, tmp_path):
    """A settings file beside the films."""
    path = tmp_path / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_study_becomes_a_bundle_that_scores_a_manifest(study, tmp_path):
    """Cross-validate, train on all, export, predict: each names the next, and the card has its figures."""
    folds, final, bundle = tmp_path / "folds", tmp_path / "final", tmp_path / "bundle"

    said = hilum("cross-validate", study, "--out", folds)
    hilum("train", study, "--out", final)
    hilum("export", final, "--judged-by", folds, "--out", bundle, "--limit", "Films of noise.")
    hilum(
        "predict",
        tmp_path / "films" / "manifest.parquet",
        "--bundle",
        bundle,
        "--out",
        tmp_path / "table.csv",
    )

    assert said.count("24 films, 12 positive") == 1
    assert said.count("network: AUC") == 1
    assert (folds / "fold-1" / "loss-curves.png").is_file()
    assert json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))["classifiers"] == [
        "classifier.onnx"
    ]
    card = (bundle / "model-card.md").read_text(encoding="utf-8")
    assert "Films of noise." in card
    assert "| border and brightness | 24 (12) | " in card
    assert "the 24 judging films were scored again" in card
    assert [f"| {work} |" in card for work in ("training", "judging", "export")] == [True] * 3
    checklists = (bundle / "checklists.md").read_text(encoding="utf-8")
    assert "2 folds, drawn with seed 0" in checklists
    assert {"model-card.md", "checklists.md"} <= read_bundle(bundle).sha256.keys()
    assert len(read_predictions(tmp_path / "table.csv")) == 24


def test_a_mistyped_setting_is_one_line(study, tmp_path):
    """The nearest key is named, and the exit status is 2."""
    study.write_text(STUDY.replace("epochs", "epoch"), encoding="utf-8")

    result = CliRunner().invoke(cli, ["train", str(study), "--out", str(tmp_path / "run")])

    assert result.exit_code == 2
    assert "did you mean 'epochs'" in result.output
