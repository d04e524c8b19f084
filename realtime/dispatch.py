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
from types import CoroutineType
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

from loguru import logger
from orjson import Fragment

from domain.core import errors
from domain.core.events import Event
from domain.core.events import Namespace as NamespaceName
from domain.core.ids import new_id
from domain.core.model import Command, Model
from domain.core.trace import span, tracing
from realtime.auth import Session, SessionUser
from realtime.engine import Client
from realtime.envelope import failure, success
from realtime.metrics import SUCCESS, UNKNOWN, EventFigures, Metrics

C = TypeVar("C", bound=Command)
N = TypeVar("N")
A = TypeVar("A", bound="Answer | Awaitable[Any]")
D_co = TypeVar("D_co", bound="Model | Sequence[Model] | None", covariant=True)


FAULTS = frozenset({errors.Internal.code, errors.Timeout.code, errors.Unavailable.code})
"""Outcomes that are not the client's doing."""


@dataclass(frozen=True, slots=True)
class Reply(Generic[D_co]):
    """What a handler answers besides a plain model: `data` with `meta`."""

    data: D_co
    meta: Mapping[str, Any] = field(default_factory=dict)


Answer = Model | Sequence[Model] | Mapping[str, Model] | Reply[Any] | None
Method = Callable[[Any, SessionUser, Any], Answer | Awaitable[Answer]]


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
    [Callable[[N, SessionUser, C], A]],
    Callable[[N, SessionUser, C], A],
]:
    """Makes a method the handler of a client event, with `model` as its payload.

    A method that waits for nothing may be a plain function: it then runs in the turn in which the event came in.
    """

    def register(method: Callable[[N, SessionUser, C], A]) -> Callable[[N, SessionUser, C], A]:
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


class Entry:
    """A handler and whose method it is, with the figures kept of it."""

    __slots__ = ("attributes", "cost", "figures", "label", "method", "model", "owner", "timed")

    def __init__(self, owner: object, handler: Handler, label: str, figures: EventFigures) -> None:
        self.owner, self.method, self.model, self.cost = owner, handler.method, handler.model, handler.cost
        self.timed, self.label, self.figures = handler.timed, label, figures
        use_case = f"{handler.method.__module__}.{handler.method.__qualname__}"
        self.attributes = {"rpc.system.name": "socket.io", "rpc.method": label, "code.function.name": use_case}


class Dispatcher:
    """Handles the events of all namespaces."""

    def __init__(self, metrics: Metrics, *, timeout_s: float, debug: bool = False) -> None:
        """timeout_s: seconds after which an event is given up and acks `TIMEOUT`.

        debug: each event is logged with what it says, and failures of ours tell where they came from.
        """
        self._metrics, self._timeout_s, self._debug = metrics, timeout_s, debug
        self._tables: dict[str, dict[str, Entry]] = {}

    def add(self, namespace: str, owner: object, handlers: Mapping[str, Handler]) -> None:
        """Adds a table; its methods are called on `owner`. Raises TypeError when an event has a handler already."""
        table = self._tables.setdefault(namespace, {UNKNOWN: self._unknown(namespace)})
        for name, handler in handlers.items():
            if name in table:
                raise TypeError(f"/{namespace} has two handlers of {name}")
            figures = self._metrics.figures_of(namespace, name)
            table[name] = Entry(owner, handler, f"/{namespace} {name}", figures)

    def handle(self, session: Session, client: Client, name: str, arguments: Sequence[Any]) -> Any:
        """The ack of an event, or a coroutine that returns it."""
        started = time.perf_counter()
        table = self._tables[client.namespace]
        entry = table.get(name) or table[UNKNOWN]
        user: SessionUser = client.context
        try:
            if wait_ms := session.spend(entry.cost):
                raise errors.RateLimited(wait_ms)
            command = entry.model.parse(_payload(arguments))
            if self._debug:
                logger.debug("{} {!r} of user {}", entry.label, command, user.id)
            answer = entry.method(entry.owner, user, command)
            if type(answer) is CoroutineType:
                return self._finish(entry, user, answer, started)
            ack, outcome = _enveloped(cast("Answer", answer)), SUCCESS
        except errors.AppError as error:
            ack, outcome = failure(error), error.code
        except Exception as error:
            ack, outcome = self._crashed(entry, user, error), errors.Internal.code
        entry.figures.add(outcome, time.perf_counter() - started)
        return ack

    async def _finish(self, entry: Entry, user: SessionUser, answer: Awaitable[Answer], started: float) -> Any:
        """The ack of an event whose handler waits for something."""
        deadline = asyncio.timeout(self._timeout_s if entry.timed else None)
        with (
            tracing(request=new_id(), user=user.id, socket=user.sid, event=entry.label),
            span(entry.label, "server", entry.attributes) as part,
        ):
            try:
                async with deadline:
                    ack, outcome = _enveloped(await answer), SUCCESS
            except errors.AppError as error:
                ack, outcome = failure(error), error.code
            except TimeoutError as error:
                if deadline.expired():
                    ack, outcome = failure(errors.Timeout()), errors.Timeout.code
                else:
                    ack, outcome = self._crashed(entry, user, error), errors.Internal.code
            except Exception as error:
                ack, outcome = self._crashed(entry, user, error), errors.Internal.code
            if outcome in FAULTS:
                part.fail(outcome)
            if self._debug:
                ms = round((time.perf_counter() - started) * 1000, 1)
                logger.bind(ms=ms).debug("{} {} after {} ms", entry.label, outcome, ms)
        entry.figures.add(outcome, time.perf_counter() - started)
        return ack

    def _crashed(self, entry: Entry, user: SessionUser, error: Exception) -> dict[str, Any]:
        logger.bind(user=user.id, socket=user.sid, event=entry.label).exception("the event failed")
        return failure(errors.Internal(details=errors.stack_of(error) if self._debug else None))

    def _unknown(self, namespace: str) -> Entry:
        """What stands for every name that is not ours: it costs as much as one that is."""
        handler = Handler(UNKNOWN, AnyPayload, 1, _no_such_event)
        return Entry(None, handler, f"/{namespace} {UNKNOWN}", self._metrics.figures_of(namespace, UNKNOWN))


class AnyPayload(Command):
    """Whatever comes with an event nobody knows."""

    @classmethod
    def parse(cls, data: Any) -> Self:
        return cls()


def _no_such_event(*_: Any) -> None:
    raise errors.UnknownEvent


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
    """As JSON already made, which the ack only takes in."""
    if data is None:
        return None
    if isinstance(data, Model):
        return Fragment(data.wire_json())
    if isinstance(data, Mapping):
        return {key: Fragment(value.wire_json()) for key, value in data.items()}
    return [Fragment(item.wire_json()) for item in data]
