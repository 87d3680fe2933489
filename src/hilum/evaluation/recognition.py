"""What recognition alone yields: near-duplicates in different folds, and the label of the most alike film.

Trap: the most alike film is most often no copy but a film of the same machine, pose, and build, so this
control tells how far mere likeness goes, not how many copies there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.data.duplicates import DuplicatePair, duplicate_pairs
from hilum.evaluation.controls import ControlScores, Matrix
from hilum.records import Film, Pixels

N_NAMED = 5
LABEL_NAME = "label of the most alike film"
MARGIN_NAME = "most alike film, graded"


@dataclass(frozen=True, slots=True)
class PartedCopies:
    """Near-duplicates of which a network learnt one and was judged on the other."""

    n_pairs: int  # near-duplicates among all films
    parted: tuple[DuplicatePair, ...]  # those in different folds


def parted_copies(
    films: Sequence[Film], folds: Mapping[str, int], thumbnails: Mapping[str, Pixels]
) -> PartedCopies:
    """The near-duplicates among films, and those that the folds part.

    Args:
        films: with their perceptual hashes.
        folds: film -> fold.
        thumbnails: film -> a small copy of it, for the second look; holds every one of `films`.
    """
    pairs = duplicate_pairs(films, look=lambda film: thumbnails[film.film])
    parted = tuple(pair for pair in pairs if folds[pair.first.film] != folds[pair.second.film])
    return PartedCopies(len(pairs), parted)


def most_alike(
    copies: Matrix,
    truth: npt.NDArray[np.int64],
    folds: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
) -> list[ControlScores]:
    """Two controls by the film of the other folds that correlates most with each.

    One takes that film's label; the other how much better the most alike film with the finding correlates
    than the most alike without, whose sign is that label.

    Args:
        copies: (M, F), grey levels of small copies.
        truth: (M,).
        folds: (M,).
        rows: (M,), the films' places among the run's.
    """
    if any(np.unique(truth[folds != fold]).size < 2 for fold in np.unique(folds)):
        why = "there are no films of both labels outside each fold"
        return [ControlScores(name, rows, np.empty(0), why) for name in (LABEL_NAME, MARGIN_NAME)]
    centred = copies - copies.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-9)  # blank: like nothing
    alike = unit @ unit.T  # (M, M)
    alike[folds[:, None] == folds[None, :]] = -np.inf
    with_finding = alike[:, truth == 1].max(axis=1)
    without = alike[:, truth == 0].max(axis=1)
    margin = with_finding - without
    labels = np.where(margin == 0, 0.5, (margin > 0).astype(np.float64))
    return [ControlScores(LABEL_NAME, rows, labels), ControlScores(MARGIN_NAME, rows, margin)]
