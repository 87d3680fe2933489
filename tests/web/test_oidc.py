"""Log-in by OpenID Connect, against a small provider of our own over real HTTP on the loopback."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import select

from hilum.web.app import create_app
from hilum.web.oidc import KEY_NAME, state_key
from hilum.web.settings import OidcSettings, RoleOfClaim
from hilum.worklist.states import Role
from hilum.worklist.tables import AuditEvent, Person

HERE = "/api/v1/ready"


@dataclass
class Provider:
    """Who says who people are; `claims` and `lies` are a test's to change."""

    url: str = ""
    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    claims: dict[str, Any] = field(default_factory=dict)  # of the person who logs in
    lies: dict[str, Any] = field(default_factory=dict)  # put into the token in place of the truth
    forger: Any = None  # signs in place of the provider, under its key's name
    asked: dict[str, dict[str, str]] = field(default_factory=dict)  # by code, what the browser brought
    token_requests: list[dict[str, str]] = field(default_factory=list)

    def metadata(self) -> dict[str, Any]:
        return {"issuer": self.url, "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/keys",
                "id_token_signing_alg_values_supported": ["RS256"]}  # fmt: skip

    def authorize(self, query: str) -> str:
        """What the browser is sent back with."""
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        code = secrets.token_urlsafe(8)
        self.asked[code] = asked
        return f"code={code}&state={asked['state']}"

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        """Checks PKCE as a provider does, and signs who it is."""
        self.token_requests.append(form)
        asked = self.asked.pop(form["code"])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        assert challenge.rstrip(b"=").decode() == asked["code_challenge"]
        now = int(time.time())
        told = {"iss": self.url, "aud": asked["client_id"], "iat": now, "exp": now + 60,
                "nonce": asked["nonce"], **self.claims, **self.lies}  # fmt: skip
        signer = self.forger or self.key
        signed = jwt.encode({"alg": "RS256", "kid": self.key.kid}, told, signer)
        return {"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": signed}


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        keys = {"keys": [self.provider.key.as_dict(private=False)]}
        self._answer(keys if self.path == "/keys" else self.provider.metadata())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(self.provider.token({name: values[0] for name, values in parse_qs(body).items()}))

    def _answer(self, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def serving() -> Iterator[Provider]:
    """The provider, on a free port of the loopback."""
    provider = Provider()
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def provider(serving: Provider) -> Provider:
    """The provider as a test begins: Mary is a reader."""
    serving.claims = {
        "sub": "mary-1",
        "preferred_username": "Mary",
        "name": "Mary A",
        "groups": ["tb-readers"],
    }
    serving.lies, serving.forger = {}, None
    return serving


@pytest.fixture
def visiting(provider, station, web_settings, passwords):
    """A browser at a station that knows the provider."""
    oidc = OidcSettings(
        issuer=provider.url, client_id="hilum", client_secret="secret", name="The ministry",
        roles=(RoleOfClaim("tb-managers", "manager"), RoleOfClaim("tb-readers", "reader")),
    )  # fmt: skip
    app = create_app(replace(web_settings, oidc=oidc), station=station, passwords=passwords)
    with TestClient(app, follow_redirects=False, headers={"Accept": "text/html"}) as client:
        yield client


def come_in(client, provider, **change):
    """Go to the provider and come back, as a browser does."""
    sent = client.get("/oidc/login").headers["location"]
    assert sent.startswith(f"{provider.url}/authorize?")
    back = provider.authorize(urlsplit(sent).query)
    for old, new in change.items():
        back = back.replace(old, new)
    return client.get(f"/oidc/callback?{back}")


def person(station):
    with station.database.reading() as session:
        return session.scalars(select(Person)).one()


def test_the_log_in_page_offers_the_provider(visiting, people):
    """By the name that the settings give it."""
    people.add(Role.ADMINISTRATOR)

    assert "The ministry" in visiting.get("/login").text


def test_a_person_comes_in_with_the_role_of_their_group(visiting, provider, station):
    """And is kept by the provider's name for them, without a password."""
    answer = come_in(visiting, provider)

    assert answer.status_code == 303
    assert visiting.get(HERE).status_code == 200
    mary = person(station)
    assert (mary.login, mary.name, mary.role, mary.password_hash) == ("mary", "Mary A", Role.READER, None)
    assert mary.subject == f"{provider.url} mary-1"


def test_the_secret_and_the_verifier_reach_the_provider(visiting, provider):
    """The provider of this test checks PKCE; without the verifier it would have raised."""
    come_in(visiting, provider)

    assert provider.token_requests[-1]["code_verifier"]


def test_the_same_person_comes_in_again(visiting, provider, station):
    """By subject, whatever they are called by then, with the role that they have by then."""
    come_in(visiting, provider)
    provider.claims |= {"preferred_username": "mary.married", "groups": "tb-managers"}
    come_in(visiting, provider)

    assert (person(station).login, person(station).role) == ("mary", Role.MANAGER)


@pytest.mark.parametrize("groups", [[], "", None, ["others"], {"tb-readers": 1}, 7, ["service"]])
def test_a_person_without_a_role_is_turned_away(visiting, provider, station, groups):
    """And nobody is made."""
    provider.claims["groups"] = groups

    assert come_in(visiting, provider).status_code == 403
    with station.database.reading() as session:
        assert session.scalars(select(Person)).all() == []


def test_a_login_that_is_taken_is_not_taken_over(visiting, provider, people):
    """Whoever gives names at the provider must not become a person here."""
    people.add(Role.ADMINISTRATOR, "mary")

    assert come_in(visiting, provider).status_code == 403
    assert visiting.get(HERE).status_code == 401


def test_a_person_kept_out_stays_out(visiting, provider, station):
    """The station's word goes before the provider's."""
    come_in(visiting, provider)
    with station.database.writing() as session:
        session.scalars(select(Person)).one().is_active = False

    assert come_in(visiting, provider).status_code == 403
    assert visiting.get(HERE).status_code == 401


@pytest.mark.parametrize(
    "lies", [{"aud": "another"}, {"iss": "https://elsewhere.example"}, {"nonce": "x"}, {"exp": 1}]
)
def test_a_token_that_is_not_for_us_is_refused(visiting, provider, lies):
    """Another audience, issuer, nonce, or time."""
    provider.lies = lies

    assert come_in(visiting, provider).status_code == 403
    assert visiting.get(HERE).status_code == 401


def test_a_token_of_another_signer_is_refused(visiting, provider):
    """Its key is not among the provider's."""
    provider.forger = RSAKey.generate_key(2048)

    assert come_in(visiting, provider).status_code == 403


def test_a_strange_state_is_refused(visiting, provider):
    """Somebody else's log-in must not end in this browser."""
    assert come_in(visiting, provider, **{"state=": "state=x"}).status_code == 403
    assert visiting.get("/oidc/callback?code=x&state=y").status_code == 403
    assert visiting.get("/oidc/callback?error=access_denied&state=y").status_code == 403
    assert visiting.get("/oidc/callback").status_code == 403


def test_without_a_provider_there_is_no_such_log_in(client):
    """The address is not there."""
    assert client.get("/oidc/login").status_code == 404


def test_a_provider_that_is_gone_is_told(station, web_settings, passwords):
    """The page says to try again; a password still works."""
    oidc = OidcSettings(issuer="http://127.0.0.1:9", client_id="hilum")
    app = create_app(replace(web_settings, oidc=oidc), station=station, passwords=passwords)
    with TestClient(app, follow_redirects=False) as client:
        assert client.get("/oidc/login").status_code == 503


def test_the_log_in_stands_in_the_trail(visiting, provider, station):
    """As one by the provider."""
    come_in(visiting, provider)

    with station.database.reading() as session:
        assert session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all() == [
            "add-person",
            "log-in-oidc",
        ]


def test_two_servers_that_start_at_once_sign_with_one_secret(station):
    """Each of many starters gets the whole secret of the first, and the file is private."""
    with ThreadPoolExecutor(16) as pool:
        keys = {key.result() for key in [pool.submit(state_key, station) for _ in range(64)]}

    assert len(keys) == 1
    assert len(keys.pop()) == 64  # 32 bytes as hexadecimal digits
    assert (station.settings.folder / KEY_NAME).stat().st_mode & 0o777 == 0o600
