"""The API's own page: every call with its parameters and answers, made of the description, with no script.

Trap: Swagger UI would come from another host, and the station works without any; so the page is plain.
"""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from hilum.web.api.asking import Seer

router = APIRouter(include_in_schema=False)
METHODS = ("get", "post", "put", "patch", "delete")
Json = dict[str, Any]


@router.get("/docs")
def docs_page(request: Request, _visitor: Seer) -> HTMLResponse:
    """The page."""
    return HTMLResponse(page(request.app.openapi()))


def page(description: Json) -> str:
    """The page of a description."""
    info = description["info"]
    calls = [
        _call(method, path, operation)
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
    ]
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>API of {escape(info['title'])} {escape(info['version'])}</title>",
            '<link rel="stylesheet" href="/static/app.css"></head><body><main>',
            f"<h1>API of {escape(info['title'])} {escape(info['version'])}</h1>",
            *(f"<p>{escape(line)}</p>" for line in info["description"].split("\n\n")),
            '<p>For programs: <a href="/api/v1/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>',
            *calls,
            "</main></body></html>",
        )
    )


def _call(method: str, path: str, operation: Json) -> str:
    told = escape(operation.get("description", "")).replace("\n\n", "</p><p>")
    return "\n".join(
        (
            f"<section><h2>{escape(operation.get('summary', path))}</h2>",
            f"<p><code>{method.upper()} {escape(path)}</code></p><p>{told}</p>",
            _table("Parameters", [_parameter(one) for one in operation.get("parameters", [])]),
            _table("Body", _body(operation)),
            _table("Answers", [(status, one.get("description", ""), _kinds(one))
                               for status, one in operation["responses"].items()]),
            "</section>",
        )
    )  # fmt: skip


def _table(caption: str, rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    lines = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<table><caption>{escape(caption)}</caption><tbody>{lines}</tbody></table>"


def _parameter(one: Json) -> tuple[str, str, str]:
    need = "needed" if one.get("required") else "may be left out"
    return one["name"], f"{one['in']}, {need}", one.get("description") or _kind(one["schema"])


def _body(operation: Json) -> list[tuple[str, ...]]:
    content = operation.get("requestBody", {}).get("content", {})
    return [(kind, _kind(one.get("schema", {}))) for kind, one in content.items()]


def _kinds(answer: Json) -> str:
    return ", ".join(
        f"{kind} {_kind(one.get('schema', {}))}".strip() for kind, one in answer.get("content", {}).items()
    )


def _kind(schema: Json) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(filter(None, map(_kind, schema["anyOf"])))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("type", ""))
