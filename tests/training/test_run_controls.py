"""`hilum controls`: a finished cross-validation beside what else could tell its labels."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from bundles import write_tiny_bundle
from hilum.cli.main import cli
from hilum.data.explore.looks import LUNG_SHAPE, lung_shape
from hilum.data.manifest import write_manifest
from hilum.errors import RunInvalid
from hilum.imaging.lungs import LungMask
from hilum.imaging.recipe import Recipe
from hilum.training.controls import read_folds
from hilum.training.cross_validation import cross_validate, load_run, train_on_all


@pytest.fixture
def folder(manifest, settings, tmp_path):
    """A finished cross-validation of two folds, of films whose label is a bright square."""
    cross_validate(load_run(replace(settings, epochs=1), tmp_path / "run"), tmp_path / "run")
    return tmp_path / "run"


def said_of(folder, *words) -> str:
    """What the command prints; it must succeed."""
    result = CliRunner().invoke(cli, ["controls", str(folder), *map(str, words)])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_network_that_exposure_beats_is_told_so(folder):
    """One epoch teaches nothing, and the square is told by brightness alone: a sentence says it."""
    said = said_of(folder)

    facts = json.loads((folder / "controls.json").read_text(encoding="utf-8"))
    by_name = {control["name"]: control for control in facts["controls"]}
    assert by_name["border and brightness"]["auc"]["value"] > 0.95
    assert by_name["age and sex"]["auc"]["value"] is None
    assert "does not beat" in said
    assert facts["verdict"] in said


def test_another_sites_films_are_told_from_the_runs_own(folder, manifest, tmp_path):
    """By the networks' features and by what goes in; each with its interval and n."""
    others = [
        replace(film, film=f"other-{film.film}", patient=f"other-{film.patient}", site="elsewhere",
                sha256="f" + film.sha256[1:])
        for film in manifest
    ]  # fmt: skip
    (tmp_path / "others").mkdir()
    write_manifest(others, tmp_path / "others" / "manifest.parquet")

    said = said_of(folder, "--site", tmp_path / "others" / "manifest.parquet")

    (site,) = json.loads((folder / "controls.json").read_text(encoding="utf-8"))["sites"]
    assert "site told from elsewhere" in said
    assert [each["auc"]["n"] for each in site["told"]] == [48, 48, 48]
    assert all(each["auc"]["value"] < 0.6 for each in site["told"])  # they are the same pictures


def test_a_run_of_whole_films_is_also_judged_on_lungs_alone(manifest, settings, tmp_path):
    """Its networks see the films with the lungs, then all but the lungs, painted over; both get a figure."""
    bundle = write_tiny_bundle(tmp_path / "tiny")
    recipe = Recipe(film_side=128, region="film", lungs_side=32, crop_side=64)
    whole = replace(settings, epochs=1, recipe=recipe, lungs=str(bundle.folder))
    cross_validate(load_run(whole, tmp_path / "run"), tmp_path / "run")

    said_of(tmp_path / "run")

    facts = json.loads((tmp_path / "run" / "controls.json").read_text(encoding="utf-8"))
    by_name = {control["name"]: control for control in facts["controls"]}
    assert facts["lungs_only"]["auc"]["value"] is not None
    assert by_name["lungs painted over"]["auc"]["value"] is not None


def test_a_whole_film_run_without_a_lungs_network_says_so(manifest, settings, tmp_path):
    """The other controls stand; these two say why they do not."""
    whole = replace(settings, epochs=1, lungs="no-such-bundle")
    cross_validate(load_run(whole, tmp_path / "run"), tmp_path / "run")

    assert "not estimable: no lungs to go by" in said_of(tmp_path / "run")


def test_a_film_that_has_gone_bad_is_left_out_of_the_controls_of_pixels(folder, manifest):
    """It is counted; age and sex, which need no pixels, still take all films."""
    manifest[5].image_path.write_bytes(b"not a film")

    said = said_of(folder)

    facts = json.loads((folder / "controls.json").read_text(encoding="utf-8"))
    n_of = {control["name"]: control["auc"]["n"] for control in facts["controls"]}
    assert facts["unreadable"] == ["film-005"]
    assert "1 film could not be read" in said
    assert (n_of["age and sex"], n_of["border and brightness"]) == (24, 23)


def test_the_runs_own_films_are_no_other_site(folder, manifest, settings):
    """They would be told from themselves."""
    result = CliRunner().invoke(cli, ["controls", str(folder), "--site", str(settings.manifest)])

    assert result.exit_code == 2
    assert "film-000" in result.output


def test_one_network_of_all_films_has_no_controls(manifest, settings, tmp_path):
    """Nothing judged its films."""
    train_on_all(load_run(replace(settings, epochs=1, inner_share=0.25), tmp_path / "all"), tmp_path / "all")

    with pytest.raises(RunInvalid, match="no cross-validation"):
        read_folds(tmp_path / "all")


def test_the_shape_of_lungs_is_measured_on_their_box():
    """Two boxes of 2 x 6, one beside the other, on a canvas of 10."""
    mask = np.zeros((10, 10), bool)
    mask[2:8, 1:3] = mask[2:8, 6:8] = True

    found = dict(zip(LUNG_SHAPE, lung_shape(LungMask(mask, 0.24, 2, 0.9)), strict=True))

    assert found["lungs_width"] == pytest.approx(0.7)
    assert found["lungs_height"] == pytest.approx(0.6)
    assert found["lungs_left_share"] == pytest.approx(0.5)
