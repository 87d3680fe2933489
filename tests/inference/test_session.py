"""A graph is opened only if its ports are what the bundle promises."""

from __future__ import annotations

import numpy as np
import pytest

from bundles import TINY, write_classifier, write_lungs
from hilum.errors import BundleInvalid
from hilum.inference.session import Graph, Port

FILM = Port("film", (None, 1, 64, 64))
LOGITS = Port("logits", (None, 1))


@pytest.fixture
def classifier(tmp_path):
    """The tiny classifier's file."""
    path = tmp_path / "classifier.onnx"
    write_classifier(path, bias=-1.0)
    return path


def test_a_graph_answers_in_the_order_asked(classifier):
    """A flat film of 1 has 4 x 1 - 1 = 3 in each cell, and so in the mean."""
    graph = Graph(classifier, input_port=FILM, output_ports=[Port("map", (None, 1, 8, 8)), LOGITS])
    cells, logits = graph.run(np.ones((1, 1, 64, 64), np.float32))

    assert cells.shape == (1, 1, 8, 8)
    assert logits.tolist() == [[3.0]]


@pytest.mark.parametrize(
    ("input_port", "output_port", "message"),
    [
        (Port("image", (None, 1, 64, 64)), LOGITS, "has no input 'image'"),
        (FILM, Port("probability", (None, 1)), "has no output 'probability'"),
        (Port("film", (None, 3, 64, 64)), LOGITS, "input 'film' is .* promises"),
        (Port("film", (None, 1, 64)), LOGITS, "input 'film' is .* promises"),
        (FILM, Port("logits", (None, 2)), "output 'logits' is .* promises"),
    ],
)
def test_other_ports_are_refused(classifier, input_port, output_port, message):
    """A graph for other pixels or findings is told apart before a film is read."""
    with pytest.raises(BundleInvalid, match=message):
        Graph(classifier, input_port=input_port, output_ports=[output_port])


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\x80\x04K\x01."])
def test_what_is_no_graph_is_refused(tmp_path, content):
    """Text, nothing, or a pickle in the graph's place is one message."""
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)

    with pytest.raises(BundleInvalid, match=r"bad\.onnx: onnxruntime cannot open it"):
        Graph(path, input_port=FILM, output_ports=[LOGITS])


def test_a_lungs_graph_has_its_own_shape(tmp_path):
    """The lungs network answers at the size it is asked at."""
    path = tmp_path / "lungs.onnx"
    write_lungs(path)
    shape = (None, 1, TINY.lungs_side, TINY.lungs_side)
    graph = Graph(path, input_port=Port("film", shape), output_ports=[Port("lungs", shape)])

    assert graph.run(np.zeros((1, 1, 32, 32), np.float32))[0].shape == (1, 1, 32, 32)
