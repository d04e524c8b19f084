"""The interface, described: `/openapi.json`, `/asyncapi.json`, and `/docs`, where one can read and try it."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import orjson
import swagger_ui_bundle  # type: ignore[import-untyped]
from aiohttp import web

from rest.conditional import conditional
from rest.page import answer, asset_of

Documents = Mapping[str, Callable[[], dict[str, Any]]]
"""What makes the documents, by their paths."""

Handler = Callable[[web.Request], Awaitable[web.Response]]

OPENAPI = "/openapi.json"
SWAGGER = ("swagger-ui.css", "swagger-ui-bundle.js")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def add_docs(app: web.Application, documents: Documents) -> None:
    """Adds the documents, each made when it is first asked for, and Swagger UI for the OpenAPI document."""
    for path, make in documents.items():
        app.router.add_get(path, _document(make))
    if OPENAPI not in documents:
        return
    app.router.add_get("/docs/openapi.json", _document(lambda: for_swagger(documents[OPENAPI]())))
    app.router.add_get("/docs", _file(files("rest") / "static" / "docs.html"))
    for name in SWAGGER:
        app.router.add_get(f"/docs/{name}", _file(Path(swagger_ui_bundle.swagger_ui_path) / name))


def _file(file: Traversable) -> Handler:
    asset = asset_of(file)

    async def page(request: web.Request) -> web.Response:
        return answer(request, asset, HEADERS)

    return page


def _document(make: Callable[[], dict[str, Any]]) -> Handler:
    body = cache(lambda: orjson.dumps(make()))

    async def document(request: web.Request) -> web.Response:
        return conditional(request, web.Response(body=body(), content_type="application/json"))

    return document


def for_swagger(schema: Any) -> Any:
    """The document as OpenAPI 3.0, as far as pages show it: the Swagger UI at hand reads no later version."""
    if isinstance(schema, list):
        return [for_swagger(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: for_swagger(value) for key, value in schema.items()}
    if "openapi" in made:
        made["openapi"] = "3.0.3"
        del made["info"]["license"]["identifier"]
    if "const" in made:
        value = made.pop("const")
        made |= {"enum": [value], "type": "boolean" if isinstance(value, bool) else "string"}
    if "exclusiveMinimum" in made:
        made |= {"minimum": made["exclusiveMinimum"], "exclusiveMinimum": True}
    if "patternProperties" in made:
        (made["additionalProperties"],) = made.pop("patternProperties").values()
    made.pop("propertyNames", None)
    return _nullable(made)


def _nullable(made: dict[str, Any]) -> dict[str, Any]:
    choices, kinds = made.get("anyOf", []), made.get("type")
    if {"type": "null"} in choices:
        made |= {"anyOf": [choice for choice in choices if choice != {"type": "null"}], "nullable": True}
        if len(made["anyOf"]) == 1 and "$ref" not in made["anyOf"][0]:
            made |= made.pop("anyOf")[0]
    if isinstance(kinds, list):
        made |= {"type": next(kind for kind in kinds if kind != "null"), "nullable": True}
    return made
