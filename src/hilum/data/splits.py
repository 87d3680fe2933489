"""Splits by patient, and the checks that refuse a split or a dataset that would flatter a network.

The trap: a film's neighbours. A patient's films, and copies of one film under two names, look alike enough
to be recognised, so they travel together (`hilum.data.groups`), and `check_no_leak` looks again afterwards.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from hilum.data.allotment import CLASS_NAMES, allot
from hilum.data.groups import film_groups
from hilum.errors import SettingsInvalid, SplitLeak, TrainingRefused
from hilum.records import Film

Tie = tuple[str, str]
N_NAMED = 5  # names that a message spells out; it counts the rest


def patient_folds(films: Sequence[Film], *, n_folds: int, seed: int, tied: Iterable[Tie] = ()) -> list[int]:
    """The fold, 0..n_folds-1, of each film; stratified by label and site, whatever the order of `films`.

    Args:
        tied: pairs of film names that must share a fold, such as near-duplicates.

    Raises:
        TrainingRefused: a class has fewer patients than there are folds, or there are no films.
        SettingsInvalid: fewer than two folds.
    """
    if n_folds < 2:
        raise SettingsInvalid(f"n_folds must be 2 or more, not {n_folds}")
    shares = np.full(n_folds, 1 / n_folds)
    return allot(films, film_groups(films, tied=tied), shares=shares, seed=seed, part_word="folds")


def patient_split(
    films: Sequence[Film], *, parts: Mapping[str, float], seed: int, tied: Iterable[Tie] = ()
) -> list[str]:
    """The part of each film, stratified by label and site, whatever the order of `films`.

    Args:
        parts: name -> share of the films, summing to 1: `{"train": 0.6, "validation": 0.2, "test": 0.2}`.
        tied: pairs of film names that must share a part, such as near-duplicates.

    Raises:
        TrainingRefused: a class has fewer patients than there are parts, or there are no films.
        SettingsInvalid: fewer than two parts, a share that is not above 0, or shares that do not sum to 1.
    """
    shares = np.array(list(parts.values()), dtype=np.float64)
    if len(parts) < 2 or not (shares > 0).all() or abs(shares.sum() - 1) > 1e-6:
        stated = ", ".join(f"{name} {share:g}" for name, share in parts.items()) or "none"
        raise SettingsInvalid(
            f"a split needs two or more parts with shares above 0 that sum to 1, not: {stated}"
        )
    names = list(parts)
    allotted = allot(films, film_groups(films, tied=tied), shares=shares, seed=seed, part_word="parts")
    return [names[part] for part in allotted]


def check_no_leak(groups: Mapping[str, Sequence[Film]], *, tied: Iterable[Tie] = ()) -> None:
    """Raise SplitLeak where a film, a patient, or a file's content stands in more than one group.

    Args:
        groups: name of the part -> its films, as in `{"train": ..., "test": ...}`.
        tied: pairs of film names that must not be parted.
    """
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    for part, films in groups.items():
        for key in (key for film in films for key in _keys(film)):
            places[key].add(part)
    for first, second in tied:
        either = places.get(("film", first), set()), places.get(("film", second), set())
        if all(either):
            places["near-duplicate", f"{first} = {second}"] = either[0] | either[1]
    leaks = {key: parts for key, parts in places.items() if len(parts) > 1}
    if leaks:
        raise SplitLeak(f"{_leak_account(leaks, groups)}; split by patient with hilum.data.splits")


def check_trainable(films: Sequence[Film], *, allow_single_site_class: bool = False) -> None:
    """Raise TrainingRefused, with the reason, where `films` would teach a network the wrong thing or nothing.

    Films without a label count for nothing here: the loss masks them.
    One site with both classes is fine; among several, a class from one alone lets the site tell the label.
    """
    if not films:
        raise TrainingRefused(
            "there are no films to train on; import some with: hilum data import PATH --out DIR"
        )
    sites: dict[int, Counter[str]] = {1: Counter(), 0: Counter()}
    for film in films:
        if film.label is not None:
            sites[film.label][film.site or "(not stated)"] += 1
    absent = [label for label, counted in sites.items() if not counted]
    if len(absent) == 2:
        raise TrainingRefused(
            f"none of the {len(films)} films has a label; give them labels, 1 or 0, and import again"
        )
    if absent:
        raise TrainingRefused(
            f"no film is labelled {CLASS_NAMES[absent[0]]} ({absent[0]}); training needs both classes"
        )
    if not allow_single_site_class:
        _check_sites(sites)


def _keys(film: Film) -> Iterable[tuple[str, str]]:
    """What ties a film to its like; a blank patient or hash ties nothing."""
    named = (("film", film.film), ("patient", film.patient), ("content", film.sha256))
    return ((kind, key) for kind, key in named if key)


def _check_sites(sites: Mapping[int, Counter[str]]) -> None:
    for label, other in ((1, 0), (0, 1)):
        elsewhere = {**sites[0], **sites[1]}.keys() - sites[label].keys()
        if len(sites[label]) > 1 or not elsewhere:
            continue
        (only,) = sites[label]
        raise TrainingRefused(
            f"every {CLASS_NAMES[label]} film comes from {only}, and of the {sites[other].total()} "
            f"{CLASS_NAMES[other]} films {sites[other][only]} do: the network could learn the site "
            f"instead of the disease; add films of both classes from each site, "
            f"leave out {_named(sorted(elsewhere))}, or set allow_single_site_class = true"
        )


def _leak_account(leaks: Mapping[tuple[str, str], set[str]], groups: Mapping[str, Sequence[Film]]) -> str:
    sentences = []
    for kind, plural in (("film", "films"), ("patient", "patients"), ("content", "file contents (SHA-256)"),
                         ("near-duplicate", "near-duplicates")):  # fmt: skip
        found = sorted(key for key in leaks if key[0] == kind)
        if found:
            parts = [part for part in groups if any(part in leaks[key] for key in found)]
            named = _named([key[1] for key in found])
            sentences.append(f"{len(found)} {plural} in both {' and '.join(parts)}: {named}")
    return "; ".join(sentences)


def _named(names: Sequence[str]) -> str:
    rest = f" and {len(names) - N_NAMED} more" if len(names) > N_NAMED else ""
    return ", ".join(names[:N_NAMED]) + rest
