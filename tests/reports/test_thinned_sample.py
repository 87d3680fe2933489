"""What is said of a sample that uneven weights leave too few positives of."""

from __future__ import annotations

from hilum.evaluation.local_calibration import CalibrationRequest, calibrate
from hilum.evaluation.programme import Programme
from hilum.evaluation.threshold_choice import Goal
from hilum.records import Prediction
from hilum.reports.calibration_words import too_few_words


def test_too_few_by_weight_says_how_many_there_were():
    """30 positives, one of which stands for as many people as all others: thinning leaves few of them."""
    rows = [
        Prediction(f"{label}-{at}", label, 0.5 * label + at / 100, extra={"w": "1" if at else "1000"})
        for label in (0, 1)
        for at in range(30)
    ]
    found = calibrate(rows, CalibrationRequest(Goal(0.9, 0.95), Programme(0.02), weight_column="w"))
    kept = found.positives.n

    assert kept < 30
    assert f"the sample has {kept}, left by the weights of 30." in too_few_words(found, found.chosen)
