"""Prediction tables of the same films brought together, film by film.

Nothing is guessed: where two tables say different things of a film's label or patient, the film and both
values are named, and nothing is compared. Trap: films that only some tables hold are left out of all, or each
table would be measured on other films; a table that lacks the hard films would look the better one, so what
is left out is counted and named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hilum.errors import TableInvalid
from hilum.evaluation.cells import quoted
from hilum.evaluation.vectors import Codes, Scores, Truth, cluster_codes
from hilum.records import Prediction


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A film that is not compared, and why."""

    film: str
    why: str


@dataclass(frozen=True, slots=True)
class MatchedFilms:
    """N films that every table holds with a label, and what each of R tables scores them."""

    names: tuple[str, ...]  # R
    films: tuple[str, ...]  # N, in the order of the first table
    patients: tuple[str | None, ...]  # N
    truth: Truth  # (N,)
    scores: tuple[Scores, ...]  # R of (N,)
    codes: Codes  # (N,) patients, as numbers
    n_rows: tuple[int, ...]  # R, of each table as it came
    n_learnt: tuple[int, ...]  # R, films compared that a table says its reader learnt from
    left_out: tuple[LeftOut, ...]

    @property
    def n(self) -> int:
        return len(self.films)

    @property
    def n_positive(self) -> int:
        return int(self.truth.sum())

    @property
    def n_patients(self) -> int:
        return int(self.codes.max()) + 1

    @property
    def is_clustered(self) -> bool:
        return self.n_patients < self.n

    @property
    def has_patients(self) -> bool:
        return any(patient is not None for patient in self.patients)


def match_tables(tables: Mapping[str, Sequence[Prediction]]) -> MatchedFilms:
    """The films that all tables hold, with a label in each.

    A patient that only one table states holds for all.

    Raises:
        TableInvalid: two tables disagree of a label or a patient, or no film is left.
    """
    by_film = {name: {row.film: row for row in rows} for name, rows in tables.items()}
    seen = Counter(film for rows in by_film.values() for film in rows)
    shared = [film for film in next(iter(by_film.values())) if seen[film] == len(by_film)]
    patients = {film: _agreed_patient(film, by_film) for film in seen}
    labels = {film: _agreed_label(film, by_film) for film in seen}
    left_out = [LeftOut(film, _absent(film, by_film)) for film in seen if seen[film] < len(by_film)]
    left_out += [LeftOut(film, f"no label in {_listed(_unlabelled(film, by_film))}")
                 for film in shared if labels[film] is None]  # fmt: skip
    kept = [film for film in shared if labels[film] is not None]
    if not kept:
        raise TableInvalid(_nothing_left(by_film, n_shared=len(shared)))
    return MatchedFilms(
        names=tuple(tables),
        films=tuple(kept),
        patients=tuple(patients[film] for film in kept),
        truth=np.array([labels[film] for film in kept], dtype=np.bool_),
        scores=tuple(np.array([rows[film].score for film in kept]) for rows in by_film.values()),
        codes=cluster_codes(patients[film] for film in kept),
        n_rows=tuple(len(rows) for rows in tables.values()),
        n_learnt=tuple(
            sum(rows[film].extra.get("learnt_from") == "yes" for film in kept) for rows in by_film.values()
        ),
        left_out=tuple(left_out),
    )


Tables = Mapping[str, Mapping[str, Prediction]]


def _agreed_label(film: str, tables: Tables) -> int | None:
    """The label, or None where a table that holds the film does not state it."""
    stated = [(name, rows[film].label) for name, rows in tables.items() if film in rows]
    _refuse_disagreement(film, "label", [(name, label) for name, label in stated if label is not None])
    return None if any(label is None for _, label in stated) else stated[0][1]


def _agreed_patient(film: str, tables: Tables) -> str | None:
    stated = [(name, rows[film].patient) for name, rows in tables.items()
              if film in rows and rows[film].patient is not None]  # fmt: skip
    _refuse_disagreement(film, "patient", stated)
    return stated[0][1] if stated else None


def _refuse_disagreement(film: str, what: str, stated: Sequence[tuple[str, object]]) -> None:
    for name, value in stated[1:]:
        first_name, first = stated[0]
        if value != first:
            raise TableInvalid(
                f"film {quoted(film)}: its {what} is {_told(first)} in {first_name} "
                f"and {_told(value)} in {name}; tables that are compared must say the same of a film"
            )


def _told(value: object) -> str:
    return quoted(value) if isinstance(value, str) else str(value)


def _absent(film: str, tables: Tables) -> str:
    return f"not in {_listed([name for name, rows in tables.items() if film not in rows])}"


def _unlabelled(film: str, tables: Tables) -> list[str]:
    return [name for name, rows in tables.items() if rows[film].label is None]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _nothing_left(tables: Tables, *, n_shared: int) -> str:
    if n_shared:
        return f"none of the {n_shared} films that the tables share has a label in each of them"
    shown = "; ".join(f"{name} begins with {quoted(next(iter(rows)))}" for name, rows in tables.items())
    return f"the tables share no film, so there is nothing to compare ({shown})"
