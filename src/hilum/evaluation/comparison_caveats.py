"""What a reader must know before believing a comparison of tables, as sentences.

Trap: a caveat is about the tables as given; it cannot see on which films a reader was trained unless its
table says so, and a reader trained on these films wins every comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hilum.evaluation.caveats import FEW
from hilum.evaluation.confusion import Flags
from hilum.evaluation.labelled import draws_for
from hilum.evaluation.matching import MatchedFilms
from hilum.evaluation.paired_thresholds import TableThreshold

if TYPE_CHECKING:
    from hilum.evaluation.table_comparison import ComparedTable, ComparisonSettings


def comparison_caveats(
    films: MatchedFilms,
    thresholds: Sequence[TableThreshold],
    flags: Sequence[Flags],
    *,
    settings: ComparisonSettings,
    tables: Sequence[ComparedTable],
) -> tuple[str, ...]:
    """The sentences that apply, most weighty first."""
    sentences = [
        *_learnt(films),
        _few(films),
        *_backwards(tables),
        _left_out(films),
        _thresholds(films, thresholds, settings),
        *_idle(films, thresholds, flags),
        _patients(films),
        _draws(films, settings.n_draws),
    ]
    return tuple(sentence for sentence in sentences if sentence)


def _learnt(films: MatchedFilms) -> list[str]:
    return [
        f"{n} of the {films.n} films are among those that {name} learnt from: the figures flatter it."
        for name, n in zip(films.names, films.n_learnt, strict=True)
        if n
    ]


def _few(films: MatchedFilms) -> str:
    n_negative = films.n - films.n_positive
    if min(films.n_positive, n_negative) >= FEW:
        return ""
    return (
        f"Only {films.n_positive} films with the finding and {n_negative} without: "
        "read the intervals, not the figures alone."
    )


def _backwards(tables: Sequence[ComparedTable]) -> list[str]:
    return [
        f"{table.name} ranks films the wrong way round (AUC below 0.5): are its scores turned over?"
        for table in tables
        if table.is_backwards
    ]


def _left_out(films: MatchedFilms) -> str:
    n = len(films.left_out)
    if n == 0:
        return ""
    were = "film was" if n == 1 else "films were"
    return (
        f"{n} {were} left out of every table, not being in all of them with a label: "
        "if a reader refused the hard films, what is left flatters it."
    )


def _thresholds(
    films: MatchedFilms, thresholds: Sequence[TableThreshold], settings: ComparisonSettings
) -> str:
    chosen = [name for name, one in zip(films.names, thresholds, strict=True) if one.is_chosen]
    if not chosen:
        return ""
    mixed = ""
    if len(chosen) < sum(one.value is not None for one in thresholds):
        mixed = " They stand beside thresholds that were given, which have no such advantage."
    whose = "each table" if len(chosen) == len(films.names) else " and ".join(chosen)
    return (
        f"The threshold of {whose} was chosen on these films, to reach a sensitivity of "
        f"{settings.sensitivity:g}: its rates are optimistic.{mixed}"
    )


def _idle(films: MatchedFilms, thresholds: Sequence[TableThreshold], flags: Sequence[Flags]) -> list[str]:
    found = []
    for name, threshold, flagged in zip(films.names, thresholds, flags, strict=True):
        if threshold.value is not None and (flagged.all() or not flagged.any()):
            whom = "every film" if flagged.all() else "no film"
            found.append(
                f"The threshold {threshold.value:g} of {name} flags {whom}: is it on that table's scale?"
            )
    return found


def _patients(films: MatchedFilms) -> str:
    if not films.has_patients:
        return "No patient is named, so each film counts as another patient's."
    return ""


def _draws(films: MatchedFilms, wanted: int) -> str:
    made = draws_for(films.n * len(films.names), wanted)
    return "" if made == wanted else f"For so many films the bootstrap took {made} samples, not {wanted}."
