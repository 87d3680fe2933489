"""Every right of every role, by the table and over HTTP; and every address, without a log-in."""

from __future__ import annotations

import pytest
from fastapi import Depends
from fastapi.testclient import TestClient

from hilum.web.gatekeeper import OPEN_PATHS
from hilum.web.rights import RIGHTS, Right, may
from hilum.web.visitor import require
from hilum.worklist.states import Role

# Written out once more by hand, so that a slip in the table is seen.
EXPECTED = {
    Right.SEE_STUDIES: "radiographer reader manager administrator service",
    Right.SEE_IDENTITY: "radiographer reader administrator",
    Right.UPLOAD: "radiographer reader administrator service",
    Right.ENTER_TEST: "radiographer reader administrator",
    Right.GIVE_VERDICT: "reader administrator",
    Right.REQUEUE: "radiographer reader manager administrator",
    Right.EXPORT: "reader manager administrator",
    Right.SEE_PROGRAMME: "reader manager administrator",
    Right.SET_THRESHOLD: "manager administrator",
    Right.SET_STATION: "manager administrator",
    Right.SEE_AUDIT: "manager administrator",
    Right.SET_WEBHOOK: "manager administrator service",
    Right.SEE_METRICS: "manager administrator service",
    Right.MANAGE_PEOPLE: "administrator",
}
PAGES = {
    "/upload": Right.UPLOAD,
    "/worklist": Right.SEE_STUDIES,
    "/programme": Right.SEE_PROGRAMME,
    "/settings": Right.SET_STATION,
    "/people": Right.MANAGE_PEOPLE,
    "/metrics": Right.SEE_METRICS,
}


@pytest.mark.parametrize("right", list(Right))
@pytest.mark.parametrize("role", list(Role))
def test_the_table_says_what_was_decided(role, right):
    """Each role and each right, all told."""
    assert may(role, right) is (str(role) in EXPECTED[right].split())


def test_every_role_stands_in_the_table():
    """A new role has no rights by mistake, nor all of them."""
    assert set(RIGHTS) == set(Role)
    assert set(EXPECTED) == set(Right)


@pytest.mark.parametrize("role", list(Role))
def test_an_endpoint_lets_in_by_each_right(app, people, role):
    """`require` over HTTP, each right by itself, with a token."""
    for right in Right:
        app.add_api_route(f"/api/probe/{right}", lambda: {}, dependencies=[Depends(require(right))])
    program = people.program(role)
    answers = {right: program.get(f"/api/probe/{right}").status_code for right in Right}

    assert answers == {right: 200 if may(role, right) else 403 for right in Right}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SERVICE])
def test_each_page_of_the_bar_opens_for_who_has_its_right(people, role):
    """And is 403 for everyone else, whatever the bar shows."""
    browser = people.browser(role)
    answers = {path: browser.get(path).status_code for path in PAGES}

    assert answers == {path: 200 if may(role, right) else 403 for path, right in PAGES.items()}


def routes(app):
    """Every address and method of the app, with numbers for what stands in braces."""
    found = []
    for route in app.routes:
        for inner in getattr(getattr(route, "original_router", None), "routes", [route]):
            for method in getattr(inner, "methods", None) or ():
                path = getattr(inner, "path", "")
                found.append((method, path))
    return found


def test_no_address_but_the_open_ones_answers_a_stranger(app):
    """Each route of the whole app, whoever wrote it; a new one is closed unless it is named as open."""
    stranger = TestClient(app, follow_redirects=False)
    told = routes(app)
    answered = {
        (method, path): stranger.request(method, path.replace("{", "1").replace("}", "")).status_code
        for method, path in told
        if path not in OPEN_PATHS
    }

    assert len(answered) > 20
    assert {key: status for key, status in answered.items() if status != 401} == {}
