"""Which films belong together: those of one patient, of one content, or tied by hand.

The trap: ties are transitive. A copy of one patient's film under another patient's name joins both patients
into one group, and a split must carry the whole of it to one side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from hilum.records import Film


def film_groups(films: Sequence[Film], *, tied: Iterable[tuple[str, str]] = ()) -> list[list[int]]:
    """The indices of `films`, in groups that no split may part, sorted by each group's first patient.

    Films of one patient are together whatever their site: sources make `Film.patient` unique to the person.
    Films of equal content (SHA-256) are together. An empty patient or hash ties nothing.

    Args:
        tied: pairs of film names to keep together too, such as known near-duplicates; names not in `films`
            are passed over, so that the pairs of a whole manifest serve any part of it.
    """
    parent = list(range(len(films)))
    for indices in _shared_keys(films):
        for index in indices[1:]:
            _join(parent, indices[0], index)
    by_name = {film.film: index for index, film in enumerate(films)}
    for first, second in tied:
        if first in by_name and second in by_name:
            _join(parent, by_name[first], by_name[second])
    groups: dict[int, list[int]] = defaultdict(list)
    for index in sorted(range(len(films)), key=lambda index: _order(films[index])):
        groups[_root(parent, index)].append(index)
    return list(groups.values())


def _shared_keys(films: Sequence[Film]) -> list[list[int]]:
    keyed: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, film in enumerate(films):
        for kind, key in (("film", film.film), ("patient", film.patient), ("content", film.sha256)):
            if key:
                keyed[kind, key].append(index)
    return list(keyed.values())


def _order(film: Film) -> tuple[str, str, str]:
    return film.patient, film.film, film.sha256


def _root(parent: list[int], index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]  # path halving keeps the trees flat
        index = parent[index]
    return index


def _join(parent: list[int], first: int, second: int) -> None:
    parent[_root(parent, second)] = _root(parent, first)
