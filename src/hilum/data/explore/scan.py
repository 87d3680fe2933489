"""One pass over the films: each is read, reduced, measured, added to its means, and let go.

Trap: memory. One native film is held at a time, and what is kept of it is thirteen numbers, so thousands of
films of 4892 x 4020 pixels need no more than one of them does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hilum.data.explore.composite import FilmSum, MeanFilm
from hilum.data.explore.counts import labels_of, sites_of
from hilum.data.explore.pixels import MEASURED_SIDE, FilmMeasure, measure_film
from hilum.errors import UnreadableImage
from hilum.imaging.read import read_radiograph
from hilum.imaging.resize import fit_within
from hilum.records import Film, Pixels

N_CONTACT = 30
CONTACT_SIDE = 128  # pixels of a film's longer side on the contact sheet
N_MEAN_SITES = 6  # the sites with most films get a mean film of their own

OnFilm = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class UnreadableFilm:
    """A film of the manifest that could not be read, and why."""

    film: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class ContactPrint:
    """A small copy of a film for the contact sheet."""

    film: str
    label: int | None
    site: str
    pixels: Pixels | None  # (h, w), 0..1; None where the film is unreadable


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over the films has left."""

    measures: dict[str, FilmMeasure]  # film -> measure, readable films only
    unreadable: tuple[UnreadableFilm, ...]
    mended: dict[str, int]  # what was mended on reading, as a sentence -> films
    mean_by_label: dict[int | None, MeanFilm]  # labels with at least one readable film
    mean_by_site: dict[str, MeanFilm]  # at most N_MEAN_SITES
    contact_sheet: tuple[ContactPrint, ...]


def scan_films(films: Sequence[Film], *, seed: int, on_film: OnFilm | None = None) -> Scan:
    """Read every film once.

    Args:
        films: all of the manifest's.
        seed: draws the contact sheet.
        on_film: told how many films are done and how many there are, after each.
    """
    chosen = {film.film for film in draw_contact_films(films, seed=seed)}
    by_label = {label: FilmSum() for label in labels_of(films)}
    by_site = {site: FilmSum() for site in sites_of(films)[:N_MEAN_SITES]}
    measures: dict[str, FilmMeasure] = {}
    unreadable: list[UnreadableFilm] = []
    mended: Counter[str] = Counter()
    prints: list[ContactPrint] = []
    for done, film in enumerate(films, start=1):
        reduced = _read_reduced(film, unreadable, mended)
        if film.film in chosen:
            small = None if reduced is None else fit_within(reduced, CONTACT_SIDE)
            prints.append(ContactPrint(film.film, film.label, film.site, small))
        if reduced is not None:
            measures[film.film] = measure_film(reduced)
            by_label[film.label].add(reduced)
            if film.site in by_site:
                by_site[film.site].add(reduced)
        if on_film is not None:
            on_film(done, len(films))
    return Scan(
        measures=measures,
        unreadable=tuple(unreadable),
        mended=dict(mended.most_common()),
        mean_by_label={label: group.mean_film() for label, group in by_label.items() if group.n},
        mean_by_site={site: group.mean_film() for site, group in by_site.items() if group.n},
        contact_sheet=tuple(prints),
    )


def draw_contact_films(films: Sequence[Film], *, seed: int, n: int = N_CONTACT) -> list[Film]:
    """Draw `n` films at random, an equal number from each site and label as far as they go.

    The draw depends on the films' names and the seed, not on the manifest's order.
    """
    generator = np.random.default_rng(seed)
    pools: dict[tuple[str, str], list[Film]] = {}
    for film in sorted(films, key=lambda film: film.film):
        pools.setdefault((film.site, str(film.label)), []).append(film)
    queues = [[pool[i] for i in generator.permutation(len(pool))] for _, pool in sorted(pools.items())]
    rounds = [film for turn in range(n) for queue in queues for film in queue[turn : turn + 1]]
    kept = {film.film for film in rounds[:n]}
    return [film for film in films if film.film in kept]


def _read_reduced(film: Film, unreadable: list[UnreadableFilm], mended: Counter[str]) -> Pixels | None:
    try:
        radiograph = read_radiograph(film.image_path, max_side=MEASURED_SIDE)
    except UnreadableImage as error:
        unreadable.append(UnreadableFilm(film.film, error.code, error.reason))
        return None
    mended.update(set(radiograph.notes))
    # a film smaller than that grows, so that all are measured alike
    return fit_within(radiograph.pixels, MEASURED_SIDE)
