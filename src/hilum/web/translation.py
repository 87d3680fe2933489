"""The pages' words in a visitor's language: English by source, French and Arabic by gettext catalogues.

Catalogues are compiled in memory from their `.po` files when first asked for, so that a clone and a wheel
need no build step. Trap: a page is whole in one language, so a text that is not in every catalogue is a
bug, which tests/web/pages/test_translations.py holds; a text known only at run time goes through
`pages.sentences`.
"""

from __future__ import annotations

import functools
import gettext
import io
from importlib import resources

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import Request

LANGUAGES = {"en": "English", "fr": "Français", "ar": "العربية"}  # each in its own words
RIGHT_TO_LEFT = frozenset({"ar"})
COOKIE = "hilum-language"


@functools.cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The words of one of `LANGUAGES`; English says what the source says."""
    if language == "en":
        return gettext.NullTranslations()
    text = resources.files("hilum.web").joinpath("locales", language, "LC_MESSAGES", "hilum.po").read_bytes()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(text), locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def language_of(request: Request) -> str:
    """The cookie's language, else the visitor's own, else the first the browser asks for, else English."""
    visitor = getattr(request.state, "visitor", None)
    wanted = [request.cookies.get(COOKIE, ""), getattr(visitor, "language", ""), *_asked_for(request)]
    return next((language for language in wanted if language in LANGUAGES), "en")


def words(request: Request) -> gettext.NullTranslations:
    """For Python code that answers a request, as in `words(request).gettext("The password is wrong.")`."""
    return catalogue(language_of(request))


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """Mark a text for the catalogues where it is written; whoever shows it translates it."""
    return text


def _asked_for(request: Request) -> list[str]:
    """Of Accept-Language (RFC 9110, 12.5.4), by weight; what cannot be read weighs nothing."""
    weighed: list[tuple[float, int, str]] = []
    for part in request.headers.get("accept-language", "")[:500].split(","):
        tag, _, weight = part.partition(";")
        try:
            value = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        weighed.append((-value, len(weighed), tag.strip().lower().partition("-")[0]))
    return [tag for _, _, tag in sorted(weighed)]
