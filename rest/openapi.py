"""The OpenAPI 3.1 document, made from the routes, the models, the error classes and the examples."""

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from importlib.metadata import version
from itertools import groupby
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from domain.core.errors import AppError
from domain.core.schemas import Schema, schemas_of
from rest.app import ID_PATTERN, NEWEST, ROUTES
from rest.examples import EXAMPLES, Example
from rest.failures import PARAMETER, all_failures_of
from rest.keyed import HEADER, KEY, REPLAYED
from rest.routes import Route
from rest.upload import FIELD

Refs = Mapping[type[BaseModel], Schema]

DESCRIPTION = """\
Bodies are JSON objects in UTF-8. A success answers `{"status":"success","data":…,"meta":…}`, a failure
`{"status":"error","error":{"code","message","details"},"requestId"}`. Fields without a value are left out, unknown ones
are refused. What happens meanwhile is told over Socket.IO: see `/asyncapi.json`.
"""

KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The same key again, within a day and with the same request, gets the same answer.",
    "schema": {"type": "string", "pattern": KEY},
    "example": "5f0c1d6e-first-attempt",
}

HEADERS = {
    "RateLimit-Policy": "The limit: `q` requests in `w` seconds.",
    "RateLimit": "What is left of it: `r` requests at once; all of them again in `t` seconds.",
    "X-Request-Id": "Names the request, in our log as well.",
    "Retry-After": "Seconds to wait.",
    "ETag": "Names this answer; send it as `If-None-Match`.",
    REPLAYED: "`true` when the answer is that of an earlier request with the same key.",
}

FAULTS: Schema = {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}}
ENVELOPES: dict[str, Schema] = {
    "Failure": {
        "type": "object",
        "description": "What every failure looks like.",
        "properties": {
            "status": {"const": "error"},
            "error": {
                "type": "object",
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "details": {
                        "anyOf": [
                            {"type": "object"},
                            {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
                        ]
                    },
                },
                "required": ["code", "message"],
                "additionalProperties": False,
            },
            "requestId": {"type": "string"},
        },
        "required": ["status", "error", "requestId"],
        "additionalProperties": False,
    },
    "Fault": {
        "type": "object",
        "description": "A field that is not valid.",
        "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
        "required": ["field", "message"],
        "additionalProperties": False,
    },
    "Meta": {
        "type": "object",
        "description": "What goes with the data: of a list, where its next page starts.",
        "properties": {
            "pagination": {
                "type": "object",
                "properties": {
                    "limit": {"type": "integer"},
                    "nextCursor": {"type": ["string", "null"]},
                },
                "required": ["limit"],
            },
            "stale": {"const": True, "description": "The database does not answer: this may be old."},
        },
    },
}


def openapi(routes: Iterable[Route] = ROUTES) -> dict[str, Any]:
    """The document, ready for JSON."""
    routes = list(routes)
    refs, schemas = schemas_of(model for route in routes for model in _models(route))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, routes, refs, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Maoga",
            "version": version("maoga"),
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": NEWEST}],
        "tags": [{"name": name} for name in dict.fromkeys(map(_tag, routes))],
        "paths": paths,
        "components": {
            "schemas": {**ENVELOPES, **{name: _tidy(schema) for name, schema in sorted(schemas.items())}},
            "headers": {name: _header(text) for name, text in HEADERS.items()},
            "securitySchemes": {
                "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
        },
    }


def _models(route: Route) -> Iterator[type[BaseModel]]:
    yield from (model for model in (route.body, route.query, _item(route.answer)) if model)


def _item(answer: Any) -> type[BaseModel] | None:
    """The model of an answer, or of the items of a list."""
    inner = get_args(answer)[0] if get_origin(answer) is list else answer
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _operation(route: Route, routes: list[Route], refs: Refs, schemas: Mapping[str, Schema]) -> dict[str, Any]:
    example = EXAMPLES.get(f"{route.method} {route.path}", Example())
    text = " ".join((route.handler.__doc__ or "").split())
    operation: dict[str, Any] = {
        "operationId": operation_id(route),
        "tags": [_tag(route)],
        "summary": text.partition(". ")[0].rstrip("."),
        "description": text,
        "parameters": list(_parameters(route, example, refs, schemas)),
        "responses": _responses(route, routes, refs),
        "security": _security(route),
    }
    if route.upload:
        file = {"type": "string", "format": "binary", "description": "the image"}
        form = {"type": "object", "properties": {FIELD: file}, "required": [FIELD], "additionalProperties": False}
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    elif route.body:
        content = {"schema": refs[route.body], "example": example.body or {}}
        required = bool(_resolved(refs[route.body], schemas).get("required"))
        operation["requestBody"] = {"required": required, "content": {"application/json": content}}
    if route.deprecated:
        operation["deprecated"] = True
    return operation


def operation_id(route: Route) -> str:
    """A name for the operation, as in `postLobbiesByIdJoin`."""
    words = re.findall(r"\w+", PARAMETER.sub(r"by_\1", route.path).replace("-", "_"))
    return route.method.lower() + "".join(part.capitalize() for word in words for part in re.split("_", word))


def _tag(route: Route) -> str:
    return route.path.split("/")[1]


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Any one of these will do."""
    if route.auth is None:
        return []
    return [{"accessToken": []}, {"apiKey": []}] if route.scope else [{"accessToken": []}]


def _parameters(route: Route, example: Example, refs: Refs, schemas: Mapping[str, Schema]) -> Iterator[dict[str, Any]]:
    for name in PARAMETER.findall(route.path):
        id = {"type": "string", "pattern": f"^{ID_PATTERN}$"}
        yield {"name": name, "in": "path", "required": True, "schema": id, "example": example.id or "me"}
    if route.query:
        model = _resolved(refs[route.query], schemas)
        for name, field in model["properties"].items():
            parameter = {"name": name, "in": "query", "required": name in model.get("required", ())}
            shown = {"example": example.query[name]} if name in example.query else {}
            yield {**parameter, "schema": _without_null(_tidy(field)), **shown}
    if route.keyed:
        yield KEY_PARAMETER


def _resolved(reference: Schema, schemas: Mapping[str, Schema]) -> Schema:
    return schemas[reference["$ref"].rpartition("/")[2]]


def _without_null(schema: Schema) -> Schema:
    """A query string has no null: a parameter is there or not."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    return {**{key: value for key, value in schema.items() if key != "anyOf"}, **choices[0]}


def _responses(route: Route, routes: list[Route], refs: Refs) -> dict[str, Any]:
    found: dict[str, Any] = {str(route.status): _success(route, routes, refs)}
    if NoneType in get_args(get_type_hints(route.handler)["return"]):
        found["204"] = {"description": "Done; there is nothing to say", "headers": _headers(route)}
    if route.method == "GET":
        found["304"] = {"description": "The copy with the tag in `If-None-Match` is still the answer"}
    for status, errors in groupby(all_failures_of(route), lambda error: error.status):
        found[str(status)] = _failure(route, status, list(errors))
    return found


def _success(route: Route, routes: list[Route], refs: Refs) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(route.status).phrase, "headers": _headers(route)}
    if route.answer is bytes:
        schema = {"type": "string", "format": "binary"}
        answer["content"] = {kind: {"schema": {} if kind == "application/json" else schema} for kind in route.content}
    elif route.answer is not None and (model := _item(route.answer)):
        one = refs[model]
        data = {"type": "array", "items": one} if get_origin(route.answer) is list else one
        answer["content"] = {"application/json": {"schema": _envelope(data)}}
    if links := _links(route, routes):
        answer["links"] = links
    return answer


def _envelope(data: Schema) -> Schema:
    meta = {"$ref": "#/components/schemas/Meta"}
    properties = {"status": {"const": "success"}, "data": data, "meta": meta}
    return {
        "type": "object",
        "properties": properties,
        "required": ["status", "data"],
        "additionalProperties": False,
    }


def _failure(route: Route, status: int, errors: list[type[AppError]]) -> dict[str, Any]:
    codes = {"type": "object", "properties": {"code": {"enum": [error.code for error in errors]}}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Failure"}, {"properties": {"error": codes}}]}
    meanings = [f"`{error.code}`: {' '.join((error.__doc__ or '').split())}" for error in errors]
    waiting = ["Retry-After"] if status == 429 else []
    return {
        "description": "\n\n".join(meanings),
        "headers": _headers(route, *waiting),
        "content": {"application/json": {"schema": schema}},
    }


def _headers(route: Route, *more: str) -> dict[str, Any]:
    names = ["X-Request-Id", "RateLimit-Policy", "RateLimit", *more]
    names += ["ETag"] if route.method == "GET" else [REPLAYED] if route.keyed else []
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _header(text: str) -> dict[str, Any]:
    return {"description": text, "required": False, "schema": {"type": "string"}}


def _links(route: Route, routes: list[Route]) -> dict[str, Any]:
    """What can be done with the thing that a POST has made: the routes below its own, with the id it was given."""
    model = _item(route.answer)
    if route.method != "POST" or route.status != 201 or not model or "id" not in model.model_fields:
        return {}
    if PARAMETER.search(route.path):
        return {}
    made = re.compile(rf"(?:{re.escape(route.path)}|{re.escape(route.path.rpartition('/')[0])})/\{{(\w+)\}}(/[\w-]+)?")
    links = {}
    for other in routes:
        if (found := made.fullmatch(other.path)) and other.path.count("/") >= route.path.count("/"):
            given = {found[1]: "$response.body#/data/id"}
            links[operation_id(other)] = {"operationId": operation_id(other), "parameters": given}
    return links


def _tidy(schema: Any) -> Any:
    """Docstrings as one line."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: _tidy(value) for key, value in schema.items()}
    if isinstance(text := tidy.get("description"), str):
        tidy["description"] = " ".join(text.split())
    return tidy
