"""How a test gets in."""

from typing import Any

from tests.integration.realtime.node import token_of
from tests.integration.realtime.wire import CONNECT, CONNECT_ERROR, Wire


async def enter(client: Wire, user: str = "ann", namespace: str = "/lobby", **token: Any) -> Any:
    """Connects as a user; the `hello`."""
    answer = await client.connect(namespace, {"token": token_of(user, **token)})
    assert answer.kind == CONNECT, answer
    hello, meta = await client.event("hello")
    assert set(meta) == {"at"}
    return hello


def refusal_of(packet: Any) -> str:
    """The code in a CONNECT_ERROR."""
    assert packet.kind == CONNECT_ERROR
    assert set(packet.data) == {"message", "data"}
    return str(packet.data["data"]["code"])
