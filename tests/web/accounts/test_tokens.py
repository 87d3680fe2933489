"""Tokens: shown once, kept as a hash, good for their person's rights until they end."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from hilum.web.accounts.tokens import MOST_TOKENS
from hilum.worklist.states import Role
from hilum.worklist.tables import ApiToken, AuditEvent, Person

HERE = "/api/v1/ready"


def made(client, base="/account", **form):
    answer = client.post(f"{base}/tokens", data={"name": "gateway", "days": "30", **form})
    found = re.search(r"hilum_[\w-]{43}", answer.text)
    return answer, found and found[0]


def bearer(client, secret):
    return client.get(HERE, headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def reader(browser):
    """A reader who is logged in."""
    return browser(Role.READER)


def test_a_token_is_shown_once_and_works(client, reader):
    """The page after it shows its name alone."""
    answer, secret = made(reader)

    assert answer.status_code == 200
    assert bearer(client, secret).status_code == 200
    assert "hilum_" not in reader.get("/account").text
    assert "gateway" in reader.get("/account").text


def test_the_table_holds_no_token(reader, station):
    """Its SHA-256 alone."""
    _, secret = made(reader)

    with station.database.reading() as session:
        kept = session.scalars(select(ApiToken)).one()
        told = [str(event.detail) for event in session.scalars(select(AuditEvent))]
    assert secret not in kept.token_sha256
    assert not any(secret in detail for detail in told)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_s_case_does_not_count(client, reader, scheme):
    """RFC 9110, 11.1."""
    _, secret = made(reader)

    assert client.get(HERE, headers={"Authorization": f"{scheme} {secret}"}).status_code == 200


@pytest.mark.parametrize(
    "header", ["Bearer ", "Bearer hilum_", "Bearer x", "Basic cmVhZGVyOng=", "Bearer hilum_" + "A" * 43]
)
def test_what_is_no_token_is_nobody(client, reader, header):
    """And the answer says which scheme is taken."""
    answer = client.get(HERE, headers={"Authorization": header})

    assert answer.status_code == 401
    assert "Bearer" in answer.headers["www-authenticate"]


def test_a_bad_token_is_not_helped_by_a_good_cookie(reader):
    """A program that sends one means it; a session must not hide that it has ended."""
    assert reader.get(HERE, headers={"Authorization": "Bearer hilum_ended"}).status_code == 401


def test_a_token_ends_on_its_day(client, reader, station):
    """Thirty days, and not a moment longer."""
    _, secret = made(reader)
    station.later = timedelta(days=29, hours=23)
    assert bearer(client, secret).status_code == 200
    station.later = timedelta(days=30, minutes=1)

    assert bearer(client, secret).status_code == 401


def test_a_token_without_an_end_goes_on(client, reader, station):
    """Ten years on, too."""
    _, secret = made(reader, days="")
    station.later = timedelta(days=3650)

    assert bearer(client, secret).status_code == 200


def test_a_revoked_token_is_nobody(client, reader, station):
    """From the next request on."""
    _, secret = made(reader)
    with station.database.reading() as session:
        number = session.scalars(select(ApiToken.id)).one()

    assert reader.post(f"/account/tokens/{number}/revoke").status_code == 303
    assert bearer(client, secret).status_code == 401


def test_nobody_revokes_another_s_token(browser, reader, station):
    """For who may not see it, it is not there."""
    made(reader)

    assert browser(Role.RADIOGRAPHER).post("/account/tokens/1/revoke").status_code == 404


def test_a_token_of_a_person_kept_out_is_nobody(client, reader, station):
    """And it stays so when they are let in again by mistake, since it was revoked."""
    _, secret = made(reader)
    with station.database.writing() as session:
        session.scalars(select(Person).where(Person.login == "reader")).one().is_active = False

    assert bearer(client, secret).status_code == 401


def test_a_token_makes_no_tokens_and_changes_no_password(client, browser):
    """What is stolen must not make more of itself."""
    _, secret = made(browser(Role.ADMINISTRATOR))
    headers = {"Authorization": f"Bearer {secret}"}

    for path in ("/account", "/account/password", "/people"):
        assert client.get(path, headers=headers).status_code == 403
    assert client.post("/account/tokens", data={"name": "more"}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "form",
    [
        {"name": ""},
        {"name": "x" * 65},
        {"name": "a\0b"},
        {"name": "a\u202eb"},
        {"days": "0"},
        {"days": "-1"},
        {"days": "99999"},
        {"days": "soon"},
        {"days": "١"},
    ],
)
def test_a_token_that_cannot_be_is_told_beside_its_form(reader, form):
    """No name, an invisible one, or a day that is none."""
    answer, secret = made(reader, **form)

    assert answer.status_code == 422
    assert secret is None
    assert 'id="token-error"' in answer.text


def test_there_is_an_end_to_tokens(reader):
    """Fifty of one person."""
    for _ in range(MOST_TOKENS):
        assert made(reader)[1]

    assert made(reader)[0].status_code == 422


def test_a_token_needs_no_form_token(client, people):
    """No browser adds an Authorization header by itself, so nobody can forge it."""
    program = people.program(Role.SERVICE)

    assert program.post("/preferences", data={"theme": "dark"}).status_code == 303
