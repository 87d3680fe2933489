"""Tests of webhooks: signed, tried again, ended, and kept from the station's own network."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import select
from test_api_calls import finish, send

from hilum.web.problems import InvalidRequest
from hilum.web.webhooks import WebhookSender, check_url, signature
from hilum.worklist.deliveries import plan_deliveries
from hilum.worklist.readings import deciding
from hilum.worklist.search import study as find_study
from hilum.worklist.states import DeliveryState, Role
from hilum.worklist.tables import Delivery, Webhook


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it is sent, and answers as it is told."""

    def do_POST(self):  # noqa: N802 - the base class's word
        length = int(self.headers["Content-Length"])
        self.server.calls.append((dict(self.headers), self.rfile.read(length)))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Says nothing."""


@pytest.fixture
def receiver():
    made = HTTPServer(("127.0.0.1", 0), Receiver)
    made.calls, made.status = [], 204
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def hook(program, station, receiver):
    """A service's webhook to the receiver, and a finished study of its upload that is to be told of."""
    service = program(Role.SERVICE)
    url = f"http://127.0.0.1:{receiver.server_port}/in"
    with station.database.writing() as session:
        from hilum.worklist.tables import Person

        owner = session.scalars(select(Person).where(Person.login == "service")).one()
        hook = Webhook(person_id=owner.id, url=url, secret="whsec_" + base64.b64encode(b"k" * 32).decode(),
                       created_at=station.now())  # fmt: skip
        session.add(hook)
    number = send(service, patient_id="P-77").json()["study"]
    finish(station)
    with station.database.writing() as session:
        study = find_study(session, number)
        if not study.deliveries:
            plan_deliveries(session, study, deciding(study.readings), ())
    return hook


def delivery(station) -> Delivery:
    with station.database.reading() as session:
        return session.scalars(select(Delivery)).one()


def test_a_finished_study_is_told_with_a_signature_that_holds(station, hook, receiver):
    """HMAC-SHA256 over identifier, time, and body, in the receiver's own arithmetic."""
    assert WebhookSender(station, allows_private=True).send_due()
    ((headers, body),) = receiver.calls
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode()

    assert headers["webhook-signature"] == expected
    assert json.loads(body)["data"]["score"] == 87.3
    assert delivery(station).state is DeliveryState.SENT


def test_no_identity_leaves_by_a_webhook(station, hook, receiver):
    """A URL is no person."""
    WebhookSender(station, allows_private=True).send_due()

    assert b"P-77" not in receiver.calls[0][1]


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_is_not_taken_is_tried_again_later(station, hook, receiver, status):
    """A redirect is not followed either."""
    receiver.status = status
    sender = WebhookSender(station, allows_private=True)

    assert sender.send_due()
    assert not sender.send_due()
    assert (len(receiver.calls), delivery(station).state) == (1, DeliveryState.WAITING)
    assert str(status) in delivery(station).last_error


def test_a_receiver_that_is_gone_is_given_up(station, hook, receiver):
    """410 says that it wants no more."""
    receiver.status = 410
    WebhookSender(station, allows_private=True).send_due()

    assert delivery(station).state is DeliveryState.GIVEN_UP


def test_the_stations_own_network_is_not_called(station, hook, receiver):
    """Unless the settings allow it."""
    WebhookSender(station, allows_private=False).send_due()

    assert receiver.calls == []


def test_a_name_that_means_the_loopback_is_not_called(station, hook, receiver, monkeypatch):
    """What counts is the address that is called, not the name (DNS rebinding)."""
    real = socket.getaddrinfo

    def look_up(host, port, *args, **more):
        return real("127.0.0.1" if host == "public.example" else host, port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with station.database.writing() as session:
        session.get(Webhook, hook.id).url = f"http://public.example:{receiver.server_port}/"
    WebhookSender(station, allows_private=False).send_due()

    assert receiver.calls == []
    assert "own network" in delivery(station).last_error


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/", "https://", "nonsense", "https://user:word@example.org/", "http://127.0.0.1/", "http://[::1]/",
     "http://10.0.0.1/", "http://169.254.169.254/latest", "http://localhost/", "http://[::ffff:127.0.0.1]/",
     "http://0.0.0.0/", "http://224.0.0.1/", "file:///etc/passwd", "http://xn--/", "http://xn--a/",
     "http://example.org:0/", "http://example.org:65536/", "http://example.org:-1/"],
)  # fmt: skip
def test_a_url_that_may_not_be_called_is_refused_at_once(url):
    """By its words alone."""
    with pytest.raises(InvalidRequest):
        check_url(url, allows_private=False)


def test_a_signature_is_as_standard_webhooks_has_it():
    """The specification's own example."""
    from datetime import UTC, datetime

    made = signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                     datetime.fromtimestamp(1614265330, UTC), b'{"test": 2432232314}')  # fmt: skip

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_webhooks_are_made_listed_and_ended_by_their_owner(program):
    """The secret is shown once; another's webhook is not there."""
    client, other = program(Role.MANAGER), program(Role.SERVICE)
    made = client.post("/api/v1/webhooks", json={"url": "https://example.org/in"}).json()
    listed = client.get("/api/v1/webhooks").json()["webhooks"]

    assert made["secret"].startswith("whsec_")
    assert [(one["webhook"], "secret" in one) for one in listed] == [(made["webhook"], False)]
    assert other.delete(f"/api/v1/webhooks/{made['webhook']}").status_code == 404
    assert client.delete(f"/api/v1/webhooks/{made['webhook']}").status_code == 204
    assert client.get("/api/v1/webhooks").json()["webhooks"] == []
