"""Connections of users in the presence, without sockets."""

from collections.abc import Iterable

from domain.core.ids import UserId
from domain.presence.presence import Connection, Counts, Holding, Presence, Standing

NOBODY = Counts(0, {})


def held(*ids: str, admitted: int | None = None) -> Holding:
    """A user's connections on one instance, admitted unless said otherwise."""
    connections = [Connection(id, 1000, ("lobby",)) for id in ids]
    return Holding(connections, len(connections) if admitted is None else admitted)


async def put(presence: Presence, user: UserId, *ids: str, admitted: int | None = None) -> Standing:
    """Says which connections of one user the instance holds now."""
    standings = await presence.put({user: held(*ids, admitted=admitted)}, NOBODY)
    assert standings is not None
    return standings[user]


async def connect(presence: Presence, users: Iterable[UserId]) -> None:
    """Gives each of the users one connection to the instance, whose lease is renewed."""
    await presence.beat(NOBODY)
    assert await presence.put({user: held(f"socket-{user}") for user in users}, NOBODY) is not None
