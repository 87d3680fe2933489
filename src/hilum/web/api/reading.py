"""The API's own page: every call with its fields, its answers, and their records, made of the description.

Trap: Swagger UI would come from another host, and the station works without any; so the page is plain,
and in English like the description that it is made of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

from hilum.web.api.asking import Seer
from hilum.web.problems import MEDIA_TYPE
from hilum.web.templating import render

router = APIRouter(include_in_schema=False)
METHODS = ("get", "post", "put", "patch", "delete")
OF_EVERY_CALL = frozenset({"401", "403", "422", "default"})  # told once, at the head of the page
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A parameter, a field, or an answer: what it is called, what it is, and what it means."""

    name: str
    kind: Markup
    meaning: Markup


@dataclass(frozen=True, slots=True)
class Call:
    """One method of one address."""

    method: str
    path: str
    anchor: str
    summary: str
    told: tuple[Markup, ...]  # paragraphs
    parameters: tuple[Line, ...]
    body_kind: str  # the media type; "" where nothing is sent
    body: tuple[Line, ...]
    answers: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What calls take and give: fields, or the words that a value is one of."""

    name: str
    told: Markup
    fields: tuple[Line, ...]
    words: tuple[str, ...]


@router.get("/docs")
def docs_page(request: Request, _visitor: Seer) -> HTMLResponse:
    """The page."""
    description = request.app.openapi()
    return render(
        request,
        "api.html",
        version=description["info"]["version"],
        told=_paragraphs(description["info"]["description"]),
        calls=calls(description),
        records=records(description),
    )


def calls(description: Json) -> list[Call]:
    """Of a description, in its order."""
    bodies = description["components"]["schemas"]
    return [
        _call(method, path, operation, bodies)
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
    ]


def records(description: Json) -> list[Record]:
    """Of a description by name, without the forms, whose fields stand at their calls."""
    return [
        Record(
            name,
            marked(schema.get("description", "")),
            _fields(schema),
            tuple(map(str, schema.get("enum", ()))),
        )
        for name, schema in sorted(description["components"]["schemas"].items())
        if not _is_form(name)
    ]


def marked(text: str) -> Markup:
    """A description's text, with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _call(method: str, path: str, operation: Json, schemas: Json) -> Call:
    content: Json = operation.get("requestBody", {}).get("content", {})
    body_kind = next(iter(content), "")
    schema: Json = content[body_kind].get("schema", {}) if content else {}
    return Call(
        method=method.upper(),
        path=path,
        anchor=operation["operationId"],
        summary=operation.get("summary", path),
        told=_paragraphs(operation.get("description", "")),
        parameters=tuple(map(_parameter, operation.get("parameters", []))),
        body_kind=body_kind,
        body=_fields(schemas[_named(schema)]) if "$ref" in schema else (),
        answers=tuple(
            _answer(status, answer) for status, answer in operation["responses"].items()
            if status not in OF_EVERY_CALL
        ),
    )  # fmt: skip


def _parameter(one: Json) -> Line:
    is_needed = one.get("required", False)
    said = " ".join(filter(None, (one.get("description", ""), _limits(one["schema"]))))
    return Line(one["name"], _kind(one["schema"]), _need(marked(said), is_needed=is_needed))


def _fields(schema: Json) -> tuple[Line, ...]:
    needed = schema.get("required", [])
    return tuple(
        Line(name, _kind(one), _need(marked(_meaning(one)), is_needed=name in needed))
        for name, one in schema.get("properties", {}).items()
    )


def _meaning(schema: Json) -> str:
    examples = schema.get("examples", [])
    example = f"For example `{examples[0]}`." if examples and not isinstance(examples[0], list | dict) else ""
    return " ".join(filter(None, (schema.get("description", ""), _limits(schema), example)))


def _need(meaning: Markup, *, is_needed: bool) -> Markup:
    return Markup("<b>Needed.</b> {}").format(meaning) if is_needed else meaning


def _limits(schema: Json) -> str:
    """Least, most, and default, where the schema, or what it may be besides null, has them."""
    own = next((one for one in schema.get("anyOf", []) if one.get("type") != "null"), schema)
    least, most = own.get("minimum"), own.get("maximum")
    told = []
    if most is not None:
        told.append(f"{0 if least is None else least:g} to {most:g}.")
    if "maxLength" in own:
        told.append(f"At most {own['maxLength']} characters.")
    if schema.get("default") not in (None, "", []):
        told.append(f"`{schema['default']}` where it is left out.")
    return " ".join(told)


def _answer(status: str, answer: Json) -> Line:
    kinds = [
        Markup("<code>{}</code> {}").format(kind, _kind(one.get("schema", {})))
        for kind, one in answer.get("content", {}).items()
        if kind != MEDIA_TYPE
    ]
    said = answer.get("description", "")
    return Line(status, Markup("<br>").join(kinds), marked("" if said == "Successful Response" else said))


def _kind(schema: Json) -> Markup:
    """What a value is: a record's name leads to it."""
    if "$ref" in schema:
        return Markup('<a href="#{0}">{0}</a>').format(_named(schema))
    if "anyOf" in schema:
        return Markup(" or ").join(filter(None, map(_kind, schema["anyOf"])))
    if schema.get("type") == "array":
        return Markup("list of {}").format(_kind(schema.get("items", {})))
    if "contentMediaType" in schema:
        return Markup("file")
    return escape(schema.get("format") or schema.get("type", ""))


def _named(schema: Json) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _is_form(name: str) -> bool:
    return name.startswith("Body_")


def _paragraphs(text: str) -> tuple[Markup, ...]:
    return tuple(marked(part) for part in text.split("\n\n") if part.strip())
