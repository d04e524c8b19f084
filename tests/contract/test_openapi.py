"""The OpenAPI and AsyncAPI documents are valid and complete."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]
from openapi_spec_validator import validate

from domain.core.events import Event
from maoga.reference import NAMESPACES
from realtime.asyncapi import asyncapi
from realtime.dispatch import table_of
from realtime.gateway import Common
from realtime.reference import COMMON_EVENTS
from rest.app import ROUTES
from rest.docs import for_swagger
from rest.examples import EXAMPLES
from rest.failures import all_failures_of
from rest.openapi import openapi, operation_id
from tests.contract.test_event_reference import events_of

REST, SOCKETS = openapi(), asyncapi(NAMESPACES)


def references(document: Any) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(document, list):
        for item in document:
            yield from references(item)


def found(document: Any, reference: str) -> Any:
    """What a reference points at; raises KeyError when that is nothing."""
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document


def test_the_openapi_document_is_valid() -> None:
    validate(REST)


def test_what_swagger_ui_is_given_has_nothing_that_it_does_not_know() -> None:
    shown = for_swagger(REST)
    assert shown["openapi"] == "3.0.3"
    assert not any(odd in orjson.dumps(shown) for odd in (b'"const":', b'"type":"null"', b'"type":['))
    validate(shown)
    assert for_swagger({"anyOf": [{"type": "string"}, {"type": "null"}]}) == {"type": "string", "nullable": True}
    assert for_swagger({"const": True}) == {"enum": [True], "type": "boolean"}


def test_every_route_is_described_with_all_it_may_answer() -> None:
    described = {(method.upper(), path) for path, methods in REST["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in ROUTES}
    for route in ROUTES:
        operation = REST["paths"][route.path][route.method.lower()]
        statuses = {str(route.status), *(str(error.status) for error in all_failures_of(route))}
        assert statuses <= set(operation["responses"]), operation["operationId"]
        assert bool(operation["security"]) == bool(route.auth)
        assert operation["summary"]


def test_operations_have_names_of_their_own() -> None:
    assert len({operation_id(route) for route in ROUTES}) == len(ROUTES)


def test_every_route_has_an_example_and_every_example_a_route() -> None:
    assert set(EXAMPLES) == {f"{route.method} {route.path}" for route in ROUTES}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_an_example_says_what_the_route_asks_for(route: Any) -> None:
    example = EXAMPLES[f"{route.method} {route.path}"]
    assert ("{" in route.path) == (example.id is not None)
    assert (route.body is not None) == (example.body is not None)
    assert route.query or not example.query
    if route.body:
        route.body.parse(example.body)


def test_no_answer_is_said_to_be_null() -> None:
    """A field without a value is left out."""
    schemas = REST["components"]["schemas"]
    assert {"type": "null"} not in schemas["Me"]["properties"]["email"].get("anyOf", [])
    assert "email" not in schemas["Me"]["required"]
    assert schemas["Me"]["properties"]["createdAt"] == {"type": "string", "format": "date-time"}


def test_every_event_stands_in_the_asyncapi_document() -> None:
    for space in NAMESPACES:
        messages = SOCKETS["channels"][space.name]["messages"]
        asked = {*space.handlers, *table_of(Common)}
        told = {event.wire_name for events in (*space.sends.values(), COMMON_EVENTS) for event in events}
        wanted = {f"{side}.{name}" for side in ("client", "ack") for name in asked} | {
            f"server.{name}" for name in told
        }
        assert set(messages) == wanted
        operations = {name for name in SOCKETS["operations"] if name.startswith(f"{space.name}.")}
        assert operations == {f"{space.name}.{key}" for key in wanted if not key.startswith("ack.")}


def test_no_server_event_is_missing_from_the_asyncapi_document() -> None:
    ours = {event.wire_name for event in events_of(Event) if event.__module__.startswith(("domain.", "realtime."))}
    told = {
        message["name"]
        for channel in SOCKETS["channels"].values()
        for key, message in channel["messages"].items()
        if key.startswith("server.")
    }
    assert ours == told


def test_the_asyncapi_document_has_the_shape_of_its_specification() -> None:
    assert SOCKETS["asyncapi"] == "3.1.0"
    for operation in SOCKETS["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = operation["channel"]["$ref"]
        assert all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"])
        assert ("reply" in operation) == (operation["action"] == "receive")
    for channel in SOCKETS["channels"].values():
        for message in channel["messages"].values():
            assert {"name", "payload"} <= set(message)


def test_every_asyncapi_schema_is_one_that_asyncapi_can_read() -> None:
    """A Schema Object is JSON Schema draft 07 and some words more, of which `discriminator` is a property's name."""
    payloads = [
        message["payload"] for channel in SOCKETS["channels"].values() for message in channel["messages"].values()
    ]
    for schema in (*SOCKETS["components"]["schemas"].values(), *payloads):
        Draft7Validator.check_schema(schema)
    assert b'"discriminator":{' not in orjson.dumps(SOCKETS)
    assert b'"discriminator":{' in orjson.dumps(REST)


@pytest.mark.parametrize("message", ["server.message", "server.notification", "client.enqueue", "ack.enqueue"])
def test_an_asyncapi_schema_refuses_nonsense(message: str) -> None:
    """Its references are resolved from the document alone, whole."""
    (channel,) = (channel for channel in SOCKETS["channels"].values() if message in channel["messages"])
    payload = channel["messages"][message]["payload"]
    faults = [*Draft7Validator({**payload, "components": SOCKETS["components"]}).iter_errors({"nonsense": 1})]
    assert faults


@pytest.mark.parametrize("document", [REST, SOCKETS], ids=["openapi", "asyncapi"])
def test_every_reference_leads_somewhere(document: Any) -> None:
    assert len([found(document, reference) for reference in references(document)]) > 100
