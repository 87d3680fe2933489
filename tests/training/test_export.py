"""Export: the bundle scores as the run did, says where its threshold came from, refuses unfinished runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from hilum.errors import BundleInvalid, RunInvalid
from hilum.inference.bundle import read_bundle
from hilum.inference.predictor import Predictor
from hilum.records import Scored
from hilum.training import export
from hilum.training.checkpoint import read_network
from hilum.training.cross_validation import cross_validate, load_run, train_on_all
from hilum.training.export import BundleTitle, export_bundle, read_run
from hilum.training.loop import predicted_logits

TITLE = BundleTitle("tiny", "0.0.1", "none")


@pytest.fixture
def run(manifest, settings, tmp_path):
    """A finished cross-validation of two folds."""
    folder = tmp_path / "run"
    cross_validate(load_run(replace(settings, epochs=1), folder), folder)
    return read_run(folder)


@pytest.mark.slow
def test_a_cross_validation_becomes_an_ensemble_that_scores_as_torch_does(run, manifest, tmp_path):
    """The mean of the members' calibrated probabilities, film by film, through the whole of inference."""
    export_bundle(run, tmp_path / "bundle", title=TITLE)

    bundle = read_bundle(tmp_path / "bundle")
    outcome = Predictor(bundle, n_threads=1, minimum_age_years=0).read(manifest[1].image_path)

    arrays = export.load_films(manifest, run.settings.recipe, "", run.folder / "cache")
    logits = np.array(
        [predicted_logits(read_network(path, run.settings), arrays, [1])[0, 0] for path in run.members]
    )
    expected = bundle.calibration[0].probability(logits).mean()
    assert isinstance(outcome, Scored)
    assert len(bundle.classifiers) == 2
    assert outcome.probability == pytest.approx(expected, abs=1e-3)  # kept arrays are of half precision


@pytest.mark.slow
def test_half_precision_halves_the_bundle_and_keeps_the_scores(run, manifest, tmp_path):
    """Within a hundredth of the whole; that both engines agree on the rounded weights is checked inside."""
    whole = export_bundle(run, tmp_path / "whole", title=TITLE)
    half = export_bundle(run, tmp_path / "half", title=TITLE, in_half=True)

    sizes = [sum(path.stat().st_size for path in bundle.folder.glob("*.onnx")) for bundle in (whole, half)]
    scores = [
        Predictor(bundle, n_threads=1, minimum_age_years=0).read(manifest[1].image_path).probability
        for bundle in (whole, half)
    ]
    assert sizes[1] < 0.65 * sizes[0]
    assert scores[0] == pytest.approx(scores[1], abs=0.01)


def test_the_bundle_says_which_films_of_elsewhere_it_learnt_from(run, manifest):
    """Their number and site; they stand in the list of training films too."""
    other = replace(manifest[0], site="elsewhere", sha256="f" * 64)

    facts = export.bundle_facts(replace(run, weak=(other,)), title=TITLE, graphs=["classifier.onnx"])

    assert "and 1 of elsewhere, labelled for something akin" in facts.training_data.text


def test_the_operating_point_says_that_it_was_chosen_on_its_own_films(run):
    """With its figures' n and interval, and 90 % of the positives at or above it."""
    facts = export.bundle_facts(run, title=TITLE, graphs=["classifier.onnx"])

    point = facts.default_point
    assert point.name == "sensitivity-90"
    assert "flatter" in point.source
    assert point.sensitivity.value >= 0.9
    assert point.sensitivity.n == 12
    assert facts.training_data.n == 24


def test_the_bundle_knows_what_it_can_rule_out(run):
    """At 10 % first; twelve films of a label, floor(0.05 * 13) = 0, rule nothing out at 5 %."""
    usual, strict = export.bundle_facts(run, title=TITLE, graphs=["classifier.onnx"]).certainty

    assert (usual.error_rate, usual.n_positive, usual.n_negative) == (0.1, 12, 12)
    assert usual.abnormal_from is not None
    assert (strict.error_rate, strict.abnormal_from, strict.normal_up_to) == (0.05, None, None)


def test_the_bundle_names_the_pretrained_weights_and_no_place_of_this_machine(run, tmp_path):
    """Their licence goes with them."""
    started = replace(run, settings=replace(run.settings, weights=str(tmp_path / "trunk.pt")))

    facts = export.bundle_facts(started, title=TITLE, graphs=["classifier.onnx"])

    assert facts.training_data.text.endswith("(hilum-small, its trunk from trunk.pt)")


def test_an_engine_that_disagrees_stops_the_export(run, manifest, tmp_path):
    """A graph of another network is told by its scores."""
    arrays = export.load_films(manifest, run.settings.recipe, "", run.folder / "cache")
    first, second = (read_network(path, run.settings) for path in run.members)
    with torch.no_grad():
        second.head.bias += 1.0
    path = tmp_path / "classifier.onnx"
    export.write_graph(
        export.ForScreening(second), path, example=torch.zeros(2, 1, 64, 64), outputs=export.OUTPUTS
    )

    with pytest.raises(BundleInvalid, match="onnxruntime and torch differ"):
        export.check_agreement(first, path, arrays, range(8))


def test_an_unfinished_run_is_refused(run):
    """It names what is missing."""
    run.members[1].unlink()

    with pytest.raises(RunInvalid, match=r"fold-1/weights\.pt is missing"):
        read_run(run.folder)


def test_a_run_that_nothing_judges_is_refused(manifest, settings, tmp_path):
    """One network trained on all films has no honest threshold of its own."""
    train_on_all(load_run(replace(settings, epochs=1), tmp_path / "all"), tmp_path / "all")

    with pytest.raises(RunInvalid, match="no predictions to calibrate on"):
        read_run(tmp_path / "all")


def test_a_network_without_a_feature_map_is_refused(manifest, settings, tmp_path):
    """The notebook's networks flatten: they have no heat map, so no bundle."""
    folder = tmp_path / "run"
    cross_validate(load_run(replace(settings, epochs=1, network="notebook-model-4"), folder), folder)

    with pytest.raises(RunInvalid, match="keeps no feature map"):
        export_bundle(read_run(folder), tmp_path / "bundle", title=TITLE)


def test_a_gate_goes_along_where_the_lungs_are_a_shipped_bundles(tmp_path):
    """Its network looks through theirs; of other lungs no gate is known."""
    shipped = read_bundle("hilum-small")
    other = tmp_path / "lungs.onnx"
    other.write_bytes(b"others")

    assert export.shipped_gate(shipped.lungs_path).read_bytes() == (shipped.folder / "gate.onnx").read_bytes()
    assert export.shipped_gate(other) is None
