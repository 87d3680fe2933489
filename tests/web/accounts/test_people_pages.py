"""The administrator's pages, and one's own account."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from hilum.worklist.states import Role
from hilum.worklist.tables import ApiToken, AuditEvent, Person, WebSession

PASSWORD = "four words go here"
HERE = "/api/v1/ready"


@pytest.fixture
def administrator(browser):
    """Logged in."""
    return browser(Role.ADMINISTRATOR)


def person_of(station, login):
    with station.database.reading() as session:
        return session.scalars(select(Person).where(Person.login == login)).one()


def shown_password(text):
    return re.search(r'id="password" value="([\w-]{16})"', text)[1]


def log_in(app, login, password):
    client = TestClient(app, follow_redirects=False, headers={"Accept": "text/html"})
    client.post("/login", data={"login": login, "password": password})
    return client


def test_a_person_is_added_with_a_password_shown_once(administrator, station):
    """And not on the page after it."""
    answer = administrator.post("/people", data={"login": "Mary", "name": "Mary A", "role": "reader"})
    person = person_of(station, "mary")

    assert answer.status_code == 200
    assert shown_password(answer.text)
    assert person.must_change_password
    assert 'id="password"' not in administrator.get(f"/people/{person.id}").text


def test_a_service_account_is_added_without_a_password(administrator, station):
    """It gets tokens on its page."""
    answer = administrator.post("/people", data={"login": "pacs", "role": "service"})
    person = person_of(station, "pacs")
    token = administrator.post(f"/people/{person.id}/tokens", data={"name": "pacs", "days": "90"})

    assert 'id="password"' not in answer.text
    assert person.password_hash is None
    assert "hilum_" in token.text


@pytest.mark.parametrize(
    "form",
    [
        {"login": "administrator"},
        {"login": ""},
        {"login": "a b"},
        {"login": "a/b"},
        {"role": "god"},
        {"role": ""},
        {"name": "\u202ex"},
        {"name": "x" * 129},
    ],
)
def test_a_person_who_cannot_be_is_told_beside_the_field(administrator, station, form):
    """A login that is taken, a role that is none, an invisible name."""
    answer = administrator.post("/people", data={"login": "mary", "name": "", "role": "reader", **form})

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    with station.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 1


def test_who_got_a_password_has_to_change_it_first(administrator, app, station):
    """Every page leads there, the API says so, and log-out works."""
    answer = administrator.post("/people", data={"login": "mary", "role": "reader"})
    mary = log_in(app, "mary", shown_password(answer.text))

    assert mary.get("/worklist").headers["location"] == "/account/password"
    assert mary.get(HERE).status_code == 403
    assert mary.get("/account/password").status_code == 200


def test_a_changed_password_opens_the_rest(administrator, app):
    """And the page of the password no longer stands in the way."""
    answer = administrator.post("/people", data={"login": "mary", "role": "reader"})
    given = shown_password(answer.text)
    mary = log_in(app, "mary", given)
    csrf = re.search(r'name="csrf" value="([\w-]+)"', mary.get("/account/password").text)[1]
    changed = mary.post(
        "/account/password", data={"csrf": csrf, "present": given, "password": PASSWORD, "repeated": PASSWORD}
    )

    assert changed.status_code == 303
    assert mary.get(HERE).status_code == 200
    assert log_in(app, "mary", given).get(HERE).status_code == 401


def test_a_reset_password_ends_the_sessions(people, administrator, app):
    """Whoever was in with the old one is out."""
    person = people.add(Role.READER)
    reader = people.browser_of(person)
    answer = administrator.post(f"/people/{person.id}/reset-password")

    assert reader.get(HERE).status_code == 401
    assert log_in(app, "reader", PASSWORD).get(HERE).status_code == 401
    assert (
        log_in(app, "reader", shown_password(answer.text)).get(HERE).status_code == 403
    )  # to be changed first


def test_another_role_ends_the_sessions(people, administrator, station):
    """A session must not keep rights that are gone."""
    person = people.add(Role.MANAGER)
    manager = people.browser_of(person)
    assert administrator.post(f"/people/{person.id}/role", data={"role": "reader"}).status_code == 303

    assert manager.get(HERE).status_code == 401
    assert person_of(station, "manager").role is Role.READER


def test_who_is_kept_out_loses_sessions_and_tokens(people, administrator, station):
    """Let in again, they have neither."""
    person = people.add(Role.READER)
    reader = people.browser_of(person)
    reader.post("/account/tokens", data={"name": "x", "days": "30"})
    administrator.post(f"/people/{person.id}/deactivate")
    assert reader.get(HERE).status_code == 401
    administrator.post(f"/people/{person.id}/activate")

    assert reader.get(HERE).status_code == 401
    with station.database.reading() as session:
        assert session.scalars(select(ApiToken)).one().revoked_at is not None


@pytest.mark.parametrize("deed", [("role", {"role": "reader"}), ("deactivate", {})])
def test_the_last_administrator_stays(administrator, station, deed):
    """Or nobody could ever let anybody in."""
    person = person_of(station, "administrator")
    answer = administrator.post(f"/people/{person.id}/{deed[0]}", data=deed[1])

    assert answer.status_code == 409
    assert administrator.get("/people").status_code == 200


def test_of_two_administrators_one_may_go(people, administrator):
    """The other remains."""
    other = people.add(Role.ADMINISTRATOR, "other")

    assert administrator.post(f"/people/{other.id}/deactivate").status_code == 303


def test_a_person_becomes_no_service_account(people, administrator):
    """Nor the reverse: one has a password, the other tokens."""
    reader, service = people.add(Role.READER), people.add(Role.SERVICE)

    assert administrator.post(f"/people/{reader.id}/role", data={"role": "service"}).status_code == 422
    assert administrator.post(f"/people/{service.id}/role", data={"role": "reader"}).status_code == 422
    assert administrator.post(f"/people/{service.id}/reset-password").status_code == 422


def test_a_person_who_is_not_there_is_404(administrator):
    """And a number that is none is refused."""
    assert administrator.get("/people/999").status_code == 404
    assert administrator.get("/people/x").status_code == 422
    assert administrator.get(f"/people/{2**70}").status_code in (404, 422)


@pytest.mark.parametrize("role", [Role.RADIOGRAPHER, Role.READER, Role.MANAGER])
def test_only_an_administrator_sees_people(browser, role):
    """A page for pages, in words."""
    answer = browser(role).get("/people")

    assert answer.status_code == 403
    assert "<h1>" in answer.text


def test_a_changed_password_ends_the_other_sessions_and_goes_on_here(people, station):
    """The tablet in the other room is logged out."""
    person = people.add(Role.READER)
    here, there = people.browser_of(person), people.browser_of(person)
    form = {"present": PASSWORD, "password": "other words go there", "repeated": "other words go there"}
    answer = here.post("/account/password", data=form)

    assert answer.status_code == 303
    assert here.get(HERE).status_code == 200
    assert there.get(HERE).status_code == 401


@pytest.mark.parametrize(
    "form",
    [
        {"present": "not this one"},
        {"repeated": "something else"},
        {"password": "short", "repeated": "short"},
        {"password": PASSWORD, "repeated": PASSWORD},
    ],
)
def test_a_password_that_cannot_be_changed_is_told_beside_its_field(browser, form):
    """The old one is wrong, the new ones differ, are weak, or are the old one."""
    good = {"present": PASSWORD, "password": "other words go there", "repeated": "other words go there"}
    answer = browser(Role.READER).post("/account/password", data={**good, **form})

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_guesses_of_the_old_password_are_slowed_down(browser):
    """A borrowed session is not a way to guess."""
    reader = browser(Role.READER)
    good = {"password": "other words go there", "repeated": "other words go there"}
    answers = [
        reader.post("/account/password", data={"present": f"no {k}", **good}).status_code for k in range(6)
    ]

    assert answers == [422] * 5 + [429]


def test_name_and_language_are_one_s_own(browser, station):
    """The name stands beside verdicts."""
    reader = browser(Role.READER)

    assert reader.post("/account", data={"name": "  Mary   A ", "language": "fr"}).status_code == 303
    person = person_of(station, "reader")
    assert (person.name, person.language) == ("Mary A", "fr")
    assert 'lang="fr"' in reader.get("/account").text
    assert reader.post("/account", data={"name": "x", "language": "xx"}).status_code == 422


def test_what_administrators_do_stands_in_the_trail(people, administrator, station):
    """Who did what to whom."""
    person = people.add(Role.READER)
    administrator.post(f"/people/{person.id}/role", data={"role": "manager"})
    administrator.post(f"/people/{person.id}/reset-password")
    administrator.post(f"/people/{person.id}/deactivate")

    with station.database.reading() as session:
        told = [
            (event.who, event.action, event.detail["person"])
            for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id))
        ]
    assert told == [
        ("administrator", deed, "reader") for deed in ("change-role", "reset-password", "deactivate")
    ]


def test_old_sessions_leave_the_table(people, client, station):
    """At the next log-in of anyone."""
    people.browser(Role.READER)
    station.later = timedelta(hours=13)
    client.post("/login", data={"login": "reader", "password": PASSWORD})

    with station.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(WebSession)) == 1
