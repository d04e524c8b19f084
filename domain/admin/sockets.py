"""What the operators see of connections: per instance and namespace, and of one user."""

from collections import Counter
from datetime import UTC, datetime

from domain.core.ids import UserId
from domain.core.model import Model, Timestamp
from domain.presence.presence import Presence
from domain.users.users import Users


class InstanceConnections(Model):
    """How many connections an instance has, and how many of them are in each namespace."""

    instance: str
    connections: int
    namespaces: dict[str, int]


class Connections(Model):
    """The connections of all living instances, as each of them said within the last seconds."""

    instances: list[InstanceConnections]
    connections: int
    namespaces: dict[str, int]


class UserConnection(Model):
    """One connection of a user. id: as in the log. since: when it came."""

    instance: str
    id: str
    since: Timestamp
    namespaces: tuple[str, ...]


class UserConnections(Model):
    """All connections of a user."""

    user_id: UserId
    username: str
    connections: list[UserConnection]


class Sockets:
    """The use cases of those who watch the connections."""

    def __init__(self, presence: Presence, users: Users) -> None:
        self._presence, self._users = presence, users

    async def all(self) -> Connections:
        """Counts by instance and namespace."""
        counts = await self._presence.counts()
        total = Counter[str]()
        for one in counts.values():
            total.update(one.namespaces)
        return Connections(
            instances=[
                InstanceConnections(
                    instance=name, connections=counts[name].connections, namespaces=dict(counts[name].namespaces)
                )
                for name in sorted(counts)
            ],
            connections=sum(one.connections for one in counts.values()),
            namespaces=dict(total),
        )

    async def of(self, user: UserId) -> UserConnections:
        """Where a user is connected; raises `NotFound`."""
        who = await self._users.get(user)
        found = await self._presence.sockets_of(user)
        return UserConnections(
            user_id=user,
            username=who.username,
            connections=[
                UserConnection(
                    instance=instance,
                    id=connection.id,
                    since=datetime.fromtimestamp(connection.since / 1000, UTC),
                    namespaces=connection.namespaces,
                )
                for instance, connections in sorted(found.items())
                for connection in connections
            ],
        )
