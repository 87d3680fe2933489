"""Letters for a PDF, which knows glyphs and no writing: right-to-left order, joined Arabic, and what lacks.

A small part of Unicode's bidirectional algorithm (UAX 9, without embeddings) and of Arabic joining (Unicode
core specification 9.2), enough for a name or a sentence inside English text.
Trap: order lines after they are broken, never before, or the first words end up on the last line.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Container, Sequence
from typing import NamedTuple

_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_RIGHT = ("R", "AL")
_NUMBERS = ("EN", "AN")
_ZERO_WIDTH = ("Cf", "Me")


class _Forms(NamedTuple):
    """The shapes of one Arabic letter, "" where it has none."""

    isolated: str = ""
    final: str = ""
    initial: str = ""
    medial: str = ""


def known_letters(text: str, glyphs: Container[int]) -> str:
    """The text with marks of no width left out, and a letter that the font lacks told as `[U+1F9EC]`."""
    kept = (letter for letter in text if unicodedata.category(letter) not in _ZERO_WIDTH)
    return "".join(
        letter if letter == "\n" or ord(letter) in glyphs else f"[U+{ord(letter):04X}]"
        for letter in kept
        if not 0xFE00 <= ord(letter) <= 0xFE0F  # variation selectors
    )


def runs_right_to_left(text: str) -> bool:
    """Whether any letter is of a right-to-left script."""
    return any(unicodedata.bidirectional(letter) in _RIGHT for letter in text)


def joined(text: str) -> str:
    """Arabic letters in the shapes that their neighbours ask for; lam with alef becomes one letter."""
    ligatures, forms = _ligatures(), _forms()
    for pair, whole in ligatures.items():
        text = text.replace(pair, whole)
    bare = [place for place, letter in enumerate(text) if not unicodedata.combining(letter)]
    shaped = list(text)
    for index, place in enumerate(bare):
        before = text[bare[index - 1]] if index else ""
        after = text[bare[index + 1]] if index + 1 < len(bare) else ""
        if text[place] in forms:
            shaped[place] = _shape(forms[text[place]], _joins_on(before), after in forms) or text[place]
    return "".join(shaped)


def visual_order(line: str) -> str:
    """One line's letters from left to right; its direction is that of its first strong letter."""
    kinds = [unicodedata.bidirectional(letter) for letter in line]
    strong = next((kind for kind in kinds if kind in ("L", *_RIGHT)), "L")
    base = 0 if strong == "L" else 1
    levels = _levels(line, base)
    letters = [
        letter.translate(_MIRRORED) if level % 2 else letter
        for letter, level in zip(line, levels, strict=True)
    ]
    order = list(range(len(line)))
    for lowest in range(max(levels, default=0), 0, -1):  # rule L2 of UAX 9
        order = _reversed_runs(order, [levels[place] >= lowest for place in order])
    return "".join(letters[place] for place in order)


def _levels(line: str, base: int) -> list[int]:
    """Levels of embedding: even runs left to right, odd right to left; numbers among these are even again."""
    kinds = [unicodedata.bidirectional(letter) for letter in line]
    turns: list[int | None] = []  # 0 left to right, 1 right to left, None for a mark or space
    last = base
    for kind in kinds:
        if kind in ("L", *_RIGHT):
            last = int(kind != "L")
        turns.append(last if kind in ("L", *_RIGHT, *_NUMBERS, "NSM") else None)
    _turn_brackets(line, turns, base)
    filled = [_neighbours(turns, place, base) if turn is None else turn for place, turn in enumerate(turns)]
    return [
        2 * max(turn, base) if kind in _NUMBERS else turn or 2 * base
        for kind, turn in zip(kinds, filled, strict=True)
    ]


def _turn_brackets(line: str, turns: list[int | None], base: int) -> None:
    """Give both brackets of a pair one direction (rule N0 of UAX 9)."""
    opened: list[int] = []
    for place, letter in enumerate(line):
        if letter in _PAIRS:
            opened.append(place)
        elif opened and letter == _PAIRS[line[opened[-1]]]:
            start = opened.pop()
            inside = {turn for turn in turns[start + 1 : place] if turn is not None}
            if not inside:
                continue
            before = next((turn for turn in reversed(turns[:start]) if turn is not None), base)
            turns[start] = turns[place] = base if base in inside else before


def _neighbours(turns: Sequence[int | None], place: int, base: int) -> int:
    """A mark or space takes the direction of both neighbours, or the line's where those differ."""
    before = next((turn for turn in reversed(turns[:place]) if turn is not None), base)
    after = next((turn for turn in turns[place + 1 :] if turn is not None), base)
    return before if before == after else base


def _reversed_runs(order: Sequence[int], is_turned: Sequence[bool]) -> list[int]:
    turned: list[int] = []
    run: list[int] = []
    for place, is_in in zip(order, is_turned, strict=True):
        if is_in:
            run.append(place)
            continue
        turned += [*reversed(run), place]
        run = []
    return [*turned, *reversed(run)]


def _joins_on(letter: str) -> bool:
    """Whether a letter reaches out to the one after it."""
    forms = _forms().get(letter)
    return forms is not None and bool(forms.initial)


def _shape(forms: _Forms, from_before: bool, to_after: bool) -> str:
    if from_before and to_after and forms.medial:
        return forms.medial
    if to_after and forms.initial:
        return forms.initial
    return forms.final if from_before else forms.isolated


@functools.cache
def _presentation() -> dict[str, dict[str, str]]:
    """Letters -> kind of shape -> that shape, from Unicode's decompositions (FB50-FDFF, FE70-FEFF)."""
    found: dict[str, dict[str, str]] = {}
    for code in (*range(0xFB50, 0xFBB2), *range(0xFBD3, 0xFC00), *range(0xFE80, 0xFEFD)):
        kind, *letters = unicodedata.decomposition(chr(code)).split()[:3] or [""]
        if kind in ("<isolated>", "<final>", "<initial>", "<medial>"):
            base = "".join(chr(int(letter, 16)) for letter in letters)
            found.setdefault(base, {}).setdefault(kind[1:-1], chr(code))
    return found


@functools.cache
def _ligatures() -> dict[str, str]:
    """Lam with alef -> the one letter that both become, alone."""
    return {
        base: shapes["isolated"]
        for base, shapes in _presentation().items()
        if len(base) == 2 and base[0] == "\N{ARABIC LETTER LAM}" and "isolated" in shapes
    }


@functools.cache
def _forms() -> dict[str, _Forms]:
    forms = {base: _Forms(**shapes) for base, shapes in _presentation().items() if len(base) == 1}
    for base, whole in _ligatures().items():
        forms[whole] = _Forms(isolated=whole, final=_presentation()[base].get("final", ""))
    return forms
