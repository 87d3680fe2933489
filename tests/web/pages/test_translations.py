"""Every word that a page says is in every catalogue, with the same places for values."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

from hilum.web.translation import LANGUAGES, catalogue

PLACES = re.compile(r"%\(\w+\)s|\{\w*\}")
TRANSLATED = sorted(set(LANGUAGES) - {"en"})


@pytest.fixture(scope="module")
def script(repository) -> ModuleType:
    """scripts/translations.py."""
    spec = importlib.util.spec_from_file_location("translations", repository / "scripts/translations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def texts(script):
    """Of the pages' source: single texts, and pairs of singular and plural."""
    return [message.id for message in script.gathered() if message.id]


def test_the_template_is_what_the_pages_say(script):
    """`python scripts/translations.py` has been run since the last word was changed."""
    assert script.TEMPLATE.read_bytes() == script.written(script.gathered())


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_language_has_every_word(script, texts, language):
    """None is empty, so that no page is mixed."""
    found = script.brought_up(language, script.gathered())
    missing = [message.id for message in found if message.id and not script._is_whole(message.string)]

    assert missing == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_names_only_places_that_there_are(script, texts, language):
    """A place that is misspelt would break the page; a plural may say its number in words."""
    found = script.brought_up(language, script.gathered())
    wrong = [
        (message.id, one)
        for message in found
        if message.id
        for one in (message.string if isinstance(message.string, tuple) else [message.string])
        if not _fits(message.id, one)
    ]

    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_is_another_text(texts, language):
    """But for names, symbols, and words that two languages share."""
    words = catalogue(language)
    alike = [
        text for text in texts if isinstance(text, str) and len(text) > 24 and words.gettext(text) == text
    ]

    assert alike == []


def _fits(source: str | tuple[str, ...], translation: str) -> bool:
    singular = source if isinstance(source, str) else source[0]
    asked, given = PLACES.findall(singular), PLACES.findall(translation)
    if "{}" in asked:
        return len(given) <= len(asked)
    return set(given) == set(asked) if isinstance(source, str) else set(given) <= set(asked)
