"""Log-in at another provider: OpenID Connect, authorization code with PKCE (RFC 7636), by Authlib.

The provider says who it is and, by a claim, which role; the station keeps the person by issuer and subject.
Trap: a login's text is the provider's to give, so an existing person of the same login is not taken over.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from typing import Any

from anyio import to_thread
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App
from fastapi import APIRouter, Request
from fastapi.responses import Response
from httpx2 import HTTPError
from joserfc.errors import JoseError
from sqlalchemy import select
from sqlalchemy.orm import Session

from hilum.web.accounts.log_in import begin_session
from hilum.web.accounts.people import add_person, change_role, known_login
from hilum.web.problems import InvalidRequest, NotAllowed, NotReady
from hilum.web.secret_file import kept_secret
from hilum.web.settings import OidcSettings
from hilum.web.visitor import station_of
from hilum.worklist.audit import record
from hilum.worklist.states import Role
from hilum.worklist.station import Station
from hilum.worklist.tables import Person
from hilum.worklist.wording import as_line

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)

COOKIE = "hilum-oidc"  # holds state, nonce, and verifier while the visitor is away
STATE_LASTS_S = 600
KEY_NAME = "oidc-state.key"
TIMEOUT_S = 10.0


def build_client(settings: OidcSettings) -> StarletteOAuth2App:
    """Authlib's client; the provider is asked for its addresses at the first log-in."""
    oauth = OAuth()
    method = "client_secret_basic" if settings.client_secret else "none"
    return oauth.register(
        "provider",
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": settings.scopes, "code_challenge_method": "S256", "timeout": TIMEOUT_S,
                       "verify": ssl.create_default_context(),  # once; each log-in would read it anew
                       "token_endpoint_auth_method": method},
    )  # fmt: skip


def state_key(station: Station) -> str:
    """The secret that signs the cookie; made once, readable by the server alone."""
    return kept_secret(station.settings.folder / KEY_NAME).hex()


@router.get("/oidc/login")
async def go_to_provider(request: Request) -> Response:
    """Send the browser to the provider."""
    client: StarletteOAuth2App = request.app.state.oidc
    try:
        answer: Response = await client.authorize_redirect(request, str(request.url_for("come_back")))
    except (HTTPError, AuthlibBaseError, ValueError) as error:
        log.warning("the OpenID provider does not answer: %s", type(error).__name__)
        raise NotReady("the OpenID provider does not answer; log in with a password, or try again") from None
    return answer


@router.get("/oidc/callback")
async def come_back(request: Request) -> Response:
    """Check what the provider says, with its signature, issuer, audience, and nonce, and begin a session."""
    client: StarletteOAuth2App = request.app.state.oidc
    try:
        token = await client.authorize_access_token(request)
    except (HTTPError, AuthlibBaseError, JoseError, ValueError) as error:
        log.warning("a log-in by OpenID failed: %s", type(error).__name__)
        raise NotAllowed("the log-in at the OpenID provider failed; try again") from None
    claims: Mapping[str, Any] = token.get("userinfo") or {}
    request.session.clear()
    return await to_thread.run_sync(_enter, request, claims)


def role_of(claims: Mapping[str, Any], settings: OidcSettings) -> Role | None:
    """The first role in the settings whose value the claim holds; None: no role here."""
    claim = claims.get(settings.role_claim)
    values = set(map(str, claim)) if isinstance(claim, list) else {str(claim)}
    return next((Role(each.role) for each in settings.roles if each.value in values), None)


def _enter(request: Request, claims: Mapping[str, Any]) -> Response:
    settings: OidcSettings = request.app.state.settings.oidc
    role = role_of(claims, settings)
    if role is None or not claims.get("sub"):
        raise NotAllowed("the OpenID provider gives you no role at this station; ask its administrator")
    station = station_of(request)
    with station.database.writing() as session:
        person = _person(session, claims, role=role, settings=settings, station=station)
    if not person.is_active:
        raise NotAllowed("your account at this station is closed; ask its administrator")
    return begin_session(request, station, person, to="/", action="log-in-oidc")


def _person(
    session: Session, claims: Mapping[str, Any], *, role: Role, settings: OidcSettings, station: Station
) -> Person:
    """The person of this subject, made at the first log-in; the provider's role and name go before ours."""
    subject = f"{settings.issuer} {claims['sub']}"
    now = station.now()
    name = as_line(str(claims.get("name") or ""), 128)
    person = session.scalar(select(Person).where(Person.subject == subject))
    if person is None:
        login = known_login(str(claims.get(settings.login_claim) or ""))
        try:
            person = add_person(session, login=login, name=name, role=role, password_hash=None, now=now)
        except InvalidRequest as error:
            raise NotAllowed(
                f"the OpenID provider's {settings.login_claim} cannot be your login: {error}"
            ) from None
        person.subject = subject
        record(session, at=now, who=person.login, action="add-person", person=person.login, role=str(role))
        return person
    person.name = name or person.name
    change_role(session, person, role, now=now, who="oidc")
    return person
