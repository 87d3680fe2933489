"""Labels, scores, and patients as arrays."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.evaluation.vectors import as_scores, as_truth, cluster_codes


@pytest.mark.parametrize("labels", [[0, 2], [0, 1, float("nan")], [-1, 1], [[0, 1]], ["0", "1"], [None, 1]])
def test_labels_other_than_nought_and_one_are_refused(labels):
    """A label of 2 or NaN never becomes a positive."""
    with pytest.raises(ValueError, match="label"):
        as_truth(labels)


def test_labels_of_any_number_type_become_truth_values():
    """Whole numbers, decimals, and truth values all count as labels."""
    for labels in ([0, 1], [0.0, 1.0], np.array([0, 1], dtype=np.int8), [False, True]):
        assert as_truth(labels).tolist() == [False, True]


@pytest.mark.parametrize("scores", [[0.1], [0.1, float("nan")], [0.1, float("inf")], [[0.1, 0.2]]])
def test_scores_that_do_not_fit_are_refused(scores):
    """A score for each label, each a finite number."""
    with pytest.raises(ValueError, match="scores|finite"):
        as_scores(scores, like=as_truth([0, 1]))


def test_films_without_a_patient_are_patients_of_their_own():
    """Two films of nobody are two patients, and text `None` is a name."""
    assert cluster_codes(["a", None, "a", None, "None"]).tolist() == [0, 1, 0, 2, 3]
