"""What recognition alone yields: copies that the folds part."""

from __future__ import annotations

import numpy as np
import pytest

from explorable import film_row
from hilum.evaluation.recognition import most_alike, parted_copies
from hilum.reports.controls import copies_line

FOLDS = {"one": 0, "two": 1, "other": 1}


@pytest.fixture
def thumbnails(chance):
    """A film, the same film again, and another."""
    first, other = chance.random((2, 64, 64)).astype(np.float32)
    return {"one": first, "two": first, "other": other}


def films() -> list:
    """All of one perceptual hash, so that the second look decides."""
    return [film_row(name) for name in FOLDS]


def test_copies_in_different_folds_are_named(thumbnails):
    """A network learnt one and was judged on the other."""
    copies = parted_copies(films(), FOLDS, thumbnails)

    assert [(pair.first.film, pair.second.film) for pair in copies.parted] == [("one", "two")]
    assert "1 of them in different folds: one = two" in copies_line(copies)


def test_copies_in_one_fold_are_only_counted(thumbnails):
    """They flatter nobody."""
    copies = parted_copies(films(), FOLDS | {"two": 0}, thumbnails)

    assert (copies.n_pairs, copies.parted) == (1, ())
    assert "none of them in different folds" in copies_line(copies)


def test_without_both_labels_outside_a_fold_nothing_is_most_alike():
    """The most alike film would have the one label there is."""
    rows = np.arange(4)

    found = most_alike(np.eye(4), np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), rows)

    assert all("both labels" in control.why for control in found)


def test_a_blank_film_is_like_nothing():
    """Equally unlike both labels, it is scored in the middle; no division by its length of nothing."""
    copies = np.vstack([np.zeros(9), np.random.default_rng(0).random((5, 9))])
    folds = np.array([0, 0, 0, 1, 1, 1])

    label, margin = most_alike(copies, np.array([0, 1, 0, 1, 0, 1]), folds, np.arange(6))

    assert (label.scores[0], margin.scores[0]) == (0.5, 0.0)
