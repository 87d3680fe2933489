"""The app as a whole: who is let in, what every answer carries, what becomes of errors."""

from __future__ import annotations

import pytest

from hilum.worklist.states import Role

PROGRAM_PATHS = ("/api/v1/ready", "/api/v1/studies", "/api/v1/nothing", "/metrics", "/dicom-web/studies",
                 "/api/v1/openapi.json")  # fmt: skip


def test_health_answers_without_a_log_in(client):
    """A load balancer needs no secret."""
    answer = client.get("/api/v1/health")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_health_answers_to_who_asks_for_the_headers_alone(client):
    """Some load balancers send HEAD."""
    answer = client.head("/api/v1/health")

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("path", PROGRAM_PATHS)
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_what_is_for_programs_is_401_without_a_token(client, path, accept):
    """Whatever the client accepts, and whether the path exists or not."""
    answer = client.get(path, headers={"Accept": accept})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_page_leads_to_the_log_in_and_back(client):
    """The page that was wanted is kept for after the log-in."""
    answer = client.get("/worklist?state=scored", headers={"Accept": "text/html"})

    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fworklist%3Fstate%3Dscored"


def test_ready_tells_each_part(program):
    """Database, workers, and disk, each by itself."""
    answer = program(Role.SERVICE).get("/api/v1/ready")

    assert answer.status_code == 200
    assert answer.json() == {"database": True, "workers": True, "disk": True}
