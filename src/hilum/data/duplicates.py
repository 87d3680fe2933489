"""Copies of a film: files of equal content, and films that look the same though saved anew.

Candidates come from the 64-bit perceptual hash; a second look at the fine detail of both films decides.
The trap: chest films resemble each other, and at the distance that it takes to find a film saved with another
contrast the hash alone calls one pair of different films in 350 alike (measured; figures in docs/splits.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from hilum.data.likeness import Details, correlations
from hilum.records import Film, Pixels

MAX_DISTANCE = (
    10  # bits of 64; all of 204 films re-saved six ways and cropped by 1 % were within it (measured)
)
MIN_LIKENESS = 0.92  # different films reached 0.88, the same film saved anew kept 0.935 (measured)
_BLOCK = 1 << 22  # hash pairs compared at once: 32 MiB of XORs

Pairs = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


class DuplicateKind(StrEnum):
    """How two films are the same."""

    CONTENT = "content"
    """The files are equal, byte for byte."""
    LOOK = "look"
    """The films look the same: one is likely the other saved anew."""


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two films that are the same, or look it."""

    first: Film
    second: Film
    kind: DuplicateKind
    distance: int  # bits of 64 between the perceptual hashes
    likeness: float | None  # correlation of fine detail, -1 to 1; None where the films were not looked at

    @property
    def is_across_patients(self) -> bool:
        return self.first.patient != self.second.patient

    @property
    def is_across_datasets(self) -> bool:
        return self.first.dataset != self.second.dataset


def duplicate_pairs(
    films: Sequence[Film],
    *,
    max_distance: int = MAX_DISTANCE,
    min_likeness: float | None = MIN_LIKENESS,
    look: Callable[[Film], Pixels] | None = None,
) -> list[DuplicatePair]:
    """The films of one set, or of several put together, that stand in it more than once; sorted by name.

    Of n files with equal content, each but the first is paired with the first.

    Args:
        max_distance: bits of the perceptual hash, 0 to 64, up to which two films are looked at.
        min_likeness: correlation of fine detail, -1 to 1, from which they are the same; None reports each
            pair within `max_distance` without opening a file, and most such pairs are different films.
        look: gives a film's pixels, bone bright, for the second look; reads the file unless told otherwise.

    Raises:
        UnreadableImage: a candidate's file is gone or damaged.
    """
    ordered = sorted(films, key=lambda film: (film.film, film.dataset, str(film.image_path)))
    content_pairs, distinct = _content_pairs(ordered)
    hashed = [film for film in distinct if film.perceptual_hash]
    details = Details(hashed, look)
    look_pairs = [
        DuplicatePair(hashed[i], hashed[j], DuplicateKind.LOOK, int(distance), likeness)
        for near, distances in _near_pairs(_hash_array(hashed), max_distance)
        for i, j, distance, likeness in _confirmed(near, distances, details, min_likeness)
    ]
    return sorted(content_pairs + look_pairs, key=lambda pair: (pair.first.film, pair.second.film))


def tied_names(pairs: Sequence[DuplicatePair]) -> list[tuple[str, str]]:
    """The pairs as film names, for the `tied` of the splits."""
    return [(pair.first.film, pair.second.film) for pair in pairs]


def _content_pairs(films: Sequence[Film]) -> tuple[list[DuplicatePair], list[Film]]:
    """Pairs of equal content, and the films with one left of each."""
    same: dict[str, list[Film]] = defaultdict(list)
    for number, film in enumerate(films):
        same[film.sha256 or f"no hash {number}"].append(film)
    pairs = [
        DuplicatePair(copies[0], copy, DuplicateKind.CONTENT, distance=0, likeness=1.0)
        for copies in same.values()
        for copy in copies[1:]
    ]
    return pairs, [copies[0] for copies in same.values()]


def _hash_array(films: Sequence[Film]) -> npt.NDArray[np.uint64]:
    return np.array([int(film.perceptual_hash, 16) for film in films], dtype=np.uint64)  # (N,)


def _near_pairs(
    hashes: npt.NDArray[np.uint64], max_distance: int
) -> Iterator[tuple[Pairs, npt.NDArray[np.uint8]]]:
    """Index pairs (i < j) within the distance, block by block.

    All pairs are compared, 100,000 films in half a minute (measured): none is missed, and banded tables
    would gain nothing beyond a distance of 3.
    """
    n_rows = max(1, _BLOCK // max(1, len(hashes)))
    for start in range(0, len(hashes), n_rows):
        rows, rest = hashes[start : start + n_rows], hashes[start:]
        distances = np.bitwise_count(rows[:, None] ^ rest[None, :])  # (R, N - start)
        i, j = np.nonzero(distances <= max_distance)
        upper = i < j
        i, j = i[upper], j[upper]
        if len(i):
            yield (i + start, j + start), distances[i, j]


def _confirmed(
    near: Pairs, distances: npt.NDArray[np.uint8], details: Details, min_likeness: float | None
) -> Iterator[tuple[int, int, int, float | None]]:
    if min_likeness is None:
        yield from ((int(i), int(j), int(d), None) for i, j, d in zip(*near, distances, strict=True))
        return
    for start in range(0, len(distances), 4096):
        part = slice(start, start + 4096)
        first, second = near[0][part], near[1][part]
        alike = correlations(details.of(first), details.of(second))  # (P,)
        for k in np.flatnonzero(alike >= min_likeness):
            yield int(first[k]), int(second[k]), int(distances[part][k]), float(alike[k])
