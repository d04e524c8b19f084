"""From an event to one use case and its ack.

A namespace is a class whose methods carry `@on`:

    class LobbyNamespace(Namespace):
        name = "lobby"

        @on("set_ready", SetReady)
        async def set_ready(self, user: SessionUser, command: SetReady) -> LobbyView:
            return await self._lobbies.set_ready(user.id, command)

It is validated, limited, timed and acked here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from loguru import logger

from domain.core import errors
from domain.core.events import Event
from domain.core.events import Namespace as NamespaceName
from domain.core.model import Command, Model
from realtime.auth import Session, SessionUser
from realtime.engine import Client
from realtime.envelope import failure, success
from realtime.metrics import UNKNOWN, Metrics

C = TypeVar("C", bound=Command)
N = TypeVar("N")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers besides a plain model: `data` with `meta`."""

    data: "Model | Sequence[Model] | None"
    meta: Mapping[str, Any] = field(default_factory=dict)


Answer = Model | Sequence[Model] | Mapping[str, Model] | Reply | None
Method = Callable[[Any, SessionUser, Any], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Handler:
    """A line in the table of a namespace.

    cost: how many tokens of the rate limits the event takes. timed: it is given up when it takes too long.
    """

    name: str
    model: type[Command]
    cost: int
    method: Method
    timed: bool = True


def on(
    name: str, model: type[C], *, cost: int = 1, timed: bool = True
) -> Callable[
    [Callable[[N, SessionUser, C], Awaitable[Answer]]],
    Callable[[N, SessionUser, C], Awaitable[Answer]],
]:
    """Makes a method the handler of a client event, with `model` as its payload."""

    def register(
        method: Callable[[N, SessionUser, C], Awaitable[Answer]],
    ) -> Callable[[N, SessionUser, C], Awaitable[Answer]]:
        method.__handler__ = Handler(name, model, cost, method, timed)  # type: ignore[attr-defined]
        return method

    return register


def table_of(kind: type) -> dict[str, Handler]:
    """The handlers among the methods of a class, by event; raises TypeError when two claim one event."""
    table: dict[str, Handler] = {}
    for attribute in vars(kind).values():
        handler: Handler | None = getattr(attribute, "__handler__", None)
        if handler is None:
            continue
        if handler.name in table:
            raise TypeError(f"{kind.__name__} has two handlers of {handler.name}")
        table[handler.name] = handler
    return table


class Namespace:
    """Base of the namespaces.

    name: without the slash. sends: the events it sends besides those of every namespace, by the stream they travel on
    (`lobby:<lobbyId>`), for the reference. handlers: the table, made from the methods with `@on`.
    """

    name: ClassVar[NamespaceName]
    sends: ClassVar[Mapping[str, Sequence[type[Event]]]] = {}
    handlers: ClassVar[Mapping[str, Handler]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.handlers = table_of(cls)

    async def streams_of(self, user: SessionUser) -> Sequence[str]:
        """The streams the user's sockets follow besides the user's own in this namespace."""
        return ()


class Dispatcher:
    """Handles the events of all namespaces."""

    def __init__(self, metrics: Metrics, *, timeout_s: float) -> None:
        """timeout_s: seconds after which an event is given up and acks `TIMEOUT`."""
        self._metrics, self._timeout_s = metrics, timeout_s
        self._handlers: dict[tuple[str, str], tuple[object, Handler]] = {}

    def add(self, namespace: str, owner: object, handlers: Mapping[str, Handler]) -> None:
        """Adds a table; its methods are called on `owner`. Raises TypeError when an event has a handler already."""
        for name, handler in handlers.items():
            if (namespace, name) in self._handlers:
                raise TypeError(f"/{namespace} has two handlers of {name}")
            self._handlers[namespace, name] = (owner, handler)

    async def handle(self, session: Session, client: Client, name: str, arguments: Sequence[Any]) -> dict[str, Any]:
        """The ack of an event."""
        started = time.perf_counter()
        known = self._handlers.get((client.namespace, name))
        label = name if known else UNKNOWN
        user = session.user(client)
        with logger.contextualize(user=user.id, socket=client.sid, event=f"/{client.namespace} {label}"):
            try:
                ack = await self._call(session, user, known, arguments)
                outcome = "success"
            except errors.AppError as error:
                ack, outcome = failure(error), error.code
            except Exception:
                logger.exception("the event failed")
                ack, outcome = failure(errors.Internal()), errors.Internal.code
        self._metrics.event_in(client.namespace, label, outcome, time.perf_counter() - started)
        return ack

    async def _call(
        self, session: Session, user: SessionUser, known: tuple[object, Handler] | None, arguments: Sequence[Any]
    ) -> dict[str, Any]:
        owner, handler = known or (None, None)
        if wait_ms := session.spend(handler.cost if handler else 1):
            raise errors.RateLimited(wait_ms)
        if handler is None:
            raise errors.UnknownEvent
        command = handler.model.parse(_payload(arguments))
        deadline = asyncio.timeout(self._timeout_s if handler.timed else None)
        try:
            async with deadline:
                answer = await handler.method(owner, user, command)
        except TimeoutError as error:
            if deadline.expired():
                raise errors.Timeout from error
            raise
        return _enveloped(answer)


def _payload(arguments: Sequence[Any]) -> Any:
    """The one object an event takes; without any argument it is empty."""
    if not arguments:
        return {}
    if len(arguments) > 1 or not isinstance(arguments[0], dict):
        raise errors.ValidationFailed([{"field": "(body)", "message": "An event takes one object"}])
    return arguments[0]


def _enveloped(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Reply):
        return success(_wire(answer.data), answer.meta)
    return success(_wire(answer))


def _wire(data: Model | Sequence[Model] | Mapping[str, Model] | None) -> Any:
    if data is None or isinstance(data, Model):
        return data and data.wire()
    if isinstance(data, Mapping):
        return {key: value.wire() for key, value in data.items()}
    return [item.wire() for item in data]
