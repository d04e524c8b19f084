"""What there is to say and to hear, as the code that serves it has it, and whether something is as it should be."""

import re
from copy import deepcopy
from functools import cache, reduce
from operator import getitem
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from domain.core.events import Event
from maoga.reference import NAMESPACES
from realtime.dispatch import Reply, table_of
from realtime.gateway import Common
from realtime.reference import COMMON_EVENTS

CONNECTION = "the connection"
"""In the place of a stream, for events that are on none."""

Pair = tuple[str, str]


def _answer(method: Any) -> Any:
    """The type of a handler's data."""
    answer = get_type_hints(method)["return"]
    return get_args(answer)[0] if get_origin(answer) is Reply else answer


SAID: dict[Pair, Any] = {
    (namespace.name, event): _answer(handler.method)
    for namespace in NAMESPACES
    for event, handler in {**namespace.handlers, **table_of(Common)}.items()
}
"""Every client event, by namespace and name, with the type of its answer."""

HEARD: dict[Pair, type[Event]] = {
    (stream, event.wire_name): event
    for stream, events in [(CONNECTION, COMMON_EVENTS), *(sent for name in NAMESPACES for sent in name.sends.items())]
    for event in events
}
"""Every server event, by the kind of its stream (`lobby:<lobbyId>`) and name."""

_STREAMS = {re.compile(re.sub("<[^>]*>", "[A-Za-z0-9_-]+", stream)): stream for stream, _ in HEARD}


def kind_of(stream: str | None) -> str:
    """The kind of a stream as the registry names it."""
    if stream is None:
        return CONNECTION
    (kind,) = (kind for pattern, kind in _STREAMS.items() if pattern.fullmatch(stream))
    return kind


class Record:
    """What was said with success, and heard. Each answer and event is compared with its model, field by field."""

    def __init__(self) -> None:
        self.said: set[Pair] = set()
        self.heard: set[Pair] = set()
        self.faults: list[str] = []

    def say(self, namespace: str, event: str, data: Any) -> None:
        """An event was answered with that."""
        self.said.add((namespace, event))
        self._compare(SAID[namespace, event], data, f"the answer to /{namespace} {event}")

    def hear(self, name: str, data: Any, meta: dict[str, Any]) -> None:
        """An event has come."""
        kind = kind_of(meta.get("stream"))
        if (kind, name) not in HEARD:
            self.faults.append(f"{name} on {kind} is not in the registry")
            return
        event = HEARD[kind, name]
        if event.durable != ("seq" in meta):
            self.faults.append(f"{name} on {kind} has {meta}")
        self.heard.add((kind, name))
        self._compare(event, data, f"{name} on {kind}")

    def missing(self) -> list[Pair]:
        """What nobody has said or heard."""
        return sorted((SAID.keys() - self.said) | (HEARD.keys() - self.heard))

    def _compare(self, annotation: Any, data: Any, what: str) -> None:
        model = _model(annotation)
        try:
            read = model.validate_python(_whole(model, data))
        except ValidationError as error:
            self.faults.append(f"{what} is not its model's: {error}")
            return
        again = model.dump_python(read, mode="json", by_alias=True, exclude_none=True)
        if again != data:
            self.faults.append(f"{what} is {data}, by its model {again}")


@cache
def _model(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


def _whole(model: TypeAdapter[Any], data: Any) -> Any:
    """The data with null for what has no value, which is left out on the wire."""
    try:
        model.validate_python(data)
    except ValidationError as error:
        data = deepcopy(data)
        for fault in error.errors():
            if fault["type"] == "missing":
                *path, field = fault["loc"]
                reduce(getitem, path, data)[field] = None
    return data
