"""The lungs network at work: a film's canvas becomes its lung mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hilum.imaging.lungs import LungMask, lung_mask
from hilum.imaging.recipe import Canvas, Recipe, lungs_input
from hilum.inference.session import Graph, Port


class LungFinder:
    """Finds the lungs of one film after another; safe to share between threads.

    Args:
        path: the lungs graph, input `film` and output `lungs` (logits), both (N, 1, S, S).
        recipe: gives S, its `lungs_side`.
        n_threads: of onnxruntime; 0 takes every core.

    Raises:
        BundleInvalid: the graph cannot be opened or has other ports.
    """

    def __init__(self, path: Path, recipe: Recipe, *, n_threads: int = 0) -> None:
        shape = (None, 1, recipe.lungs_side, recipe.lungs_side)
        self._recipe = recipe
        self._graph = Graph(
            path,
            input_port=Port("film", shape),
            output_ports=[Port("lungs", shape)],
            n_threads=n_threads,
        )

    def find(self, canvas: Canvas) -> LungMask:
        """The lungs of one film; a mask of no part where there are none."""
        (logits,) = self._graph.run(lungs_input(canvas, self._recipe)[None])
        probability = 0.5 * (1 + np.tanh(0.5 * logits[0, 0]))  # the logistic function, without overflow
        return lung_mask(np.asarray(probability, np.float32))
