"""Which films of a study are scored: every frontal radiograph; the study's score is the highest of theirs.

A film that is not scored is kept, with a sentence that says why. Trap: a header that says nothing is no
evidence against a film, so it is chosen and the gate looks at it; only what a header says plainly leaves a
film out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import partial

from hilum.inference.gate import VIEW_WORDS
from hilum.inference.gate.film import FRONTAL_WORDS
from hilum.records import RefusalCode
from hilum.worklist.tables import Film

# PS3.3 C.7.3.1.1.1; DR and XR are not in it and occur. OT is what secondary captures carry.
RADIOGRAPHY = frozenset({"", "CR", "DX", "DR", "XR", "RG", "SC", "OT"})
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"  # and its multi-frame kin below it, PS3.4 B.5
RAW = "It is raw, for processing; send the film for presentation."
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"  # a DX film's raw signal, PS3.4 B.5
LATERAL_WORDS = frozenset(VIEW_WORDS) - frozenset(FRONTAL_WORDS)
# Of a series description, where the header names no view; English, French, Spanish, Portuguese
_SAYS_LATERAL = re.compile(r"\b(LAT|LATERAL|LATERALE|LL|PROFIL|PROFILE|PERFIL)\b", re.IGNORECASE)
_SAYS_FRONTAL = re.compile(r"\b(PA|AP|FRONTAL|FRONTALE|FACE|FRENTE)\b", re.IGNORECASE)


def choose(films: Sequence[Film], *, without_score: Collection[int] = ()) -> tuple[Film, ...]:
    """Mark which of a study's films are scored, and return those.

    All frontal films are, but for raw ones, a secondary capture beside a film, and all but one of the films
    of one SOP Instance UID. A film whose bytes retention removed never is.

    Args:
        films: of one study, in the order that they came in.
        without_score: numbers of films that were read and got no score; another copy stands in for such a
        one.
    """
    left = [film for film in films if _stays(film, _kind_reason)]
    for rule_among in (partial(_same_instance, without_score), _capture):
        rule = rule_among(left)
        left = [film for film in left if _stays(film, rule)]
    for film in left:
        film.is_chosen, film.why_not = True, ""
    return tuple(left)


def none_chosen(films: Sequence[Film]) -> tuple[RefusalCode, str]:
    """Why a study without a frontal film is refused: the code, and a sentence that says what was there."""
    counted = Counter(_noun(film) for film in films)
    there = ", ".join(f"{n} {noun.format(s='s' if n > 1 else '')}" for noun, n in counted.items())
    code = RefusalCode.LATERAL if any(_is_lateral(film) for film in films) else RefusalCode.UNSUPPORTED
    return code, f"The study holds no frontal radiograph; what is there: {there or 'no film'}."


Rule = Callable[[Film], str]  # a sentence where the film is not scored, else nothing


def _stays(film: Film, rule: Rule) -> bool:
    reason = rule(film)
    if reason:
        film.is_chosen, film.why_not = False, reason
    return not reason


def _kind_reason(film: Film) -> str:
    if film.removed_at is not None:
        return "Its bytes were removed by the station's rule of retention."
    if film.modality not in RADIOGRAPHY:
        return f"It is not a radiograph: its modality is {film.modality}."
    if film.sop_class_uid == FOR_PROCESSING:
        return RAW
    if film.view in LATERAL_WORDS:
        return f"It is not frontal: its view is {film.view}."
    if _is_lateral(film):
        return "It is not frontal: its series is described as lateral."
    return ""


def _same_instance(without_score: Collection[int], films: Sequence[Film]) -> Rule:
    """A second film of one UID is another copy, or a sender's error; the first that can be scored counts."""
    by_worth = sorted(films, key=lambda film: film.id in without_score)  # stable, so the first came first
    counted = {film.sop_instance_uid: film for film in reversed(by_worth)}

    def reason(film: Film) -> str:
        is_counted = film.sop_instance_uid is None or counted[film.sop_instance_uid] is film
        return "" if is_counted else "Another film of the same SOP Instance UID, with other bytes, is scored."

    return reason


def _capture(films: Sequence[Film]) -> Rule:
    has_film = any(not _is_capture(film) for film in films)
    return lambda film: (
        "It is a secondary capture, and the study has a film." if has_film and _is_capture(film) else ""
    )


def _is_capture(film: Film) -> bool:
    sop_class = film.sop_class_uid or ""
    return sop_class == SECONDARY_CAPTURE or sop_class.startswith(f"{SECONDARY_CAPTURE}.")


def _is_lateral(film: Film) -> bool:
    if film.view:
        return film.view in LATERAL_WORDS
    told = film.series_description
    return bool(_SAYS_LATERAL.search(told)) and not _SAYS_FRONTAL.search(told)


def _noun(film: Film) -> str:
    if film.modality not in RADIOGRAPHY:
        return f"file{{s}} of modality {re.sub('[{}]', '', film.modality)}"
    return "lateral film{s}" if _is_lateral(film) else "other film{s}"
