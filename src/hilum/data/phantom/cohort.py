"""A set of phantoms before any is drawn: who is filmed, where, with what finding, and in which file form.

The first films of a longer set are those of a shorter one, and both labels come from every site.
The trap: a film's seed names the stand and the exposure; its patient's seed names the body and the disease.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from hilum.data.phantom.film import Phantom, body_sex, build_phantom
from hilum.data.phantom.lesion import Pattern
from hilum.data.phantom.site import Site
from hilum.data.phantom.wording import CHILD_HEADERS
from hilum.findings import Sex


class FileForm(StrEnum):
    """How films are stored."""

    MIXED = "mixed"
    """Each site in its own way: palette PNG, grey PNG of 8 or 16 bits, DICOM."""
    PNG = "png"
    DICOM = "dicom"


@dataclass(frozen=True, slots=True)
class Mix:
    """What a set is made of."""

    prevalence: float = 0.5  # share of films with a finding, 0..1, in every site
    form: FileForm = FileForm.MIXED


@dataclass(frozen=True, slots=True)
class Order:
    """One film to be drawn."""

    number: int  # in its set, from 1
    site: Site
    turn: int  # among films of its site and label, from 0; forms and quirks go by it, so they tell no label
    seed: int
    patient_seed: int
    patient: int  # number of the patient, from 1
    pattern: Pattern | None
    form: FileForm  # PNG or DICOM
    child_age_years: float | None = None

    def draw(self, side: int) -> Phantom:
        """Draw the film, `side` pixels along its longer edge."""
        return build_phantom(
            self.seed,
            side=side,
            pattern=self.pattern,
            site=self.site,
            patient_seed=self.patient_seed,
            child_age_years=self.child_age_years,
        )


_SECOND_FILM = 5  # in each site, every fifth film is a second one of an earlier patient with the same label


def plan_films(n: int, *, seed: int, mix: Mix) -> list[Order]:
    """Films of all sites in turn, as `hilum data phantom` writes them."""
    sites = [Site.A, Site.B] if mix.form is FileForm.PNG else [Site.A, Site.B, Site.C]
    turns = [sites[k % len(sites)] for k in range(n)]
    return list(_orders(turns, seed=seed, mix=mix, repeating=set(sites)))


def plan_kaggle(n: int, *, seed: int, mix: Mix) -> list[Order]:
    """Films of the Kaggle set: two of Shenzhen, a few of them children, to one of Montgomery."""
    turns = [Site.B if k % 3 == 2 else Site.A for k in range(n)]
    orders = list(_orders(turns, seed=seed, mix=replace(mix, form=FileForm.PNG), repeating={Site.B}))
    return [_as_planned(order) for order in orders]


def _orders(turns: list[Site], *, seed: int, mix: Mix, repeating: set[Site]) -> Iterator[Order]:
    earlier: dict[Site, list[Order]] = {}
    drawn: Counter[tuple[Site, bool]] = Counter()
    chance = np.random.default_rng([3, seed])
    patterns = [Pattern(name) for name in chance.permutation([pattern.value for pattern in Pattern])]
    n_sick = 0
    for number, site in enumerate(turns, start=1):
        k = drawn[site, True] + drawn[site, False]
        is_sick = int((k + 1) * mix.prevalence + 1e-9) > int(k * mix.prevalence + 1e-9)
        pattern = patterns[n_sick % len(patterns)] if is_sick else None
        own = int(np.random.default_rng([4, seed, number]).integers(2**62))
        stored = FileForm.DICOM if mix.form is FileForm.DICOM or site is Site.C else FileForm.PNG
        order = Order(number, site, drawn[site, is_sick], own, own, number, pattern, stored)
        drawn[site, is_sick] += 1
        first = (
            _first_film(earlier.get(site, []), order) if site in repeating and k % _SECOND_FILM == 4 else None
        )
        if first:
            order = replace(
                order, patient=first.patient, patient_seed=first.patient_seed, pattern=first.pattern
            )
        else:
            n_sick += is_sick
            earlier.setdefault(site, []).append(order)
        yield order


def _first_film(earlier: list[Order], order: Order) -> Order | None:
    """The latest patient of the same label, who then has no third film."""
    for k in range(len(earlier) - 1, -1, -1):
        if (earlier[k].pattern is None) == (order.pattern is None):
            return earlier.pop(k)
    return None


# Of Shenzhen's films of either label: who the turn needs for its header, and whether it is a child.
_NEEDED = {1: (Sex.FEMALE, False), 2: (Sex.MALE, True), 3: (Sex.FEMALE, True)}


def _as_planned(order: Order) -> Order:
    """Give "femal 32yrs" a woman, "male 16month" and "female 64days" their children."""
    if order.site is not Site.A or order.turn not in _NEEDED:
        return order
    sex, is_child = _NEEDED[order.turn]
    seeds = range(order.patient_seed, order.patient_seed + 200)
    seed = next(seed for seed in seeds if body_sex(seed) is sex)
    return replace(order, child_age_years=CHILD_HEADERS[sex][1] if is_child else None, patient_seed=seed)
