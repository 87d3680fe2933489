"""The finding of a reading: free English becomes kinds, sides, zones, and whether it calls the film normal.

Rules, in short (docs/manifest.md has them with examples): a text is cut into clauses; denied parts are taken
out first; a clause that names tuberculosis, one of its kinds, or nothing but a place says where the disease
is, and one that names only something else (COPD, pneumothorax, adhesions) does not. A level counts only with
a side.
Trap: this reads the short texts of two datasets. It is no general report parser and must not be used as one.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

from hilum.data import reading_words as words
from hilum.findings import Laterality, TuberculosisKind, Zone


@dataclass(frozen=True, slots=True)
class FindingText:
    """What the finding part of a reading says."""

    is_normal: bool | None
    names_tuberculosis: bool  # by name or by a kind that only tuberculosis has
    laterality: Laterality | None
    zones: tuple[Zone, ...]
    kinds: tuple[TuberculosisKind, ...]


@dataclass(slots=True)
class _Clauses:
    kept: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)


def finding_text(text: str) -> FindingText:
    """Read a finding such as "bilateral PTB, with cavity formation in right upper field", in lower case."""
    clauses = _split(text)
    kinds = _kinds(clauses.kept)
    sides, zones = _places(_about_disease(clauses.kept))
    return FindingText(
        is_normal=_is_normal(clauses, kinds),
        names_tuberculosis=any(_names_tuberculosis(clause) for clause in clauses.kept),
        laterality=words.laterality_of(sides),
        zones=tuple(zone for zone in Zone if zone in zones),
        kinds=kinds,
    )


def _split(text: str) -> _Clauses:
    clauses = _Clauses()
    text = words.SET_ASIDE.sub(" ", words.NO_CHANGE.sub(" ", text))
    text = words.NOT_ACTIVE.sub("inactive", text)
    for sentence in words.SENTENCE_END.split(text):
        _split_sentence(sentence, clauses)
    return clauses


def _split_sentence(sentence: str, clauses: _Clauses) -> None:
    """Sort the clauses of a sentence; in "no a, b or c" the denial reaches to the end of the list."""
    parts = [part for part in words.CLAUSE_END.split(sentence) if part.strip()]
    list_ends = [number for number, part in enumerate(parts) if words.OR.search(part)]
    reach = -1  # the last clause that an earlier denial still covers
    for number, part in enumerate(parts):
        denial = words.DENIAL.search(part + " ")
        if words.DENIED_BEFORE.search(part) or number <= reach:
            clauses.denied.append(part)
        elif denial:
            clauses.kept.append(part[: denial.start()])
            clauses.denied.append(part[denial.end() :])
            ends = list_ends[bisect.bisect_right(list_ends, number) :][:1]
            reach = ends[0] if ends else number
        else:
            clauses.kept.append(part)


def _names_tuberculosis(clause: str) -> bool:
    only = (TuberculosisKind.TUBERCULOMA, TuberculosisKind.SECONDARY, TuberculosisKind.MILIARY)
    return bool(words.TUBERCULOSIS.search(clause)) or any(words.KINDS[kind].search(clause) for kind in only)


def _is_elsewhere(clause: str) -> bool:
    return bool(words.ELSEWHERE.search(clause)) and not words.TUBERCULOSIS.search(clause)


def _kinds(kept: list[str]) -> tuple[TuberculosisKind, ...]:
    lungs = [clause for clause in kept if not _is_elsewhere(clause)]
    return tuple(kind for kind, pattern in words.KINDS.items() if any(map(pattern.search, lungs)))


def _names_disease(clause: str) -> bool:
    kinds = not _is_elsewhere(clause) and any(pattern.search(clause) for pattern in words.KINDS.values())
    return kinds or bool(words.TUBERCULOSIS.search(clause))


def _is_normal(clauses: _Clauses, kinds: tuple[TuberculosisKind, ...]) -> bool | None:
    lungs = [clause for clause in clauses.kept if not _is_elsewhere(clause)]
    is_diseased = any(_names_disease(c) or words.OTHER_FINDINGS.search(c) for c in clauses.kept)
    is_abnormal = any(map(words.ABNORMALITY.search, lungs))
    if kinds or is_diseased or is_abnormal or any(map(words.NORMAL.search, clauses.denied)):
        return False
    is_denied = any(words.GENERAL.search(part) or words.TUBERCULOSIS.search(part) for part in clauses.denied)
    return True if is_denied or any(map(words.NORMAL.search, lungs)) else None


def _about_disease(kept: list[str]) -> list[str]:
    """The clauses whose places are the disease's; where none names it, those of whatever else is named."""
    lungs = [clause for clause in kept if not _is_elsewhere(clause)]
    disease = [c for c in lungs if _names_disease(c) or not words.OTHER_FINDINGS.search(c)]
    is_named = any(_names_disease(clause) or words.place_words(clause) for clause in disease)
    return disease if is_named else lungs


def _places(clauses: list[str]) -> tuple[set[str], set[Zone]]:
    sides: set[str] = set()
    zones: set[Zone] = set()
    one_side: tuple[str, ...] = ()  # takes a level that stands without a side in a later clause
    for clause in clauses:
        found = words.place_words(clause)
        if not found:
            continue
        pairs = _pair(found, one_side)
        sides.update(side for place_sides, _ in pairs for side in place_sides)
        zones.update(
            words.ZONES[side, level] for place, levels in pairs for side in place for level in levels
        )
        last = {side for place_sides, _ in pairs for side in place_sides}
        one_side = tuple(last) if len(last) == 1 else ()
    return sides, zones


_Pair = tuple[tuple[str, ...], tuple[str, ...]]


def _pair(found: list[tuple[tuple[str, ...], str | None]], inherited: tuple[str, ...]) -> list[_Pair]:
    """Join runs of sides with runs of levels, as in "upper right" or "right upper and left lower"."""
    whole: list[_Pair] = [(sides, (level,)) for sides, level in found if sides and level]
    loose = [(sides, level) for sides, level in found if not (sides and level)]
    runs: list[tuple[bool, list[str]]] = []  # (is a run of sides, its words)
    for sides, level in loose:
        is_side = level is None
        if not runs or runs[-1][0] != is_side:
            runs.append((is_side, []))
        runs[-1][1].extend(sides if level is None else (level,))
    if runs and not runs[0][0] and len(runs) == 1:
        return [*whole, (inherited, tuple(runs[0][1]))]
    return whole + _join(runs)


def _join(runs: list[tuple[bool, list[str]]]) -> list[_Pair]:
    """Pair each run with the next of the other sort; levels left over belong to the last side."""
    pairs: list[_Pair] = []
    for start in range(0, len(runs), 2):
        pair = runs[start : start + 2]
        sides = next((tuple(found) for is_side, found in pair if is_side), pairs[-1][0] if pairs else ())
        levels = next((tuple(found) for is_side, found in pair if not is_side), ())
        pairs.append((sides, levels))
    return pairs
