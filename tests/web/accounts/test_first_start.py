"""First start: one administrator, made once, by who is at the machine or knows the console's code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from hilum.web.app import create_app
from hilum.worklist.states import Role
from hilum.worklist.tables import Person

FORM = {"login": "ada", "name": "Ada", "password": "four words go here", "repeated": "four words go here"}


@pytest.fixture
def afar(station, web_settings, passwords):
    """A browser at a station that asks for a code."""
    app = create_app(replace(web_settings, start_code="c0de1234"), station=station, passwords=passwords)
    with TestClient(app, follow_redirects=False) as client:
        yield client


def n_people(station):
    with station.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Person))


def test_a_browser_is_led_to_the_first_start(client):
    """There is nobody who could log in."""
    answer = client.get("/login", headers={"Accept": "text/html"})

    assert answer.headers["location"] == "/start"
    assert "administrator" in client.get("/start").text


def test_the_first_administrator_is_made_and_logged_in(client, station):
    """And can go on at once."""
    answer = client.post("/start", data=FORM)

    assert answer.status_code == 303
    assert client.get("/people").status_code == 200


def test_there_is_no_second_first_start(client, station):
    """Afterwards the page leads to the log-in, and its form is refused."""
    client.post("/start", data=FORM)
    stranger = TestClient(client.app, follow_redirects=False)

    assert stranger.get("/start").headers["location"] == "/login"
    assert stranger.post("/start", data={**FORM, "login": "eve"}).status_code == 409
    assert n_people(station) == 1


def test_of_two_at_once_one_wins(client, station):
    """The check and the making are one transaction."""
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda k: client.post("/start", data={**FORM, "login": f"ada{k}"}), range(4)))

    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409]
    assert n_people(station) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"password": "short", "repeated": "short"},
        {"repeated": "four other words"},
        {"login": "a b"},
        {"login": ""},
        {"login": "ada\0"},
        {"name": "a\u202eb"},
        {"name": "x" * 200},
    ],  # fmt: skip
)
def test_what_cannot_be_is_told_beside_its_field(client, station, change):
    """And nobody is made."""
    answer = client.post("/start", data={**FORM, **change})

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert n_people(station) == 0


def test_from_afar_the_code_of_the_console_is_asked_for(afar, station):
    """Who comes first must not own the station."""
    assert 'name="code"' in afar.get("/start").text
    assert afar.post("/start", data=FORM).status_code == 422
    assert afar.post("/start", data={**FORM, "code": "c0de12345"}).status_code == 422
    assert n_people(station) == 0
    assert afar.post("/start", data={**FORM, "code": " c0de1234 "}).status_code == 303


def test_the_code_cannot_be_guessed_quickly(afar):
    """Five wrong ones, and then one waits."""
    answers = [afar.post("/start", data={**FORM, "code": str(k)}).status_code for k in range(6)]

    assert answers == [422] * 5 + [429]


def test_without_a_code_only_this_machine_may_start(app, station):
    """A port that something forwards to the loopback is not the loopback."""
    stranger = TestClient(app, follow_redirects=False, client=("192.0.2.7", 50000))

    assert stranger.post("/start", data=FORM).status_code == 403
    assert n_people(station) == 0


def test_another_site_s_page_cannot_start_it(client, station):
    """A page that the person at the machine happens to read may post to the loopback."""
    answer = client.post("/start", data=FORM, headers={"Origin": "https://elsewhere.example"})

    assert answer.status_code == 403
    assert n_people(station) == 0


def test_a_person_without_an_administrator_is_no_start(client, people):
    """A role alone does not end first start; an administrator does."""
    people.add(Role.READER)

    assert client.post("/start", data=FORM).status_code == 303
