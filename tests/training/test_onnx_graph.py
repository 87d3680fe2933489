"""Graphs in half the size: weights rounded, sums not."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from hilum.training.onnx_graph import store_in_half, write_graph


class TwoConvolutions(nn.Module):
    """64 weights, then 36,864."""

    def __init__(self):
        super().__init__()
        self.small, self.large = nn.Conv2d(1, 64, 1), nn.Conv2d(64, 64, 3)

    def forward(self, film):
        return self.large(self.small(film))


@pytest.fixture
def network():
    """At a random start."""
    torch.manual_seed(0)
    return TwoConvolutions().eval()


def run_graph(path, films):
    """The graph's answer to films."""
    (answer,) = onnxruntime.InferenceSession(str(path)).run(None, {"film": films})
    return answer


def test_half_precision_halves_the_file_and_keeps_the_answer(network, tmp_path):
    """36,864 of 37,056 weights are stored in two bytes in place of four."""
    path = tmp_path / "graph.onnx"
    write_graph(network, path, example=torch.zeros(2, 1, 8, 8), outputs=("out",))
    films = np.random.default_rng(0).normal(size=(3, 1, 8, 8)).astype(np.float32)
    before, size = run_graph(path, films), path.stat().st_size

    store_in_half(path)

    assert path.stat().st_size < 0.6 * size
    np.testing.assert_allclose(run_graph(path, films), before, atol=2e-3)
    assert [left.name for left in tmp_path.iterdir()] == ["graph.onnx"]


def test_weights_that_are_half_precision_already_lose_nothing(network, tmp_path):
    """Rounded beforehand, the stored weights are the network's own."""
    rounded = network.half().float()
    path = tmp_path / "graph.onnx"
    write_graph(rounded, path, example=torch.zeros(2, 1, 8, 8), outputs=("out",))
    films = np.random.default_rng(1).normal(size=(2, 1, 8, 8)).astype(np.float32)
    before = run_graph(path, films)

    store_in_half(path)

    np.testing.assert_allclose(run_graph(path, films), before, atol=1e-6)


def test_a_weight_too_large_for_half_precision_is_refused(network, tmp_path):
    """65,504 is the largest; infinity would be a silent fault."""
    with torch.no_grad():
        network.large.weight[0, 0, 0, 0] = 1e5
    path = tmp_path / "graph.onnx"
    write_graph(network, path, example=torch.zeros(2, 1, 8, 8), outputs=("out",))

    with pytest.raises(ValueError, match="too large"):
        store_in_half(path)


def test_a_graph_names_no_file_of_the_machine_that_made_it(network, tmp_path):
    """Torch's exporter notes a stack trace at each node; none is kept."""
    path = tmp_path / "graph.onnx"
    write_graph(network, path, example=torch.zeros(2, 1, 8, 8), outputs=("out",))

    assert b".py" not in path.read_bytes()
