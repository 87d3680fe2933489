"""The viewer's words as the pages give them."""

from __future__ import annotations

import json
import re

from hilum.web.pages.viewer_words import WORDS, viewer_words


def test_the_words_are_the_viewers_own(repository):
    """By the same names, and in English the same."""
    source = (repository / "viewer/src/words.js").read_text(encoding="utf-8")
    own = dict(re.findall(r'^  (\w+): "((?:[^"\\]|\\.)*)",$', source, re.MULTILINE))

    assert own == WORDS


def test_the_attribute_is_json_in_the_pages_language():
    """Every word is there."""
    told = json.loads(viewer_words("ar"))

    assert told["invert"] == "عكس الألوان"
    assert told.keys() == WORDS.keys()
