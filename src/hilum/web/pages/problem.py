"""What went wrong, as a page in words: a heading, what to do, and the sentence of the error.

Trap: a page of a fault must not fail itself, so it needs nothing but the request.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Request
from fastapi.responses import HTMLResponse

from hilum.web.templating import render
from hilum.web.translation import N_, words

PLAIN = (N_("This could not be done"), N_("Go back, mend what is said below, and try again."))
PAGES = {
    HTTPStatus.FORBIDDEN: (
        N_("You may not see or do this"),
        N_("Your role does not have the right. Ask your administrator if you need it."),
    ),
    HTTPStatus.NOT_FOUND: (
        N_("There is no such page"),
        N_("The address may be mistyped, or what was there has been removed."),
    ),
    HTTPStatus.CONFLICT: (
        N_("This has changed meanwhile"),
        N_("Load the page again to see how it stands now."),
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        N_("Too much at once"),
        N_("Send the films in smaller parts, or as smaller zip files."),
    ),
    HTTPStatus.TOO_MANY_REQUESTS: (
        N_("Too many attempts"),
        N_("Wait a little and try again."),
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        N_("A fault of Hilum"),
        N_("What was saved before is not lost. Try again; if it stays, tell whoever runs the station."),
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        N_("The station does not answer"),
        N_("Try again in a moment; if it stays, tell whoever runs the station."),
    ),
    HTTPStatus.INSUFFICIENT_STORAGE: (
        N_("The disk is full"),
        N_("No films are taken until there is room. Tell whoever runs the station."),
    ),
}


def problem_page(
    request: Request, status: int, detail: str = "", *, headers: dict[str, str] | None = None
) -> HTMLResponse:
    """A page for a status; `detail` is the error's own sentence, in English.

    A server that knows no sentence says the status in its own words, which the heading has said already.
    """
    heading, advice = PAGES.get(HTTPStatus(status), PLAIN)
    if detail == HTTPStatus(status).phrase:
        detail = ""
    catalogue = words(request)
    return render(
        request,
        "problem.html",
        status=int(status),
        headers=headers,
        heading=catalogue.gettext(heading),
        advice=catalogue.gettext(advice),
        detail=detail,
        answer_number=int(status),
    )
