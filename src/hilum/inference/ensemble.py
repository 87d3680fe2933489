"""The classifiers of a bundle as one: each member calibrated, then averaged, with where they look.

Trap: members are averaged as probabilities after calibration, never as logits; thresholds were set so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hilum.inference.bundle import Bundle
from hilum.inference.session import Graph, Port
from hilum.records import Pixels


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the ensemble makes of one film, for one finding."""

    probability: float  # calibrated, 0..1
    spread: float | None  # standard deviation of the members' probabilities; None for a single member
    activation: Pixels  # (h, w) calibrated logits, place by place; the members' mean


class Ensemble:
    """The classifiers of `bundle`, for the finding of its default operating point.

    Raises:
        BundleInvalid: a member cannot be opened, or does not fit the recipe and the findings.
    """

    def __init__(self, bundle: Bundle, *, n_threads: int = 0) -> None:
        side, n_findings = bundle.recipe.crop_side, len(bundle.findings)
        self._finding = bundle.findings.index(bundle.default_point.finding)
        self._calibration = bundle.calibration[self._finding]
        film = Port("film", (None, 1, side, side))
        logits, activation = Port("logits", (None, n_findings)), Port("map", (None, n_findings, None, None))
        self._members = [
            Graph(path, input_port=film, output_ports=[logits, activation], n_threads=n_threads)
            for path in bundle.classifier_paths
        ]

    def weigh(self, array: Pixels) -> Evidence:
        """The evidence in one film's array (1, crop_side, crop_side).

        Raises:
            ArithmeticError: a member answers with something that is not a number.
        """
        k = self._finding
        answers = [member.run(array[None]) for member in self._members]
        logits = np.array([logit[0, k] for logit, _ in answers], np.float64)  # (M,)
        if not np.isfinite(logits).all():
            raise ArithmeticError(f"a member's logit is not finite: {logits}")
        probabilities = self._calibration.probability(logits)
        mean_map = np.mean([activation[0, k] for _, activation in answers], axis=0)  # (h, w)
        spread = float(probabilities.std()) if len(probabilities) > 1 else None
        local = self._calibration.slope * mean_map + self._calibration.intercept
        return Evidence(float(probabilities.mean()), spread, np.asarray(local, np.float32))
