"""Sentences that the gate and the readers of files make, told in other languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import hilum
from hilum.web.pages.sentences import PATTERNS, is_known, tell
from hilum.web.translation import catalogue

SOURCE = Path(hilum.__file__).parent
WRITERS = [
    *(SOURCE / "imaging").rglob("*.py"),
    *(SOURCE / "inference/gate").rglob("*.py"),
    SOURCE / "inference/predictor.py",
    SOURCE / "worklist/selection.py",
]
# Parts of a sentence, and what is said of folders, which no station is sent.
NOT_SHOWN = ("Hilum reads PNG", "No film was found in this folder")


def sentences(path: Path) -> Iterator[str]:
    """Texts of a module that begin with a capital and end in a full stop, `1` for each value."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    comments = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in comments | parts:
            continue
        text = _text(node)
        if text.endswith(".") and text[0].isupper() and " " in text and "; see" not in text:
            yield text


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "1" for part in node.values)
    return ""


@pytest.mark.parametrize("path", WRITERS, ids=lambda path: path.stem)
def test_every_sentence_of_a_reader_is_known(path):
    """So that no page of another language holds an English one."""
    unknown = [text for text in sentences(path) if not is_known(text) and not text.startswith(NOT_SHOWN)]

    assert unknown == []


def test_values_stand_in_the_translation():
    """Each at its own place."""
    told = tell("The film is 60 by 80 pixels; the shorter side must be at least 100.", catalogue("fr"))

    assert told.text == "Le cliché a 60 pixels sur 80 ; le plus petit côté doit en avoir au moins 100."


def test_a_value_that_is_known_itself_is_translated_too():
    """A sentence within a sentence."""
    told = tell(
        "The picture does not look like an X-ray film. The probability of an upright chest film is 0.0100, "
        "where 0.0500 is the least.", catalogue("fr"),
    )  # fmt: skip

    assert told.text.startswith("L'image ne ressemble pas à une radiographie. La probabilité")


def test_inner_words_of_a_damaged_file_are_left_out_in_another_language():
    """They are for whoever mends the program, and are in English alone."""
    told = tell("The PNG file is damaged: it is cut short.", catalogue("ar"))

    assert told.text == "ملف PNG تالف."


def test_an_unknown_sentence_stays_and_is_marked():
    """The page then says which language it is in."""
    told = tell("Something new happened.", catalogue("fr"))

    assert told.text == "Something new happened."
    assert not told.is_translated


def test_english_is_as_it_was_made():
    """In English a pattern gives back the sentence itself."""
    sentence = "The view is LL; the bundle reads PA and AP."

    assert tell(sentence, catalogue("en")).text == sentence


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_knows_itself(pattern):
    """Whatever stands in its places."""
    assert is_known(pattern.replace("{}", "x"))
