"""What holds for every request and every answer: headers, hosts, origins, forms, sizes, and faults."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.websockets import WebSocketDisconnect

from hilum.errors import DiskShort, StateRefused, StudyUnknown
from hilum.web import security
from hilum.web.app import create_app
from hilum.worklist.states import Role

HERE = "/api/v1/ready"


@pytest.mark.parametrize("path", ["/login", "/api/v1/health", "/nothing", "/static/app.css", "/metrics"])
def test_every_answer_carries_the_headers(client, path):
    """Pages, problems, and files alike."""
    headers = client.get(path).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers


def test_a_static_file_with_its_hash_is_kept(client):
    """And one without is asked for again."""
    assert "immutable" in client.get("/static/app.css?v=123456").headers["cache-control"]
    assert "no-cache" in client.get("/static/app.css").headers["cache-control"]
    assert client.get("/static/nothing.css?v=1").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/%00"]
)
def test_no_file_outside_static_is_served(client, path):
    """However the way up is spelt."""
    assert client.get(path).status_code in (303, 401, 404)


@pytest.mark.parametrize(
    "host",
    ["elsewhere.example", "testserver.elsewhere.example", "", "a b", "testserver:8000:1", "testserver@evil"],
)
def test_a_strange_host_is_turned_away(client, host):
    """DNS rebinding: a stranger's name that points to the station."""
    assert client.get("/api/v1/health", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    "host", ["testserver", "TESTSERVER:8000", "127.0.0.1:8000", "192.168.1.5", "[::1]:8000"]
)
def test_our_names_and_any_address_are_known(client, host):
    """Rebinding needs a name, so an address means this machine."""
    assert client.get("/api/v1/health", headers={"Host": host}).status_code == 200


def test_a_form_of_a_session_needs_its_token(people):
    """The field, or the header that htmx sends; without either, or with another's, nothing happens."""
    person = people.add(Role.READER)
    reader, other = people.browser_of(person), people.browser_of(person)
    csrf = reader.headers.pop("X-CSRF-Token")

    assert reader.post("/account", data={"name": "x"}).status_code == 403
    assert reader.post("/account", data={"name": "x", "csrf": ""}).status_code == 403
    assert (
        reader.post("/account", data={"name": "x", "csrf": other.headers["X-CSRF-Token"]}).status_code == 403
    )
    assert reader.post("/account", data={"name": "x", "csrf": csrf}).status_code == 303
    assert reader.post("/account", data={"name": "x"}, headers={"X-CSRF-Token": csrf}).status_code == 303


def test_a_file_in_the_token_s_place_is_no_token(people):
    """A multipart part called csrf with a file name."""
    reader = people.browser(Role.READER)
    del reader.headers["X-CSRF-Token"]

    assert reader.post("/account", files={"csrf": ("x", b"x")}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://testserver:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_request_from_another_site_is_turned_away(people, headers):
    """Even with the right token, which another site should not have."""
    assert (
        people.browser(Role.READER).post("/account", data={"name": "x"}, headers=headers).status_code == 403
    )


def test_another_site_cannot_log_anyone_in(client, people):
    """Or a victim would work in the attacker's account."""
    people.add(Role.READER)
    form = {"login": "reader", "password": "four words go here"}

    assert (
        client.post("/login", data=form, headers={"Origin": "https://elsewhere.example"}).status_code == 403
    )


def test_a_program_needs_no_origin(people):
    """A token is no cookie; nobody sends it unasked."""
    headers = {"Origin": "https://elsewhere.example"}

    assert (
        people.program(Role.READER).post("/preferences", data={"theme": "dark"}, headers=headers).status_code
        == 303
    )


def test_a_stated_length_that_is_too_large_is_413_at_once(client):
    """Nothing of the body is read."""
    answer = client.post(
        "/login", content=b"x", headers={"Content-Length": str(security.MOST_FORM_BYTES + 1)}
    )

    assert answer.status_code == 413


def test_a_body_that_grows_too_large_is_413(client):
    """Without a stated length, once it is too long."""
    blocks = (b"login=" + b"x" * 999_994 for _ in range(3))
    answer = client.post(
        "/login", content=blocks, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )

    assert answer.status_code == 413


def test_a_body_on_the_way_to_films_may_be_larger_but_not_as_json(station, web_settings, passwords, people):
    """JSON is held in memory whole."""
    app = create_app(replace(web_settings, most_upload_bytes=5_000_000), station=station, passwords=passwords)
    people.app = app
    program = people.program(Role.SERVICE)
    films = {"films": ("x.txt", b"x" * 3_000_000)}

    assert program.post("/upload", files=films, headers={"Accept": "text/html"}).status_code == 200
    assert program.post("/upload", files={"films": ("x", b"x" * 6_000_000)}).status_code == 413
    json = {"Content-Type": "application/json"}
    assert program.post("/api/v1/studies", content=b"1" * 3_000_000, headers=json).status_code == 413


def test_there_are_no_websockets(client):
    """Nothing here speaks them, and so nothing can be opened by one."""
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/events"):
        pass


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StudyUnknown("no study 7"), 404, "study-unknown"),
        (StateRefused("it is read"), 409, "state-refused"),
        (DiskShort(1, 2), 507, "disk-short"),
        (OperationalError("SELECT 1", {}, Exception("gone")), 503, "not-ready"),
    ],
)
def test_an_expected_error_is_a_problem_with_its_words(app, people, error, status, code):
    """RFC 9457, whatever room it comes from."""

    def fail():
        raise error

    app.add_api_route("/api/probe", fail)
    answer = people.program(Role.SERVICE).get("/api/probe")

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert answer.json()["status"] == status


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_bug_tells_nobody_anything(app, people, accept, caplog):
    """No traceback and no words of the error, which may hold a name; the log has them."""

    def fail():
        raise RuntimeError("Mary Achieng")

    app.add_api_route("/probe", fail)
    browser = TestClient(
        app, raise_server_exceptions=False, headers=dict(people.browser(Role.READER).headers)
    )
    browser.cookies = people.clients[0].cookies
    answer = browser.get("/probe", headers={"Accept": accept})

    assert answer.status_code == 500
    assert "Achieng" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["connection"] == "close"


def test_the_access_log_holds_no_query_and_no_strange_path(people, caplog):
    """A search is for a patient's name, and a mistyped address may be one."""
    caplog.set_level(logging.INFO, "hilum.web.access_log")
    reader = people.browser(Role.READER)
    reader.get("/worklist?q=Achieng")
    reader.get("/Achieng")

    assert "Achieng" not in caplog.text
    assert "reader GET /worklist 200" in caplog.text


def test_a_validation_error_does_not_repeat_what_was_sent(people):
    """A field that cannot be read may hold a name."""
    answer = people.program(Role.ADMINISTRATOR).get("/upload/Achieng")

    assert answer.status_code == 422
    assert "Achieng" not in answer.text


def test_metrics_count_by_route_and_hold_no_name(people):
    """A label that held a path would hold whatever anybody asks for."""
    program = people.program(Role.SERVICE)
    program.get("/Achieng")
    program.request("ACHIENG", "/login")
    text = program.get("/metrics").text

    assert "chieng" not in text.lower()
    assert 'hilum_studies{state="queued"} 0.0' in text
    assert "hilum_workers_alive 1.0" in text


def test_a_database_that_is_gone_is_503(people, station, monkeypatch):
    """And health, which asks nothing of it, still answers."""
    program = people.program(Role.SERVICE)

    def gone(*args, **kwargs):
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(Session, "scalar", gone)
    monkeypatch.setattr(Session, "execute", gone)

    assert program.get(HERE).status_code == 503
    assert program.get("/api/v1/health").status_code == 200
