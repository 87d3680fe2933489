"""The numbers of a data card: what a manifest holds, what is missing, and what nobody could settle.

The card is one JSON table; the Markdown and HTML of `hilum.reports.data_card` are drawn from it and add
nothing.
Trap: it says nothing of when it was made, so that importing the same data twice gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import hilum
from hilum.data.duplicates import DuplicatePair
from hilum.data.source import Problem, ProblemKind, SourceCard, SourceRead
from hilum.errors import OutputRefused
from hilum.records import Film

CARD_VERSION = 1
AGE_BANDS = (
    (0, 15),
    (15, 25),
    (25, 35),
    (35, 45),
    (45, 55),
    (55, 65),
)  # years, upper end out; WHO's for tuberculosis
UNKNOWN = "not stated"


def data_card(
    name: str,
    card: SourceCard,
    read: SourceRead,
    *,
    films: Sequence[Film],
    problems: Sequence[Problem],
    duplicates: Sequence[DuplicatePair],
) -> dict[str, Any]:
    """The card of an import, as JSON values.

    Args:
        name: of the source.
        card: what the source says of itself.
        read: what it found.
        films: the rows of the manifest.
        problems: all of them, in any order.
        duplicates: pairs of films that are the same, or look it.
    """
    return {
        "hilum_data_card": CARD_VERSION,
        "hilum_version": hilum.__version__,
        "source": {"name": name, **asdict(card), "traps": list(card.traps)},
        "n_films": len(films),
        "n_expected": read.n_expected,
        "n_patients": len({film.patient for film in films}),
        "n_ignored_files": read.n_ignored,
        "films_sha256": films_sha256(films),
        "labels": _labels(films),
        "counts": count_films(films),
        "sizes": _sizes(films),
        "readings": _readings(films),
        "n_with_lung_masks": sum(bool(film.lung_mask_paths) for film in films),
        "problems": _problems(problems),
        "patients_with_several_films": _films_of_one_patient(films),
        "duplicates": [_duplicate(pair) for pair in duplicates],
    }


def write_card(card: dict[str, Any], path: Path) -> None:
    """Write the card as JSON, whole or not at all.

    Raises:
        OutputRefused: the place cannot be written to.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise OutputRefused(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)


def films_sha256(films: Sequence[Film]) -> str:
    """One hash of a set of films, whatever their order or names: SHA-256 over their sorted SHA-256s."""
    return hashlib.sha256("\n".join(sorted(film.sha256 for film in films)).encode()).hexdigest()


def age_band(age_years: float | None) -> str:
    """The band of an age, as in "25-34"."""
    if age_years is None:
        return UNKNOWN
    inside = (f"{low}-{high - 1}" for low, high in AGE_BANDS if low <= age_years < high)
    return next(inside, f"{AGE_BANDS[-1][1]}+")


def count_films(films: Sequence[Film]) -> list[dict[str, Any]]:
    """Films by site, label, sex, and age band; combinations that do not occur are left out."""
    counts = Counter(
        (film.site, label_name(film.label), film.sex or UNKNOWN, age_band(film.age_years)) for film in films
    )
    return [
        {"site": site, "label": label, "sex": str(sex), "age_band": band, "n": n}
        for (site, label, sex, band), n in sorted(counts.items())
    ]


def label_name(label: int | None) -> str:
    """A label as a word."""
    return {0: "no tuberculosis", 1: "tuberculosis"}.get(-1 if label is None else label, UNKNOWN)


def _labels(films: Sequence[Film]) -> list[dict[str, Any]]:
    """Films and patients by dataset, site, and label."""
    patients: dict[tuple[str, str, str], list[str]] = {}
    for film in films:
        patients.setdefault((film.dataset, film.site, label_name(film.label)), []).append(film.patient)
    return [
        {
            "dataset": dataset,
            "site": site,
            "label": label,
            "n_films": len(found),
            "n_patients": len(set(found)),
        }
        for (dataset, site, label), found in sorted(patients.items())
    ]


def _sizes(films: Sequence[Film]) -> list[dict[str, Any]]:
    """Films by site, size in pixels, and bit depth, the commonest first."""
    counts = Counter((film.site, film.width, film.height, film.bit_depth) for film in films)
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return [
        {"site": site, "width": width, "height": height, "bit_depth": depth, "n": n}
        for (site, width, height, depth), n in ordered
    ]


def _readings(films: Sequence[Film]) -> dict[str, int]:
    states = Counter("none" if film.reading is None else film.reading.is_normal for film in films)
    return {
        "none": states["none"],
        "reads normal": states[True],
        "names disease": states[False],
        "says neither": states[None],
    }


def _films_of_one_patient(films: Sequence[Film]) -> list[list[str]]:
    """The films of each patient who has two or more; splits must keep them together."""
    by_patient: dict[str, list[str]] = {}
    for film in films:
        by_patient.setdefault(film.patient, []).append(film.film)
    return [tied for tied in by_patient.values() if len(tied) > 1]


def _duplicate(pair: DuplicatePair) -> dict[str, Any]:
    return {
        "first": pair.first.film,
        "second": pair.second.film,
        "kind": pair.kind.value,
        "distance": pair.distance,
        "likeness": None if pair.likeness is None else round(pair.likeness, 3),
        "is_across_patients": pair.is_across_patients,
        "is_across_datasets": pair.is_across_datasets,
    }


def _problems(problems: Sequence[Problem]) -> dict[str, list[dict[str, str]]]:
    """By kind, in the order of the kinds; every kind is there, so that "none" is said and not left out."""
    return {
        kind.value: [{"name": found.name, "reason": found.reason} for found in problems if found.kind is kind]
        for kind in ProblemKind
    }
