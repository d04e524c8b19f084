"""The Socket.IO reference, rendered from the tables of the namespaces and the models of their events."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from domain.core.events import Event
from realtime.auth import EVENTS, USER_SHARE, Handshake
from realtime.dispatch import Handler, Namespace, Reply, table_of
from realtime.events import Announcement, Hello, Kicked, Meta, RateLimitWarning, ServerDraining, SessionExpiring
from realtime.gateway import Common

INTRODUCTION = f"""\
# Socket.IO reference

This page is generated from the code by `make docs`.

Connect to `/socket.io/` and to each namespace with `auth` as below. A refused CONNECT says
`{{message, data:{{code}}}}`: `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_EXPIRED`, `TOKEN_REVOKED`, `ACCOUNT_<status>`,
`FORBIDDEN` (a connection is one user's), `TOO_MANY_CONNECTIONS`, `SERVER_DRAINING` or `UNAVAILABLE`. A page of a
foreign origin is refused with HTTP 403 `ORIGIN_FORBIDDEN`, a new connection to a server that is about to stop with HTTP
503 `SERVER_DRAINING`: try again, another one is there or will be.

Every client event takes one object and is acked `{{"status":"success","data":…,"meta":…}}` or
`{{"status":"error","error":{{"code","message","details"}}}}`. Any event may answer `VALIDATION_ERROR`, `UNKNOWN_EVENT`,
`RATE_LIMITED {{retryInMs}}`, `TIMEOUT`, `UNAVAILABLE` and `INTERNAL`. Events of one client in one namespace are handled
in order. A connection may spend {EVENTS.burst:g} tokens at once and {EVENTS.per_s:g} a second, all connections of a
user together {USER_SHARE:g} times that; an event costs one token unless its cost is given.

Every server event is emitted as `name, data, meta`. A durable event carries its place in its stream; a transient one
does not, and may be lost. What has no value is left out.
"""

COMMON_EVENTS = (Hello, SessionExpiring, RateLimitWarning, Kicked, ServerDraining, Announcement)
RANGES = {
    ("minLength", "maxLength"): "{} characters",
    ("minItems", "maxItems"): "{} items",
    ("minimum", "maximum"): "{}",
}


def reference(namespaces: Sequence[type[Namespace]]) -> str:
    """The reference as Markdown."""
    objects: dict[str, dict[str, Any]] = {}
    page = [
        INTRODUCTION,
        *_fields("auth", Handshake, objects),
        *_fields("meta", Meta, objects),
        "## Every namespace\n",
        *_client_events(table_of(Common), objects),
        *_server_events({"the connection": COMMON_EVENTS}, objects),
    ]
    for namespace in namespaces:
        page += [f"## /{namespace.name}\n", f"{_text(namespace.__doc__)}\n"]
        page += _client_events(namespace.handlers, objects)
        page += _server_events(namespace.sends, objects)
    return "\n".join([*page, *_objects(objects)]).rstrip() + "\n"


def _client_events(handlers: Mapping[str, Handler], objects: dict[str, Any]) -> Iterator[str]:
    for handler in handlers.values():
        answer = get_type_hints(handler.method)["return"]
        cost = f", cost {handler.cost}" if handler.cost > 1 else ""
        yield f"### {handler.name} → {_answer(answer, objects)}\n"
        yield f"Client event{cost}. {_text(handler.method.__doc__)}\n"
        yield from _fields("payload", handler.model, objects)


def _server_events(sends: Mapping[str, Sequence[type[Event]]], objects: dict[str, Any]) -> Iterator[str]:
    for stream, events in sends.items():
        for event in events:
            place = f"on `{stream}`" if ":" in stream else f"about {stream}"
            yield f"### {event.wire_name}\n"
            yield f"Server event, {'durable' if event.durable else 'transient'}, {place}. {_text(event.__doc__)}\n"
            yield from _fields("data", event, objects)


def _fields(title: str, model: type[BaseModel], objects: dict[str, Any]) -> Iterator[str]:
    schema = _schema(model, objects)
    if schema["properties"]:
        yield from _table(title, schema)


def _objects(objects: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    yield "## Objects\n"
    for name in sorted(objects):
        yield f"### {name}\n"
        yield f"{_text(objects[name].get('description'))}\n"
        yield from _table("field", objects[name])


def _table(title: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"| {title} | type | required |"
    yield "| --- | --- | --- |"
    for name, field in schema["properties"].items():
        yield f"| `{name}` | {_type(field)} | {_required(name, field, schema)} |"
    yield ""


def _required(name: str, field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if any(choice.get("type") == "null" for choice in field.get("anyOf", ())):
        return "no"
    if name in schema.get("required", ()):
        return "yes"
    return f"no, `{json.dumps(field['default'])}`" if "default" in field else "no"


def _answer(answer: Any, objects: dict[str, Any]) -> str:
    if answer is None or answer is type(None):
        return "null"
    if get_origin(answer) is Reply:
        return f"{_answer(get_args(answer)[0], objects)}, with `meta.streams`"
    if get_origin(answer) in {list, Sequence}:
        return f"{_answer(get_args(answer)[0], objects)}[]"
    if get_origin(answer) is dict:
        return f"map of {_answer(get_args(answer)[1], objects)}"
    if get_args(answer):
        return " or ".join(_answer(choice, objects) for choice in get_args(answer))
    objects[_name(answer.__name__)] = _schema(answer, objects)
    return _name(answer.__name__)


def _schema(model: type[BaseModel], objects: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a model; the models inside it are noted in `objects`."""
    schema = model.model_json_schema()
    objects |= {_name(name): part for name, part in schema.pop("$defs", {}).items() if "properties" in part}
    schema.setdefault("properties", {})
    return schema


def _type(field: Mapping[str, Any]) -> str:
    """The type of a field and its limits, as in `string, 1 to 64 characters`."""
    if "$ref" in field:
        return _name(field["$ref"].rpartition("/")[2])
    if choices := field.get("anyOf") or field.get("oneOf"):
        return " or ".join(_type(choice) for choice in choices if choice.get("type") != "null")
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    return ", ".join([_plain_type(field), *_limits(field)]).replace("|", "\\|")


def _plain_type(field: Mapping[str, Any]) -> str:
    if field.get("type") == "array":
        return f"list of ({_type(field['items'])})" if "," in _type(field["items"]) else f"{_type(field['items'])}[]"
    values = [*field.get("patternProperties", {}).values(), field.get("additionalProperties")]
    if isinstance(values[0], dict):
        return f"map of {_type(values[0])}"
    return str(field.get("format") or field.get("type", "object"))


def _limits(field: Mapping[str, Any]) -> Iterator[str]:
    for (least, most), text in RANGES.items():
        if least in field and most in field:
            yield text.format(f"{field[least]} to {field[most]}")
        elif least in field or most in field:
            yield text.format(f"at least {field[least]}" if least in field else f"at most {field[most]}")
    if "pattern" in field:
        yield f"`{field['pattern']}`"


def _name(model: str) -> str:
    return model.removesuffix("View")


def _text(docstring: str | None) -> str:
    return " ".join((docstring or "").split())
