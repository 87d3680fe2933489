"""The scores that judge a bundle are made again at export; those of other weights or sources stop it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from hilum.errors import RunInvalid
from hilum.evaluation.table import read_predictions, write_predictions
from hilum.imaging.recipe import film_canvas
from hilum.training import export, rescoring, run_folder
from hilum.training.cross_validation import PREDICTIONS_NAME, cross_validate, load_run, train_on_all
from hilum.training.export import BundleTitle, export_bundle, judged_arrays, read_run
from hilum.training.rescoring import rescore

TITLE = BundleTitle("tiny", "0.0.1", "none")


@pytest.fixture
def run(manifest, settings, tmp_path):
    """A finished cross-validation of two folds."""
    folder = tmp_path / "run"
    cross_validate(load_run(replace(settings, epochs=2), folder), folder)
    return read_run(folder)


def test_scores_of_the_runs_own_networks_are_found_again(run):
    """To the six decimals that the table has."""
    found = rescore(run, judged_arrays(run))

    assert found.n == 24
    assert found.largest_difference < 1e-4
    assert found.tolerance == rescoring.TOLERANCE


def test_weights_in_half_precision_are_rounded_before_they_are_asked(run):
    """The bundle's weights, not the run's, with the tolerance that goes with them."""
    found = rescore(run, judged_arrays(run), in_half=True)

    assert 0 < found.largest_difference <= found.tolerance == rescoring.HALF_TOLERANCE
    assert found.in_half


def test_a_table_of_other_networks_stops_the_export(run, tmp_path):
    """The film with the widest gap is named with both logits."""
    rows = read_predictions(run.table)
    logit = float(rows[3].extra["logit"])
    rows[3] = replace(rows[3], extra=rows[3].extra | {"logit": f"{logit + 1:.6f}"})
    write_predictions(rows, run.table)

    with pytest.raises(RunInvalid, match=rf"not made by these networks.*{rows[3].film} has the logit"):
        export_bundle(read_run(run.folder), tmp_path / "bundle", title=TITLE)
    assert not (tmp_path / "bundle").exists()


def test_weights_that_were_exchanged_stop_the_export(run):
    """A fold's network of another training, in the place of the one that made the table."""
    table = torch.load(run.members[1], weights_only=True)
    table["head.bias"] += 0.5
    torch.save(table, run.members[1])

    with pytest.raises(RunInvalid, match="not made by these networks"):
        rescore(run, judged_arrays(run))


def test_weights_that_are_not_numbers_stop_the_export(run):
    """NaN is beyond every tolerance."""
    table = torch.load(run.members[0], weights_only=True)
    table["head.bias"].fill_(float("nan"))
    torch.save(table, run.members[0])

    with pytest.raises(RunInvalid, match="not made by these networks"):
        rescore(run, judged_arrays(run))


def test_the_judge_of_a_single_network_is_asked_for_its_folds(run, settings, manifest, tmp_path):
    """A network of all films, judged by a cross-validation: the folds' networks make the scores again."""
    whole = tmp_path / "all"
    train_on_all(load_run(replace(settings, epochs=2), whole), whole)

    bundle = export_bundle(read_run(whole, judged_by=run.folder), tmp_path / "bundle", title=TITLE)

    assert bundle.rescoring.n == 24
    assert bundle.rescoring.largest_difference < 1e-4
    assert [each.work for each in bundle.sessions] == ["training", "judging", "export"]


def test_an_inner_part_is_scored_again_by_the_one_network(settings, manifest, tmp_path):
    """It has no folds."""
    folder = tmp_path / "all"
    train_on_all(load_run(replace(settings, epochs=2, inner_share=0.5), folder), folder)
    run = read_run(folder)

    assert rescore(run, judged_arrays(run)).n == len(read_predictions(folder / PREDICTIONS_NAME)) < 24


def test_sources_that_changed_since_pass_where_the_scores_stay_and_the_bundle_says_so(
    run, tmp_path, monkeypatch
):
    """The films are read again, and both hashes are kept."""
    monkeypatch.setattr("hilum.training.loader.recipe_code_hash", lambda: "f" * 64)
    monkeypatch.setattr("hilum.training.rescoring.recipe_code_hash", lambda: "f" * 64)

    bundle = export_bundle(run, tmp_path / "bundle", title=TITLE)

    assert bundle.recipe_code_sha256 == run.recipe_code_sha256
    assert bundle.rescoring.recipe_code_sha256 == "f" * 64


def test_a_recipe_that_shows_the_films_otherwise_is_refused(run, tmp_path, monkeypatch):
    """Read again, they have other scores."""
    monkeypatch.setattr("hilum.training.loader.recipe_code_hash", lambda: "f" * 64)
    monkeypatch.setattr(
        "hilum.training.loader.film_canvas", lambda pixels, recipe: film_canvas(100 * pixels, recipe)
    )

    with pytest.raises(RunInvalid, match="not made by these networks and this source"):
        export_bundle(run, tmp_path / "bundle", title=TITLE)


def test_a_run_from_before_its_recipe_was_noted_is_exported_and_says_so(run, tmp_path):
    """Its scores are made again all the same."""
    facts = run_folder.read_json(run.folder / "run.json")
    del facts["recipe_code_sha256"], facts["lungs_sha256"], facts["sessions"]
    run_folder.write_json(run.folder / "run.json", facts)

    bundle = export_bundle(read_run(run.folder), tmp_path / "bundle", title=TITLE)

    assert bundle.recipe_code_sha256 is None
    assert bundle.rescoring.n == 24
    assert [each.commit for each in bundle.sessions][0] == facts["commit"]


def test_a_network_no_better_than_chance_is_refused_in_plain_words(run):
    """Scores that fall as tuberculosis rises; no word of slopes or temporary files."""
    turned = tuple(
        replace(row, extra=row.extra | {"logit": str(-row.label + place / 100)}, score=0.5 - row.label / 4)
        for place, row in enumerate(run.judged)
    )

    with pytest.raises(RunInvalid, match=r"no better than chance \(AUC 0\.\d+") as caught:
        export.bundle_facts(replace(run, judged=turned), title=TITLE, graphs=["classifier.onnx"])

    assert "slope" not in str(caught.value)


def test_a_network_that_gives_every_film_one_score_is_refused(run):
    """It tells nothing."""
    flat = tuple(replace(row, extra=row.extra | {"logit": "0.25"}) for row in run.judged)

    with pytest.raises(RunInvalid, match=r"no better than chance \(AUC 0\.500"):
        export.bundle_facts(replace(run, judged=flat), title=TITLE, graphs=["classifier.onnx"])


def test_judging_films_of_one_label_are_refused(run):
    """Nothing can be calibrated on them."""
    positives = tuple(row for row in run.judged if row.label == 1)

    with pytest.raises(RunInvalid, match="all 12 films have the same label"):
        export.bundle_facts(replace(run, judged=positives), title=TITLE, graphs=["classifier.onnx"])


def test_folds_are_asked_for_their_own_films_only(run):
    """Each film's logit is its fold's network's, in the order of the films."""
    arrays = judged_arrays(run)
    fold_of = {row.film: row.fold for row in run.judged}
    folds = np.array([fold_of[film.film] for film in arrays.films])

    logits = rescoring.judge_logits(run, arrays, folds)

    stated = {row.film: float(row.extra["logit"]) for row in run.judged}
    np.testing.assert_allclose(logits, [stated[film.film] for film in arrays.films], atol=1e-4)
