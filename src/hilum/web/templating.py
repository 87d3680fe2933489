"""Pages from templates: `render(request, "name.html", ...)` gives a whole page in the visitor's language.

A template extends `base.html` and fills its blocks `title` and `content`; `{{ _("…") }}` translates. What a
request carries in its state reaches every template: `visitor` (None before log-in) and `csrf`, the token
that a form sends back as the field `csrf` (macro `forms.token`) and htmx as the header `X-CSRF-Token`.
Trap: the policy allows no inline script and no inline style, a `style` attribute included.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

import hilum
from hilum.web import translation
from hilum.web.pages import names
from hilum.web.pages.places import ROLE_NAMES, places
from hilum.web.pages.telling import Teller
from hilum.web.pages.viewer_words import viewer_words
from hilum.worklist.readings import deciding, newest

STATIC_FOLDER = Path(__file__).parent / "static"  # the app mounts it at /static
THEME_COOKIE = "hilum-theme"
THEMES = ("system", "light", "dark")


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page of `web/templates/`; a name that the template uses and `context` lacks is a bug and raises."""
    return HTMLResponse(rendered(request, template, **context), status_code=status, headers=headers)


def rendered(request: Request, template: str, **context: Any) -> str:
    """The text of `render`, for a part of a page that travels by itself."""
    language = translation.language_of(request)
    state = request.state
    return (
        environment(language)
        .get_template(template)
        .render(
            request=request,
            visitor=getattr(state, "visitor", None),
            csrf=getattr(state, "csrf", ""),
            theme=theme_of(request),
            **context,
        )
    )


def theme_of(request: Request) -> str:
    """One of `THEMES`, kept in this browser's cookie."""
    theme = request.cookies.get(THEME_COOKIE, "")
    return theme if theme in THEMES else "system"


def static_url(name: str) -> str:
    """The address of a file of `static/`, with its hash, so that a browser keeps it until it changes."""
    return f"/static/{name}?v={_hash(name)}"


@functools.cache
def environment(language: str) -> jinja2.Environment:
    """Of one language; templates are compiled once in each."""
    teller = Teller(language)
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("hilum.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(  # type: ignore[attr-defined]  # added by the extension
        translation.catalogue(language), newstyle=True
    )
    made.globals |= {
        "language": language,
        "languages": translation.LANGUAGES,
        "direction": "rtl" if language in translation.RIGHT_TO_LEFT else "ltr",
        "static": static_url,
        "hilum_version": hilum.__version__,
        "places": places,
        "role_names": ROLE_NAMES,
        "teller": teller,
        "names": names,
        "newest": newest,
        "deciding": deciding,
        "viewer_words": viewer_words(language),
        "names_of": teller.names_of,
        "refusals": teller.refusals,
        "names_of_zones": teller.names_of_zones,
    }
    formats = teller.formats
    made.filters |= {
        "number": formats.number, "share": formats.share, "day": formats.day, "moment": formats.moment,
        "pair": lambda value: (value, value), "age": formats.age, "size": formats.size, "told": teller.told,
    }  # fmt: skip
    return made


@functools.cache
def _hash(name: str) -> str:
    return hashlib.sha256((STATIC_FOLDER / name).read_bytes()).hexdigest()[:12]
