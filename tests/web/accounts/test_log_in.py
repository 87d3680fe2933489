"""Logging in and out: one way in, slow for who guesses, and silent on who exists."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from hilum.web.accounts import throttle
from hilum.web.accounts.log_in import own_address
from hilum.web.accounts.passwords import Passwords
from hilum.worklist.states import Role
from hilum.worklist.tables import AuditEvent, LogInAttempts, Person, WebSession

PASSWORD = "four words go here"


def log_in(client, login="reader", password=PASSWORD, **more):
    return client.post("/login", data={"login": login, "password": password, **more})


@pytest.fixture
def reader(people):
    """A reader who can log in."""
    return people.add(Role.READER)


def test_the_right_password_begins_a_session(client, reader):
    """The cookie is out of reach for scripts and other sites."""
    answer = log_in(client)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert client.get("/api/v1/ready").status_code == 200


def test_a_login_is_taken_whatever_its_case(client, reader):
    """Keyboards of tablets begin with a capital letter."""
    assert log_in(client, login=" Reader ").status_code == 303


def test_the_table_holds_no_secret_of_a_session(client, reader, station):
    """Who reads the table cannot come in by it."""
    log_in(client)

    with station.database.reading() as session:
        kept = session.scalars(select(WebSession)).one()
    assert client.cookies["hilum"] not in (kept.id, kept.csrf)
    assert len(client.cookies["hilum"]) >= 43  # 256 bits in base 64


def test_the_wanted_page_comes_after_the_log_in(client, reader):
    """A link in a message leads there in the end."""
    assert log_in(client, next="/study/7?x=1").headers["location"] == "/study/7?x=1"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://elsewhere.example",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=1",
        "",
        "/\t/elsewhere.example",
    ],
)
def test_no_log_in_leads_elsewhere(wanted):
    """An address with a host, however it is spelt, becomes the start page."""
    assert own_address(wanted) == "/"


def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(client, reader):
    """The page must not tell who works here."""
    wrong, unknown = log_in(client, password="not this one"), log_in(client, login="nobody")

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("reader", "nobody") == unknown.text
    assert "set-cookie" not in wrong.headers


def test_an_unknown_login_costs_a_hash_too(client, reader, app, monkeypatch):
    """Otherwise the clock would tell who works here."""
    asked = []
    right = Passwords.is_right
    monkeypatch.setattr(Passwords, "is_right", lambda self, *args: asked.append(args) or right(self, *args))

    log_in(client, login="nobody")

    assert asked == [(PASSWORD, None)]


@pytest.mark.parametrize("login", ["reader", "nobody"])
def test_five_failures_make_the_sixth_wait(client, reader, login):
    """Whether or not there is such a login, and whatever the sixth password is."""
    for _ in range(5):
        assert log_in(client, login=login, password="not this one").status_code == 401
    sixth = log_in(client, login=login)

    assert sixth.status_code == 429
    assert 0 < int(sixth.headers["retry-after"]) <= 30


def test_the_wait_ends(client, reader, station):
    """Half a minute after the first five."""
    for _ in range(5):
        log_in(client, password="not this one")
    station.later = timedelta(seconds=31)

    assert log_in(client).status_code == 303


def test_the_wait_grows_and_has_a_limit(station):
    """30 s, 60 s, 120 s, ... and never more than a quarter of an hour."""
    now, waits = station.now(), []
    for _ in range(14):
        with station.database.writing() as session:
            wait_s = throttle.count_attempt(session, login="reader", address="10.0.0.1", now=now)
        if wait_s is not None:
            waits.append(round(wait_s))
            now += timedelta(seconds=wait_s)

    # Counted are 5 + those after each wait; 30 * 2**4 = 480, then 960, cut to 900
    assert waits == [30, 60, 120, 240, 480][: len(waits)]


def test_the_right_password_takes_the_failures_back(client, reader):
    """Four failures and a success, again and again, is a person with a bad keyboard."""
    for _ in range(3):
        for _ in range(4):
            log_in(client, password="not this one")
        assert log_in(client).status_code == 303


def test_a_stranger_elsewhere_does_not_lock_the_owner_out(reader, station):
    """Five failures from one address stop that address, not the login everywhere."""
    now = station.now()
    with station.database.writing() as session:
        for _ in range(6):
            throttle.count_attempt(session, login="reader", address="10.0.0.66", now=now)
    with station.database.writing() as session:
        assert throttle.count_attempt(session, login="reader", address="10.0.0.1", now=now) is None


def test_many_logins_from_one_address_are_stopped(station):
    """Fifty failures, each with another login, are one guesser."""
    now = station.now()
    with station.database.writing() as session:
        for number in range(50):
            throttle.count_attempt(session, login=f"person{number}", address="10.0.0.66", now=now)
        assert throttle.count_attempt(session, login="another", address="10.0.0.66", now=now) is not None


def test_attempts_at_the_same_moment_all_count(client, reader, app):
    """A hundred guesses at once are a hundred guesses: at most five get an answer."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: log_in(client, password="not this one").status_code, range(16)))

    assert answers.count(401) == 5
    assert answers.count(429) == 11


def test_right_log_ins_at_the_same_moment_all_succeed(client, reader, app):
    """Twenty programs of one person, or a class behind one address, lock nobody out."""
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: log_in(client).status_code, range(20)))

    assert answers == [303] * 20


def test_what_is_counted_holds_no_login(client, reader, station):
    """A password typed into the wrong field must not stand in a table."""
    log_in(client, login="my secret password")

    with station.database.reading() as session:
        assert all(re.fullmatch("[0-9a-f]{64}", row.key) for row in session.scalars(select(LogInAttempts)))
        assert session.scalar(select(AuditEvent.who).where(AuditEvent.action == "log-in-failed")) == "unknown"


def test_a_log_in_gives_a_new_session_and_ends_the_old_one(client, reader, station):
    """Nobody can plant a session that a victim then fills."""
    log_in(client)
    first = client.cookies["hilum"]
    log_in(client)

    assert client.cookies["hilum"] != first
    with station.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(WebSession)) == 1


def test_log_out_ends_the_session_in_the_table_too(browser, station):
    """A copied cookie is worth nothing afterwards."""
    reader = browser(Role.READER)
    secret = reader.cookies["hilum"]
    answer = reader.post("/logout")
    reader.cookies.set("hilum", secret)

    assert answer.headers["location"] == "/login"
    assert reader.get("/api/v1/ready").status_code == 401


def test_a_person_who_is_kept_out_cannot_log_in(client, reader, station):
    """The answer is that of a wrong password."""
    with station.database.writing() as session:
        session.get_one(Person, reader.id).is_active = False

    assert log_in(client).status_code == 401


def test_a_service_account_has_no_password(client, people):
    """It comes in by tokens alone, so an empty password is none."""
    people.add(Role.SERVICE)

    assert log_in(client, login="service", password="").status_code == 401


def test_an_old_hash_is_made_anew_at_log_in(client, reader, app, station):
    """When the parameters change, whoever logs in gets a hash by the new ones."""
    before = reader.password_hash
    app.state.passwords = Passwords(
        type(app.state.passwords._hasher)(time_cost=2, memory_cost=8, parallelism=1)
    )
    log_in(client)

    with station.database.reading() as session:
        after = session.get_one(Person, reader.id).password_hash
    assert after != before
    assert "t=2" in after


def test_log_ins_stand_in_the_trail(client, reader, station):
    """Who, when, and from where; success and failure."""
    log_in(client, password="not this one")
    log_in(client)

    with station.database.reading() as session:
        told = [
            (event.action, event.who) for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id))
        ]
    assert told == [("log-in-failed", "reader"), ("log-in", "reader")]


@pytest.mark.parametrize("field", ["login", "password", "next"])
@pytest.mark.parametrize("value", ["\0", "\ud800".encode("utf-8", "surrogatepass"), "x" * 100_000, "‮gnp.exe"])
def test_hostile_text_is_a_failed_log_in(client, reader, field, value):
    """NUL, a lone surrogate, far too much, or text that runs backwards."""
    answer = client.post("/login", data={"login": "reader", "password": "no", field: value})

    assert answer.status_code in (401, 422)
