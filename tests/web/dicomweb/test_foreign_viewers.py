"""Viewers of another origin: DICOMweb is theirs by a setting and a token, and nothing else ever is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from storing import instance, store

from hilum.errors import SettingsInvalid
from hilum.settings import build_settings
from hilum.web.settings import FileSettings
from hilum.worklist.states import Role

VIEWER = "https://viewer.example"
ASKS = {"Origin": VIEWER, "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "accept,authorization"}  # fmt: skip
ALLOWED = "access-control-allow-origin"


@pytest.fixture
def origins() -> tuple[str, ...]:
    """Those that the station's settings name."""
    return (VIEWER,)


@pytest.fixture
def web_settings(web_settings, origins):
    return replace(web_settings, viewer_origins=origins)


def test_a_browser_is_told_that_the_viewer_may_ask(client):
    """A preflight needs no log-in, and no cookie is let through."""
    answer = client.options("/dicom-web/studies", headers=ASKS)

    assert (answer.status_code, answer.headers[ALLOWED]) == (200, VIEWER)
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers


def test_the_viewer_gets_films_by_its_token(program, client):
    """The answer is marked as the viewer's to read; without a token it is 401 all the same."""
    made = program(Role.ADMINISTRATOR)
    made.headers.pop("Accept")
    store(made, instance())

    answer = made.get("/dicom-web/studies", headers={"Origin": VIEWER})
    assert (answer.status_code, answer.headers[ALLOWED]) == (200, VIEWER)
    assert client.get("/dicom-web/studies", headers={"Origin": VIEWER}).status_code == 401


@pytest.mark.parametrize("origin", ["https://other.example", "http://viewer.example", "null"])
def test_another_origin_is_not_let_in(client, origin):
    """Neither by preflight nor by answer."""
    assert ALLOWED not in client.options("/dicom-web/studies", headers=ASKS | {"Origin": origin}).headers
    assert ALLOWED not in client.get("/dicom-web/studies", headers={"Origin": origin}).headers


@pytest.mark.parametrize("path", ["/api/v1/studies", "/worklist", "/login", "/dicom-webs/"])
def test_nothing_but_dicomweb_is_shared(client, path):
    """Pages and API stay the station's own."""
    assert ALLOWED not in client.options(path, headers=ASKS).headers
    assert ALLOWED not in client.get(path, headers={"Origin": VIEWER}).headers


@pytest.mark.parametrize("origins", [()])
def test_without_the_setting_nobody_is_let_in(client):
    """As the station comes, no other origin reads anything."""
    assert ALLOWED not in client.options("/dicom-web/studies", headers=ASKS).headers


@pytest.mark.parametrize(
    "origin", ["*", "https://viewer.example/", "viewer.example", "https://A.example", ""]
)
def test_what_is_no_origin_is_refused(tmp_path, origin):
    """By name, and everyone is none."""
    with pytest.raises(SettingsInvalid, match="viewer_origins"):
        build_settings({"viewer_origins": [origin]}, FileSettings, where="serve.toml", folder=tmp_path)
