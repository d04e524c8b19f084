"""The table of a namespace."""

import pytest
from prometheus_client import CollectorRegistry

from domain.core.model import Empty
from realtime.auth import SessionUser
from realtime.dispatch import Dispatcher, Namespace, on
from realtime.engine.origin import origin_allowed
from realtime.metrics import Metrics


def test_a_namespace_lists_its_handlers() -> None:
    """Name, model and cost as the decorator says."""

    class Lobby(Namespace):
        name = "lobby"

        @on("start", Empty, cost=3)
        async def start(self, user: SessionUser, command: Empty) -> None: ...

    (handler,) = Lobby.handlers.values()
    assert (handler.name, handler.model, handler.cost) == ("start", Empty, 3)


def test_two_handlers_of_one_event_are_a_bug() -> None:
    """Found when the class is made, not when the event comes."""
    with pytest.raises(TypeError, match="two handlers of start"):

        class Lobby(Namespace):
            name = "lobby"

            @on("start", Empty)
            async def start(self, user: SessionUser, command: Empty) -> None: ...

            @on("start", Empty)
            async def begin(self, user: SessionUser, command: Empty) -> None: ...


def test_a_built_in_event_cannot_be_taken() -> None:
    """`ping` and `renew` belong to every namespace."""

    class Lobby(Namespace):
        name = "lobby"

        @on("ping", Empty)
        async def ping(self, user: SessionUser, command: Empty) -> None: ...

    dispatcher = Dispatcher(Metrics(CollectorRegistry()), timeout_s=1)
    dispatcher.add("lobby", Lobby(), Lobby.handlers)
    with pytest.raises(TypeError, match="two handlers of ping"):
        dispatcher.add("lobby", object(), Lobby.handlers)


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "welcome"),
    [
        (None, "a.example", (), True),
        ("https://a.example", "a.example", (), True),
        ("http://A.example:8000", "a.example:8000", (), True),
        ("http://a.example:8001", "a.example:8000", (), False),
        ("https://b.example", "a.example", ("https://b.example",), True),
        ("http://b.example", "a.example", ("https://b.example",), False),
        ("https://b.example", "a.example", ("*",), True),
        ("null", "a.example", (), False),
        ("", "a.example", (), False),
        ("", "", (), False),
        ("https://a.example", None, (), False),
        ("http://[", "[", (), False),
    ],
)
def test_origins(origin: str | None, host: str | None, allowed: tuple[str, ...], welcome: bool) -> None:
    """No origin, the same host, or one of the allowed."""
    assert origin_allowed(origin, host, allowed) is welcome
