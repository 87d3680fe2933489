"""Which films of a manifest a bundle has learnt from: their scores flatter it.

A bundle knows its training set by one hash of all films, and, where `hilum export` wrote the list, film by
film. Trap: a film is known by its file's bytes; a copy in another format is not known again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hilum.data.manifest import dataset_hash
from hilum.inference.bundle import Bundle
from hilum.records import Film

LIST_NAME = "training-films.txt"  # in the bundle's folder; bundles from before it are known as a whole alone


def training_list(films: Iterable[Film]) -> str:
    """The list's text: the SHA-256 of each film's file, sorted, a line each; no film's or patient's name."""
    return "".join(f"{digest}\n" for digest in sorted({film.sha256 for film in films}))


def learnt_films(bundle: Bundle, films: Sequence[Film]) -> frozenset[str]:
    """The names of those films of a manifest that the bundle learnt from, as far as the bundle can tell."""
    labelled = [film for film in films if film.label is not None]
    if labelled and dataset_hash(labelled) == bundle.training_data.hash:
        return frozenset(film.film for film in labelled)
    listed = _listed(bundle)
    return frozenset(film.film for film in films if film.sha256 in listed)


def _listed(bundle: Bundle) -> frozenset[str]:
    if LIST_NAME not in bundle.sha256:
        return frozenset()
    return frozenset((bundle.folder / LIST_NAME).read_text(encoding="ascii").split())
