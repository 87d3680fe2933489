"""Telling a program by its URL that a study is finished: signed, tried again, and never led astray.

Signed as Standard Webhooks 1.0 has it: HMAC-SHA256 over identifier, time, and body.
Trap: a URL is a way for its owner to have the station call its own neighbours (server-side request forgery),
so an address is looked up once, judged, and that very address is called; redirects are not followed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import logging
import secrets
import socket
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from hilum.errors import PeerFailed
from hilum.web.api.telling import Telling
from hilum.web.pages.study import known_study
from hilum.web.problems import InvalidRequest
from hilum.web.visitor import Visitor
from hilum.worklist.deliveries import WEBHOOK, finish_delivery, lease_delivery
from hilum.worklist.states import DeliveryState
from hilum.worklist.station import Station
from hilum.worklist.tables import Delivery, Person, Webhook

log = logging.getLogger(__name__)

PREFIX = "whsec_"  # of a secret, by Standard Webhooks
TIMEOUT_S = 10.0  # of connecting, sending, and each part of the answer
LEASE_S = 60.0
LOOK_S = 1.0  # between looks for what is due
WHO = "webhooks"
LAST_PORT = 65535


def new_secret() -> str:
    """A secret of 256 bits, as Standard Webhooks writes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, message_id: str, at: datetime, body: bytes) -> str:
    """The `webhook-signature` of a message.

    Args:
        secret: as `new_secret` gives it.
        message_id: the same on every try.
        at: of this try.
        body: as it is sent.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b".".join((message_id.encode(), str(int(at.timestamp())).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def check_url(text: str, *, allows_private: bool) -> httpx.URL:
    """A URL that may be called, as far as its words tell; the address is judged when it is called.

    Raises:
        InvalidRequest: it is not http or https, has no real host or port, carries a log-in, or names a
            place that may not be called.
    """
    try:
        url = httpx.URL(text)
        host = url.host  # what begins with xn-- is read only now, and may be refused
    except (httpx.InvalidURL, ValueError):
        raise InvalidRequest("url: this is no URL", "url") from None
    if url.scheme not in ("http", "https") or not host:
        raise InvalidRequest("url: it begins with https:// or http://", "url")
    if url.port is not None and not 1 <= url.port <= LAST_PORT:
        raise InvalidRequest(f"url: its port is 1 to {LAST_PORT}", "url")
    if url.userinfo:
        raise InvalidRequest(
            "url: a name and password do not belong in it; check the signature instead", "url"
        )
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        is_private = host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost")
    else:
        is_private = not _is_public(address)
    if is_private and not allows_private:
        raise InvalidRequest("url: this station does not call addresses of its own network", "url")
    return url


@dataclass(frozen=True, slots=True)
class Message:
    """One webhook's call, ready to be sent."""

    url: str
    secret: str
    message_id: str
    body: bytes


class WebhookSender:
    """Sends what is due, in a thread of its own.

    Args:
        station: whose deliveries it leases.
        allows_private: whether loopback and private addresses may be called.
    """

    def __init__(self, station: Station, *, allows_private: bool) -> None:
        self.station = station
        self.allows_private = allows_private
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the call in hand, and end."""
        self._stop.set()
        self._thread.join()

    def send_due(self) -> bool:
        """Send the delivery that is due longest; False where none is."""
        now = self.station.now()
        if not self._is_any_due(now):  # asked by reading, which stops no writer
            return False
        with self.station.database.writing() as session:
            held = lease_delivery(session, kinds=(WEBHOOK,), now=now, seconds=LEASE_S)
        if held is None:
            return False
        error, is_final = self._sent(held)
        with self.station.database.writing() as session:
            finish_delivery(session, held, now=self.station.now(), who=WHO, error=error, is_final=is_final)
        return True

    def _is_any_due(self, now: datetime) -> bool:
        due = select(Delivery.id).where(
            Delivery.state == DeliveryState.WAITING, Delivery.next_at <= now, Delivery.kind == WEBHOOK
        )
        with self.station.database.reading() as session:
            return session.scalar(due.limit(1)) is not None

    def _sent(self, held: Delivery) -> tuple[str | None, bool]:
        """What went wrong, and whether trying again is of no use."""
        message = self._message(held)
        if message is None:
            return "the webhook was ended", True
        try:
            status = self._called(message)
        except (PeerFailed, InvalidRequest) as error:
            return str(error), False
        if status == httpx.codes.GONE:  # Standard Webhooks: the receiver wants no more
            return "the receiver answered 410 Gone", True
        return (None, False) if 200 <= status < 300 else (f"the receiver answered {status}", False)

    def _message(self, held: Delivery) -> Message | None:
        number = int(held.target.partition(":")[2])
        with self.station.database.reading() as session:
            hook = session.get(Webhook, number)
            owner = None if hook is None else session.get(Person, hook.person_id)
            if hook is None or owner is None or not hook.is_active or not owner.is_active:
                return None
            study = known_study(session, held.study_id)
            told = Telling(session, _as_visitor(owner), [study.id]).brief(study)
        # Identity stays at the station: a URL is no person.
        data = told.model_dump(mode="json", exclude={"patient", "accession", "study_uid"})
        content: dict[str, Any] = {
            "type": "study.finished",
            "timestamp": held.made_at.isoformat(),
            "data": {**data, "reading": held.reading_id, "url": f"/api/v1/studies/{held.study_id}"},
        }
        return Message(hook.url, hook.secret, f"msg_{held.id}", json.dumps(content).encode())

    def _called(self, message: Message) -> int:
        """The status that the receiver answers with.

        Raises:
            PeerFailed: it cannot be reached, or lies where it may not be called.
            InvalidRequest: its URL may no longer be called.
        """
        url = check_url(message.url, allows_private=self.allows_private)
        address = self._address(url)
        now = self.station.now()
        headers = {
            "Host": url.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": "Hilum",
            "webhook-id": message.message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature(message.secret, message.message_id, now, message.body),
        }
        try:
            with (
                httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
                client.stream(
                    "POST", url.copy_with(host=address), content=message.body, headers=headers,
                    extensions={"sni_hostname": url.host},
                ) as answer,
            ):  # fmt: skip
                return answer.status_code  # its body is not read
        except httpx.HTTPError as error:
            raise PeerFailed(f"the receiver cannot be reached ({type(error).__name__})") from error

    def _address(self, url: httpx.URL) -> str:
        """The address to call. Raises PeerFailed where there is none, or one of them may not be called."""
        try:
            found = socket.getaddrinfo(url.host, url.port or (443 if url.scheme == "https" else 80),
                                       type=socket.SOCK_STREAM)  # fmt: skip
        except (OSError, UnicodeError) as error:
            raise PeerFailed("the receiver's name is not known") from error
        addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
        if not self.allows_private and not all(map(_is_public, addresses)):
            raise PeerFailed("the receiver lies in this station's own network, which it does not call")
        return str(addresses[0])

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                has_sent = self.send_due()
            except SQLAlchemyError:  # the database is away for a while; what was leased comes again
                log.exception("webhooks wait for the database")
                has_sent = False
            if not has_sent:
                self._stop.wait(LOOK_S)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is one of the open internet's; an IPv4 address within IPv6 counts as itself."""
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
    return bool(inner.is_global and not inner.is_multicast and address.is_global)


def _as_visitor(person: Person) -> Visitor:
    return Visitor(
        person_id=person.id, login=person.login, name=person.name, role=person.role, language=person.language,
        csrf="", is_token=True,
    )  # fmt: skip
