"""What a reader must know before believing a table's figures, as sentences.

Trap: a caveat is about the table as given; it cannot see a model that was chosen on these films elsewhere.
"""

from __future__ import annotations

import numpy as np

from hilum.evaluation.discrimination import FEWEST_FOR_DELONG
from hilum.evaluation.labelled import LabelledFilms
from hilum.records import Estimate

FEW = 10  # films of a label, under which a figure is an anecdote


def caveats(films: LabelledFilms, *, n_rows: int, n_draws_wanted: int, auroc: Estimate) -> list[str]:
    """The sentences that apply, most weighty first."""
    sentences = [
        _learnt(films),
        _few(films),
        _narrow(films, auroc),
        _backwards(auroc),
        _split_patients(films),
        _patients(films),
        _unlabelled(n_rows, films.n),
        _scale(films),
        _coarse(films),
        _unfolded(films),
        _draws(films, n_draws_wanted),
    ]
    return [sentence for sentence in sentences if sentence]


def _learnt(films: LabelledFilms) -> str:
    n_learnt = sum(row.extra.get("learnt_from") == "yes" for row in films.rows)  # as hilum predict writes it
    if not n_learnt:
        return ""
    which = "All films are" if n_learnt == films.n else f"{n_learnt} of the {films.n} films are"
    return f"{which} among those that the reader learnt from: the figures flatter it."


def _few(films: LabelledFilms) -> str:
    n_negative = films.n - films.n_positive
    if min(films.n_positive, n_negative) >= FEW:
        return ""
    return (
        f"Only {films.n_positive} positive and {_count(n_negative, 'negative film', 'negative films')}: "
        "read the intervals, not the figures alone."
    )


def _narrow(films: LabelledFilms, auroc: Estimate) -> str:
    n_least = min(films.n_positive, films.n - films.n_positive)
    if auroc.low is None or not 1 <= n_least < FEWEST_FOR_DELONG:
        return ""
    return (
        f"With {_count(n_least, 'film', 'films')} of a label the AUC's own interval is too narrow "
        "(simulated: it holds the truth in 80 to 90 of 100 tables); Newcombe's, given beside it, holds."
    )


def _backwards(auroc: Estimate) -> str:
    if auroc.high is None or auroc.high >= 0.5:
        return ""
    return "The score ranks films the wrong way round (AUC below 0.5): are labels or scores turned over?"


def _split_patients(films: LabelledFilms) -> str:
    folds: dict[str, set[int]] = {}
    for row in films.rows:
        if row.patient is not None and row.fold is not None:
            folds.setdefault(row.patient, set()).add(row.fold)
    n_split = sum(len(own) > 1 for own in folds.values())
    if not n_split:
        return ""
    return f"{_count(n_split, 'patient stands', 'patients stand')} in more than one fold: the folds leak."


def _patients(films: LabelledFilms) -> str:
    if not films.has_patients:
        return "The table names no patients: every film is taken as another patient's."
    n_nameless = sum(row.patient is None for row in films.rows)
    nameless = (
        f" {_count(n_nameless, 'film has', 'films have')} no patient and count as patients of their own."
    )
    tail = nameless if n_nameless else ""
    if films.is_clustered:
        people = _count(films.n_patients, "patient", "patients")
        return f"{films.n} films of {people}: intervals are over patients.{tail}"
    return tail.strip()


def _unlabelled(n_rows: int, n: int) -> str:
    if n_rows == n:
        return ""
    return f"{_count(n_rows - n, 'row has no label and is', 'rows have no label and are')} left out."


def _scale(films: LabelledFilms) -> str:
    if films.are_probabilities:
        return ""
    seen = f"{films.score.min():g} to {films.score.max():g}"
    return (
        f"Scores are not all in 0..1 ({seen}), so that Brier score and calibration error do not apply; "
        "where they "
        "are probabilities on another scale, state it: --score-scale."
    )


def _coarse(films: LabelledFilms) -> str:
    n_distinct = np.unique(films.score).size
    if n_distinct > 2 or films.n <= 2:
        return ""
    return f"The score takes {_count(n_distinct, 'value', 'values')} only: it is a decision, not a ranking."


def _unfolded(films: LabelledFilms) -> str:
    n_without = sum(row.fold is None for row in films.rows)
    if n_without in (0, films.n):
        return ""
    return f"{_count(n_without, 'film has', 'films have')} no fold and stand outside the figures by fold."


def _draws(films: LabelledFilms, wanted: int) -> str:
    if films.n_draws == wanted:
        return ""
    return f"The table is large: bootstrap intervals rest on {films.n_draws} draws in place of {wanted}."


def _count(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"
