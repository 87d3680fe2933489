"""The words of the readings, by label: vocabulary, kinds, zones, sides, and where text and label disagree.

Trap: a film counts once for a word however often its reading says it, and a word of one film alone is left
out, so that no name or number of a single patient is repeated.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hilum.data.readings import names_tuberculosis
from hilum.findings import TuberculosisKind
from hilum.records import ClinicalReading, Film

MIN_FILMS = 2
LONGEST_PHRASE = 3  # words
_DEMOGRAPHIC = frozenset(
    ("male", "female", "femal", "sex", "patient", "patients", "age", "aged", "o", "f", "m", "y", "yo", "yr",
     "yrs", "year", "years", "mo", "month", "months", "w", "week", "weeks", "d", "day", "days")
)  # fmt: skip
_JOINING = frozenset(
    ("a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is", "it", "of", "on", "or", "s",
     "the", "to", "was", "were", "with")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TermCount:
    """In how many films' readings a term occurs, by label."""

    term: str
    n_normal: int  # films with label 0
    n_tuberculosis: int  # films with label 1
    n_not_stated: int

    @property
    def n(self) -> int:
        return self.n_normal + self.n_tuberculosis + self.n_not_stated


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A film whose reading does not bear out its label; which is right is not for us to say."""

    film: str
    label: int
    why: str
    text: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the readings of a manifest say."""

    n_films: int
    n_readings: int  # films with a reading that has text
    n_by_label: dict[str, int]  # readings among films of label "0", "1", "not stated"
    words: tuple[TermCount, ...]  # most films first
    phrases: tuple[TermCount, ...]  # two or three words
    kinds: tuple[TermCount, ...]
    zones: tuple[TermCount, ...]
    laterality: tuple[TermCount, ...]
    n_undecided: int  # readings that name neither disease nor its absence
    disagreements: tuple[Disagreement, ...]


def read_vocabulary(films: Sequence[Film], *, n_terms: int = 25) -> Vocabulary:
    """Count what the readings say; the `n_terms` most frequent words and phrases are kept."""
    read = [(film, film.reading) for film in films if film.reading is not None and film.reading.text.strip()]
    by_label = Counter("not stated" if film.label is None else str(film.label) for film, _ in read)

    def count(terms: Callable[[ClinicalReading], Iterable[str]], least: int = 1) -> tuple[TermCount, ...]:
        return _count_terms([(film.label, set(terms(reading))) for film, reading in read], least)

    return Vocabulary(
        n_films=len(films),
        n_readings=len(read),
        n_by_label=dict(sorted(by_label.items())),
        words=count(lambda reading: words_of(reading.text), MIN_FILMS)[:n_terms],
        phrases=count(lambda reading: phrases_of(reading.text), MIN_FILMS)[:n_terms],
        kinds=count(lambda reading: reading.kinds),
        zones=count(lambda reading: reading.zones),
        laterality=count(lambda reading: [reading.laterality] if reading.laterality else []),
        n_undecided=sum(reading.is_normal is None for _, reading in read),
        disagreements=tuple(
            Disagreement(film.film, film.label, why, reading.text)
            for film, reading in read
            if film.label is not None and (why := disagreement(film.label, reading))
        ),
    )


def disagreement(label: int, reading: ClinicalReading) -> str:
    """Why the text does not bear out the label; "" where it does, or where a normal film's text is silent."""
    if label == 0:
        return "the text names disease" if reading.is_normal is False else ""
    if reading.is_normal:
        return "the text reads normal"
    forms = set(reading.kinds) - {TuberculosisKind.OTHER}
    return "" if forms or names_tuberculosis(reading.text) else "the text names no form of tuberculosis"


def words_of(text: str) -> list[str]:
    """The words of a reading in lower case, without numbers, sex, age, and joining words."""
    return [word for clause in _clauses(text) for word in clause if word not in _JOINING]


def phrases_of(text: str) -> list[str]:
    """Runs of two or three words inside a clause that neither begin nor end with a joining word."""
    return [
        " ".join(clause[start : start + length])
        for clause in _clauses(text)
        for length in range(2, LONGEST_PHRASE + 1)
        for start in range(len(clause) - length + 1)
        if clause[start] not in _JOINING and clause[start + length - 1] not in _JOINING
    ]


def _clauses(text: str) -> list[list[str]]:
    """Clauses as lists of words; sex and age, which are not findings, end a clause as a comma does."""
    clauses: list[list[str]] = [[]]
    for token in re.findall(r"[^\W\d_]+|\d+|[^\w\s]|[\r\n]", text.lower()):
        if token.isalpha() and token not in _DEMOGRAPHIC:
            clauses[-1].append(token)
        elif token not in ("-", "'", "/"):
            clauses.append([])
    return [clause for clause in clauses if clause]


def _count_terms(rows: list[tuple[int | None, set[str]]], least: int) -> tuple[TermCount, ...]:
    counts: dict[int | None, Counter[str]] = {label: Counter() for label in (0, 1, None)}
    for label, terms in rows:
        counts[label].update(str(term) for term in terms)
    every = set().union(*counts.values())
    found = [TermCount(term, counts[0][term], counts[1][term], counts[None][term]) for term in every]
    return tuple(sorted((t for t in found if t.n >= least), key=lambda t: (-t.n, t.term)))
