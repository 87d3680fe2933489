"""What a picture is of, by a network made of three operators: it tells bright pictures from dark ones."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from bundles import FACTS, draw_film, write_classifier, write_film, write_lungs
from hilum.errors import BundleInvalid, UnreadableImage
from hilum.imaging.border import Field
from hilum.imaging.recipe import Canvas
from hilum.inference.bundle import write_bundle
from hilum.inference.gate.kind import (
    CODES,
    GRAPH_NAME,
    NOTE,
    SENTENCES,
    SIDE,
    GateFacts,
    Kind,
    KindFinder,
    check_kind,
    facts_as_text,
    p_value,
    read_facts,
    warnings_of_kind,
)
from hilum.inference.predictor import Predictor
from hilum.records import RefusalCode, Scored

FACTS_OF_GATE = GateFacts(
    kinds=("chest", "mirrored", "no X-ray", "turned"),
    least_chest=0.2,
    least_p=0.01,
    distances=tuple(np.linspace(0.5, 1.5, 199).tolist()),
    data="nothing",
)


def write_gate(path, *, biases=(3.0, 0.0, 0.0, 0.0), distance=1.0, note=None):
    """kinds = the given logits whatever the picture; distance likewise."""
    import onnx
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("ReduceMean", ["film", "axes"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "biases"], ["kinds"]),
        helper.make_node("ReduceMean", ["nothing", "across"], ["none"], keepdims=0),
        helper.make_node("Add", ["none", "away"], ["distance"]),
    ]
    constants = [
        helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3]),
        helper.make_tensor("across", TensorProto.INT64, [1], [1]),
        helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
        helper.make_tensor("biases", TensorProto.FLOAT, [1, len(biases)], list(biases)),
        helper.make_tensor("away", TensorProto.FLOAT, [], [distance]),
    ]
    film = helper.make_tensor_value_info("film", TensorProto.FLOAT, ["N", 1, SIDE, SIDE])
    outputs = [
        helper.make_tensor_value_info("kinds", TensorProto.FLOAT, ["N", len(biases)]),
        helper.make_tensor_value_info("distance", TensorProto.FLOAT, ["N"]),
    ]
    graph = helper.make_graph(nodes, "gate", [film], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {NOTE: facts_as_text(FACTS_OF_GATE) if note is None else note})
    onnx.save(model, path)
    return path


def canvas() -> Canvas:
    """A drawn film."""
    return Canvas(draw_film(256).astype(np.float32) / 255, Field.whole((256, 256)))


def kind(distance: float = 1.0, **shares: float) -> Kind:
    """A kind of these probabilities; underscores stand for spaces."""
    probabilities = {name.replace("_", " "): share for name, share in shares.items()}
    return Kind(probabilities, distance, p_value(distance, FACTS_OF_GATE.distances))


def refusal(found: Kind) -> tuple[RefusalCode, str]:
    """The code and reason of what must be refused."""
    with pytest.raises(UnreadableImage) as caught:
        check_kind(found, FACTS_OF_GATE)
    return RefusalCode(caught.value.code), caught.value.reason


@pytest.fixture
def bundle_with_gate(tmp_path):
    """The tiny bundle with a gate of these logits."""

    def write(**changes):
        drafts = tmp_path / "drafts"
        drafts.mkdir()
        files = {name: drafts / name for name in (*FACTS.classifiers, "lungs.onnx", GRAPH_NAME)}
        write_classifier(files[FACTS.classifiers[0]], bias=-1.0)
        write_lungs(files["lungs.onnx"])
        write_gate(files[GRAPH_NAME], **changes)
        return write_bundle(tmp_path / "bundle", facts=FACTS, files=files)

    return write


def test_probabilities_are_those_of_the_logits(tmp_path):
    """exp(3) of exp(3) + 3 for the first kind."""
    found = KindFinder(write_gate(tmp_path / "gate.onnx"), n_threads=1).look(canvas())

    assert found.probabilities["chest"] == pytest.approx(math.exp(3) / (math.exp(3) + 3), abs=1e-6)
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert found.distance == pytest.approx(1)


def test_a_chest_film_passes():
    """At the limit it is let through."""
    check_kind(kind(chest=0.2, no_X_ray=0.8), FACTS_OF_GATE)


def test_a_mirrored_chest_film_passes_with_a_warning():
    """Dextrocardia is not an error."""
    found = kind(chest=0.02, mirrored=0.95, turned=0.03)
    check_kind(found, FACTS_OF_GATE)

    (note,) = warnings_of_kind(found, 0.9)
    assert "dextrocardia" in note
    assert "0.95" in note
    assert "0.90" in note or "0.9 " in note


def test_an_ordinary_film_has_no_warning():
    """Below the limit nothing is said."""
    assert warnings_of_kind(kind(chest=0.5, mirrored=0.5), 0.9) == ()


@pytest.mark.parametrize("name", CODES)
def test_each_kind_has_a_code_and_a_sentence(name):
    """The likeliest of the other kinds names the refusal, with the measurement and its limit."""
    code, reason = refusal(Kind({"chest": 0.1, name: 0.9}, 1.0, 0.5))

    assert code == CODES[name]
    assert reason.startswith(SENTENCES[name])
    assert "0.1000" in reason
    assert "0.2000" in reason


def test_what_is_far_from_every_chest_is_unfamiliar():
    """One of 200 films, itself, lies as far: p = 0.005, below 0.01."""
    code, reason = refusal(kind(distance=9.0, chest=0.99, no_X_ray=0.01))

    assert code == RefusalCode.UNFAMILIAR
    assert "0.0050" in reason
    assert "0.0100" in reason


@pytest.mark.parametrize(("distance", "expected"), [(0.0, 1.0), (1.5, 2 / 200), (9.0, 1 / 200)])
def test_a_p_value_counts_the_film_itself(distance, expected):
    """(1 + how many lie as far or farther) of (1 + all): never 0."""
    assert p_value(distance, FACTS_OF_GATE.distances) == pytest.approx(expected)


def test_a_bundles_gate_refuses_before_lungs_are_looked_for(bundle_with_gate, tmp_path):
    """A film that the gate takes for a page is refused as one, though its lungs are plain."""
    bundle = bundle_with_gate(biases=(0.0, 0.0, 6.0, 0.0))
    refused = Predictor(bundle, n_threads=1).read(write_film(tmp_path / "film.png"))

    assert refused.code == RefusalCode.NOT_AN_XRAY


def test_a_warning_reaches_the_score(bundle_with_gate, tmp_path):
    """The film is scored, and its notes tell of the heart."""
    bundle = bundle_with_gate(biases=(0.0, 6.0, 0.0, 0.0))
    scored = Predictor(bundle, n_threads=1).read(write_film(tmp_path / "film.png"))

    assert isinstance(scored, Scored)
    assert any("dextrocardia" in note for note in scored.notes)


def test_an_answer_that_is_no_number_is_our_fault(bundle_with_gate, tmp_path):
    """A broken gate fails loudly, and lets nothing through."""
    bundle = bundle_with_gate(distance=math.nan)

    assert Predictor(bundle, n_threads=1).read(write_film(tmp_path / "film.png")).code == RefusalCode.FAILED


def test_facts_come_back_as_they_were_written():
    """The note is JSON, and nothing is lost in it."""
    assert read_facts(facts_as_text(FACTS_OF_GATE), where="here") == FACTS_OF_GATE


@pytest.mark.parametrize(
    "note",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        json.dumps({"kinds": 3}),
        facts_as_text(replace(FACTS_OF_GATE, kinds=("chest",))),
        facts_as_text(replace(FACTS_OF_GATE, kinds=("turned", "no X-ray"))),
        facts_as_text(replace(FACTS_OF_GATE, kinds=("chest", "spaceship"))),
        facts_as_text(replace(FACTS_OF_GATE, least_chest=1.5)),
        facts_as_text(replace(FACTS_OF_GATE, distances=(2.0, 1.0))),
    ],
)
def test_a_gate_that_says_nothing_valid_of_itself_is_refused(tmp_path, note):
    """No note, no JSON, unknown kinds, impossible limits: the bundle does not open."""
    with pytest.raises(BundleInvalid, match="gate"):
        KindFinder(write_gate(tmp_path / "gate.onnx", note=note), n_threads=1)
