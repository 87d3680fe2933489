"""Gather the pages' words for translators, and tell what a catalogue lacks.

`python scripts/translations.py` rewrites src/hilum/web/locales/hilum.pot and brings fr and ar up to it: new
words come in empty, words that no page says any more go out, and nothing is guessed.
tests/web/pages/test_translations.py fails where a catalogue is behind. Nothing is compiled: the pages read
the .po files (`hilum.web.translation`).
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

WEB = Path(__file__).parents[1] / "src" / "hilum" / "web"
LOCALES = WEB / "locales"
TEMPLATE = LOCALES / "hilum.pot"
LANGUAGES = ("fr", "ar")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
JINJA = "jinja2.ext:babel_extract"
JINJA_OPTIONS = {"extensions": "jinja2.ext.i18n", "newstyle_gettext": "true", "silent": "false"}
HEADER = "# The words of Hilum's pages."


def gathered() -> Catalog:
    """Every word that a page says, in the order of the files."""
    catalogue = Catalog(project="hilum", header_comment=HEADER, fuzzy=False)
    for path, method, options in _sources():
        with path.open("rb") as file:
            for _, message, comments, context in _messages(file, method, options):
                catalogue.add(message, auto_comments=comments, context=context)
    return catalogue


def brought_up(language: str, template: Catalog) -> Catalog:
    """A language's catalogue with the template's words, those that it had before as they were."""
    path = po_path(language)
    known = (
        read_po(io.BytesIO(path.read_bytes()), locale=language) if path.exists() else Catalog(locale=language)
    )
    made = Catalog(locale=language, project="hilum", header_comment=HEADER, fuzzy=False)
    for message in template:
        if message.id:
            old = known.get(message.id)
            made.add(message.id, old.string if old is not None else None)
    return made


def po_path(language: str) -> Path:
    """Where a language's catalogue lies."""
    return LOCALES / language / "LC_MESSAGES" / "hilum.po"


def written(catalogue: Catalog) -> bytes:
    """A catalogue's file, the same for the same words."""
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=100, omit_header=True, no_location=True)
    language = "" if catalogue.locale is None else str(catalogue.locale)
    head = f'{HEADER}\nmsgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    if language:
        head += f'"Language: {language}\\n"\n"Plural-Forms: {catalogue.plural_forms}\\n"\n'
    return head.encode() + b"\n" + buffer.getvalue().strip() + b"\n"


def main() -> int:
    """Write the template and the catalogues; 1 where a word is not translated."""
    template = gathered()
    TEMPLATE.write_bytes(written(template))
    n_missing = 0
    for language in LANGUAGES:
        catalogue = brought_up(language, template)
        po_path(language).write_bytes(written(catalogue))
        missing = [message for message in catalogue if message.id and not _is_whole(message.string)]
        n_missing += len(missing)
        print(f"{language}: {len(catalogue)} texts, {len(missing)} not translated")
    return 1 if n_missing else 0


def _sources() -> Iterator[tuple[Path, str, dict[str, str]]]:
    for path in sorted(WEB.rglob("*.py")):
        yield path, "python", {}
    for path in sorted((WEB / "templates").rglob("*.html")):
        yield path, JINJA, JINJA_OPTIONS


def _messages(file: BinaryIO, method: str, options: dict[str, str]) -> Iterator[tuple]:
    return extract(method, file, keywords=KEYWORDS, options=options)


def _is_whole(string: str | tuple[str, ...]) -> bool:
    return all(string) if isinstance(string, tuple) else bool(string)


if __name__ == "__main__":
    sys.exit(main())
