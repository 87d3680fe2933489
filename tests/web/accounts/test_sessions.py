"""How long a session lives, and what ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from hilum.web.app import create_app
from hilum.worklist.states import Role
from hilum.worklist.tables import Person

HERE = "/api/v1/ready"


@pytest.fixture
def reader(browser):
    """A reader who is logged in."""
    return browser(Role.READER)


def test_a_session_without_requests_ends(reader, station):
    """After an hour: a tablet left in a corridor."""
    station.later = timedelta(minutes=61)

    assert reader.get(HERE).status_code == 401


def test_a_session_with_requests_goes_on(reader, station):
    """Whoever works is not thrown out."""
    for minutes in (50, 100, 150):
        station.later = timedelta(minutes=minutes)
        assert reader.get(HERE).status_code == 200


def test_a_session_ends_after_a_shift_whatever_happens(reader, station):
    """A stolen cookie is not good for ever."""
    for minutes in range(0, 12 * 60, 30):
        station.later = timedelta(minutes=minutes)
        assert reader.get(HERE).status_code == 200
    station.later = timedelta(hours=12)

    assert reader.get(HERE).status_code == 401


@pytest.mark.parametrize("secret", ["", "x", "x" * 5000, "é", "hilum_abc", "' OR 1=1 --"])
def test_a_cookie_that_is_none_is_nobody(client, secret):
    """Whatever it holds."""
    answer = client.get(HERE, headers={"Cookie": f"hilum={secret}".encode()})

    assert answer.status_code == 401


def test_a_person_kept_out_has_no_session(people, station):
    """At the next request, and not at the next log-in."""
    person = people.add(Role.READER)
    reader = people.browser_of(person)
    with station.database.writing() as session:
        session.get_one(Person, person.id).is_active = False

    assert reader.get(HERE).status_code == 401


def test_under_https_the_cookie_is_for_https_alone(station, web_settings, passwords, people):
    """And the __Host- prefix keeps neighbours from setting one."""
    people.add(Role.READER)
    app = create_app(replace(web_settings, is_https=True), station=station, passwords=passwords)
    with TestClient(app, base_url="https://testserver", follow_redirects=False) as client:
        answer = client.post("/login", data={"login": "reader", "password": "four words go here"})

    assert answer.headers["set-cookie"].startswith("__Host-hilum=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age=31536000" in answer.headers["strict-transport-security"]


def test_behind_a_proxy_plain_http_is_turned_away(station, web_settings, passwords):
    """A request that came around the proxy, health checks apart."""
    app = create_app(replace(web_settings, is_https=True), station=station, passwords=passwords)
    with TestClient(app, follow_redirects=False) as client:
        assert client.get("/login").status_code == 400
        assert client.get("/api/v1/health").status_code == 200


@pytest.mark.parametrize("path", ["/account", "/account/password", "/people", "/login", "/start", "/nothing"])
def test_no_page_is_kept_by_the_browser(people, path):
    """A shared computer's back button shows no patient."""
    assert people.browser(Role.ADMINISTRATOR).get(path).headers["cache-control"] == "no-store"
