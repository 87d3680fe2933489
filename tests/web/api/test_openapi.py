"""Tests of the API's description: kept in the docs, and held against the running station by Schemathesis."""

from __future__ import annotations

import json
import time

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hilum.web.problems import MEDIA_TYPE
from hilum.worklist.states import Role

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 6  # of a call
MOST_SECONDS = 30.0


def test_the_description_in_the_docs_is_the_stations_own(app, repository):
    """docs/openapi.json is what /api/v1/openapi.json answers; `make docs` writes it."""
    kept = json.loads((repository / "docs" / "openapi.json").read_text(encoding="utf-8"))

    assert kept == json.loads(json.dumps(app.openapi()))


def test_every_error_of_every_call_is_a_problem(app):
    """RFC 9457, and no record that is never sent."""
    for operations in app.openapi()["paths"].values():
        for operation in operations.values():
            errors = {s: r for s, r in operation["responses"].items() if s == "default" or s[0] in "4"}

            assert errors
            assert all(list(told["content"]) == [MEDIA_TYPE] for told in errors.values())


def test_every_call_says_what_it_does_and_who_may(app):
    """A summary, a description, and the two ways to say who asks."""
    for path, operations in app.openapi()["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["description"], path
            assert path == "/api/v1/health" or "security" in operation or path == "/api/v1/ready"


@pytest.mark.slow
def test_schemathesis_finds_no_fault(app, program):
    """Calls made of the description, good and bad, by an administrator: no 500, and answers as described."""
    headers = {"Authorization": program(Role.ADMINISTRATOR).headers["Authorization"], "Host": "testserver"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=headers)
    faults: list[str] = []
    end = time.monotonic() + MOST_SECONDS

    def call(case):
        if time.monotonic() > end:
            return
        if case.operation.path == "/api/v1/score":
            case.query = {**(case.query or {}), "wait_s": 0}
        try:
            case.validate_response(case.call(headers=headers), checks=CHECKS)
        except (Failure, FailureGroup) as fault:  # every fault is wanted, not the first alone
            faults.append(f"{case.operation.label}: {fault}")

    for result in schema.get_all_operations():
        few = settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=[*HealthCheck],
        )
        few(given(case=result.ok().as_strategy())(call))()

    assert faults == []
