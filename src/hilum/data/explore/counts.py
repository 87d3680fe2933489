"""How many films of what: by site and label, with patients, sex, age, and size.

Trap: everything here comes from the manifest, not from the pixels, so an unreadable film still counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hilum.data.explore.spread import Spread, spread
from hilum.findings import Sex
from hilum.records import Film

CHILD_BELOW_YEARS = 15.0  # the intended use of a bundle begins here
N_COMMON_SIZES = 5


@dataclass(frozen=True, slots=True)
class GroupCount:
    """The films of one site with one label."""

    site: str
    label: int | None
    n: int
    n_patients: int
    n_female: int
    n_male: int
    n_other_sex: int
    n_sex_not_stated: int
    n_children: int  # stated age below CHILD_BELOW_YEARS
    n_age_not_stated: int
    age_years: Spread | None


@dataclass(frozen=True, slots=True)
class SizeCount:
    """How many films have one size in pixels."""

    width: int
    height: int
    n: int


@dataclass(frozen=True, slots=True)
class SiteDimensions:
    """Native sizes of one site's films, in pixels."""

    site: str
    n: int
    width: Spread
    height: Spread
    aspect: Spread  # width over height
    n_sizes: int
    common_sizes: tuple[SizeCount, ...]  # most frequent first, N_COMMON_SIZES at most
    bit_depths: dict[int, int]  # stored bits -> films


def sites_of(films: Sequence[Film]) -> list[str]:
    """The sites, the one with most films first, then by name."""
    counts = Counter(film.site for film in films)
    return sorted(counts, key=lambda site: (-counts[site], site))


def labels_of(films: Sequence[Film]) -> list[int | None]:
    """The labels that occur, in the order 0, 1, not stated."""
    found = {film.label for film in films}
    order: tuple[int | None, ...] = (0, 1, None)
    return [label for label in order if label in found]


def count_groups(films: Sequence[Film]) -> list[GroupCount]:
    """A row for each site and label that occur together."""
    rows = []
    for site in sites_of(films):
        for label in labels_of(films):
            group = [film for film in films if film.site == site and film.label == label]
            if group:
                rows.append(_count_group(site, label, group))
    return rows


def measure_dimensions(films: Sequence[Film]) -> list[SiteDimensions]:
    """A row for each site."""
    return [_site_dimensions(site, [film for film in films if film.site == site]) for site in sites_of(films)]


def _count_group(site: str, label: int | None, films: list[Film]) -> GroupCount:
    sexes = Counter(film.sex for film in films)
    ages = [film.age_years for film in films if film.age_years is not None]
    return GroupCount(
        site=site,
        label=label,
        n=len(films),
        n_patients=len({film.patient for film in films}),
        n_female=sexes[Sex.FEMALE],
        n_male=sexes[Sex.MALE],
        n_other_sex=sexes[Sex.OTHER],
        n_sex_not_stated=sexes[None],
        n_children=sum(age < CHILD_BELOW_YEARS for age in ages),
        n_age_not_stated=len(films) - len(ages),
        age_years=spread(ages),
    )


def _site_dimensions(site: str, films: list[Film]) -> SiteDimensions:
    sizes = Counter((film.width, film.height) for film in films)
    common = sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0]))[:N_COMMON_SIZES]

    def known(measure: Callable[[Film], float]) -> Spread:
        lie = spread(measure(film) for film in films)
        assert lie is not None, "a site has films, and every film its size"
        return lie

    return SiteDimensions(
        site=site,
        n=len(films),
        width=known(lambda film: film.width),
        height=known(lambda film: film.height),
        aspect=known(lambda film: film.width / film.height),
        n_sizes=len(sizes),
        common_sizes=tuple(SizeCount(*size, n) for size, n in common),
        bit_depths=dict(sorted(Counter(film.bit_depth for film in films).items())),
    )
