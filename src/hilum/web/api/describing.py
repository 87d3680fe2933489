"""The API's description, OpenAPI 3.1: FastAPI's own, with problem+json for every error and one list of tags.

Trap: FastAPI describes a failed validation by a record of its own, which this station never sends, so it is
replaced.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from hilum.web.api.schemas import Problem
from hilum.web.problems import MEDIA_TYPE

TAGS = {
    "films in": "Score one film at once, or send many and follow them.",
    "studies": "What was found, with heat maps and reports.",
    "films": "The films themselves.",
    "verdicts": "What readers said, and what tests found.",
    "station": "Operating points, deliveries, the audit trail, and exports.",
    "webhooks": "Being told of finished studies.",
    "health": "Whether the station can work.",
}
EVERY_ERROR = {
    "401": "Nobody we know: send a token.",
    "403": "Your role does not have the right.",
    "422": "A value cannot be taken; the detail names it.",
    "default": "Any other error.",
}
UNUSED = ("HTTPValidationError", "ValidationError")
OPEN = ("/api/v1/health",)
METHODS = ("get", "post", "put", "patch", "delete")


def describe(app: FastAPI) -> None:
    """Have the app describe itself so, once, when it is asked."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = description(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def description(app: FastAPI) -> dict[str, Any]:
    """The whole description."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=[{"name": name, "description": told} for name, told in TAGS.items()],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    schemas = made["components"]["schemas"]
    for name in UNUSED:
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            if method in METHODS:
                _put_errors(operation, is_open=path in OPEN)
    return made


def _put_errors(operation: dict[str, Any], *, is_open: bool) -> None:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = operation["responses"]
    for status, told in EVERY_ERROR.items():
        if status == "422" and not operation.get("parameters") and "requestBody" not in operation:
            responses.pop(status, None)
        elif status != "401" or not is_open:
            responses[status] = {"description": told, "content": content}
    if is_open:
        responses.pop("403", None)
        operation["security"] = []
