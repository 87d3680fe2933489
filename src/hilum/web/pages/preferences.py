"""Language and colours, kept in this browser by cookies, so that they hold before log-in; and the way home.

Trap: `back` comes from the form and leads to this station alone, never to an address with a host.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from hilum.web.pages.places import home
from hilum.web.templating import THEME_COOKIE, THEMES, render
from hilum.web.translation import COOKIE, LANGUAGES
from hilum.web.visitor import Visitor, current_station, current_visitor
from hilum.worklist.station import Station

KEPT_S = 365 * 24 * 3600

router = APIRouter(include_in_schema=False)


@router.get("/")
def start_page(visitor: Annotated[Visitor, Depends(current_visitor)]) -> RedirectResponse:
    """Where the role begins its work."""
    return RedirectResponse(home(visitor), status_code=303)


@router.get("/about")
def about(
    request: Request,
    _visitor: Annotated[Visitor, Depends(current_visitor)],
    station: Annotated[Station, Depends(current_station)],
) -> HTMLResponse:
    """What Hilum is, what it may be used for, and which bundle reads here."""
    return render(request, "about.html", bundle=station.bundle)


@router.post("/preferences")
def change(
    request: Request,
    back: Annotated[str, Form()] = "/",
    language: Annotated[str | None, Form()] = None,
    theme: Annotated[str | None, Form()] = None,
) -> RedirectResponse:
    """Set one or both, and go back to the page that asked."""
    answer = RedirectResponse(_own_address(back), status_code=303)
    is_https = request.app.state.settings.is_https
    for cookie, value, known in ((COOKIE, language, LANGUAGES), (THEME_COOKIE, theme, THEMES)):
        if value in known:
            assert value is not None
            answer.set_cookie(cookie, value, max_age=KEPT_S, httponly=True, samesite="lax", secure=is_https)
    return answer


def _own_address(back: str) -> str:
    is_own = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    return back if is_own else "/"
