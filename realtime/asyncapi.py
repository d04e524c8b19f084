"""The AsyncAPI 3.1 document, made from the tables of the namespaces and the models of their events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from domain.core.events import Event
from domain.core.schemas import Schema, schemas_of
from realtime.auth import Handshake
from realtime.dispatch import Handler, Namespace, Reply, table_of
from realtime.events import Meta
from realtime.gateway import Common
from realtime.reference import COMMON_EVENTS

DESCRIPTION = """\
Socket.IO (protocol 5) at `/socket.io/`; each channel here is one of its namespaces. A client connects to a namespace
with `auth` (the schema `Handshake`). A client event takes one object and is acked. A server event is emitted as
`name, data, meta`: its payload is `data`, and its `headers` stand for `meta`, the second argument.
"""

FAILURE: Schema = {
    "type": "object",
    "description": "The ack of an event that was refused.",
    "properties": {
        "status": {"const": "error"},
        "error": {
            "type": "object",
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}, "details": {}},
            "required": ["code", "message"],
        },
    },
    "required": ["status", "error"],
}


@dataclass(frozen=True, slots=True)
class Message:
    """What goes one way in a namespace. key: names it there. payload: its type. action: what the server does with it.

    stream: on which it travels, of a server event. ack: what a client event is answered.
    """

    key: str
    name: str
    text: str
    payload: Any
    action: str
    stream: str | None = None
    durable: bool = False
    ack: Any = None


def asyncapi(namespaces: Sequence[type[Namespace]]) -> dict[str, Any]:
    """The document, ready for JSON."""
    spoken = {namespace.name: list(_messages(namespace)) for namespace in namespaces}
    everything = [message for messages in spoken.values() for message in messages]
    types = [kind for message in everything for kind in (message.payload, message.ack)]
    refs, schemas = schemas_of([Handshake, Meta, *(model for kind in types for model in _models(kind))])
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Maoga",
            "version": version("maoga"),
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"here": {"host": "localhost:8000", "pathname": "/socket.io/", "protocol": "ws"}},
        "channels": {space.name: _channel(space, spoken[space.name], refs) for space in namespaces},
        "operations": {
            f"{name}.{message.key}": _operation(name, message)
            for name, messages in spoken.items()
            for message in messages
        },
        "components": {"schemas": {"Failure": FAILURE, **_undiscriminated(dict(sorted(schemas.items())))}},
    }


def _messages(namespace: type[Namespace]) -> Iterator[Message]:
    """Everything that is said in a namespace."""
    for handler in {**table_of(Common), **namespace.handlers}.values():
        yield _client_event(handler)
    for stream, events in {"": COMMON_EVENTS, **namespace.sends}.items():
        for event in events:
            yield _server_event(event, stream or None)


def _client_event(handler: Handler) -> Message:
    answer = get_type_hints(handler.method)["return"]
    text = _line(handler.method.__doc__)
    return Message(f"client.{handler.name}", handler.name, text, handler.model, "receive", ack=answer)


def _server_event(event: type[Event], stream: str | None) -> Message:
    name = event.wire_name
    return Message(f"server.{name}", name, _line(event.__doc__), event, "send", stream, event.durable)


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    """The models in a type."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in get_args(kind):
        yield from _models(inner)


def _channel(space: type[Namespace], messages: list[Message], refs: Mapping[type[BaseModel], Schema]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for message in messages:
        about = {"name": message.name, "title": message.name, "summary": message.text}
        said[message.key] = {**about, "payload": _schema(message.payload, refs)}
        if message.action == "receive":
            said[_ack_key(message)] = {
                "name": f"ack of {message.name}",
                "payload": {"oneOf": [_success(message.ack, refs), {"$ref": "#/components/schemas/Failure"}]},
            }
        else:
            said[message.key] |= {"headers": refs[Meta], "x-durable": message.durable}
            if message.stream:
                said[message.key]["x-stream"] = message.stream
    return {"address": f"/{space.name}", "description": _line(space.__doc__), "messages": said}


def _operation(namespace: str, message: Message) -> dict[str, Any]:
    channel = f"#/channels/{namespace}"
    operation: dict[str, Any] = {
        "action": message.action,
        "channel": {"$ref": channel},
        "summary": message.text,
        "messages": [{"$ref": f"{channel}/messages/{message.key}"}],
    }
    if message.action == "receive":
        ack = {"$ref": f"{channel}/messages/{_ack_key(message)}"}
        operation["reply"] = {"channel": {"$ref": channel}, "messages": [ack]}
    return operation


def _ack_key(message: Message) -> str:
    return f"ack.{message.name}"


def _success(answer: Any, refs: Mapping[type[BaseModel], Schema]) -> Schema:
    return {
        "type": "object",
        "properties": {"status": {"const": "success"}, "data": _schema(answer, refs), "meta": {"type": "object"}},
        "required": ["status", "data"],
    }


def _schema(kind: Any, refs: Mapping[type[BaseModel], Schema]) -> Schema:
    """The schema of a payload or an ack's data."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is None or kind is NoneType:
        return {"type": "null"}
    if origin is Reply:
        return _schema(inner[0], refs)
    if origin in {list, Sequence}:
        return {"type": "array", "items": _schema(inner[0], refs)}
    if origin in {dict, Mapping}:
        return {"type": "object", "additionalProperties": _schema(inner[1], refs)}
    if origin in {Union, UnionType}:
        return {"anyOf": [_schema(choice, refs) for choice in inner]}
    return refs[kind]


def _undiscriminated(part: Any) -> Any:
    """Without OpenAPI's discriminators: AsyncAPI has a word that is written the same, for schemas named like values."""
    if isinstance(part, list):
        return [_undiscriminated(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: _undiscriminated(value) for key, value in part.items() if key != "discriminator" or "mapping" not in value
    }


def _line(docstring: str | None) -> str:
    return " ".join((docstring or "").split())
