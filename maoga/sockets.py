"""Who is connected, for those who run the servers: what `maoga sockets` and `maoga kick` do."""

from collections import Counter
from datetime import UTC, datetime

from rich.table import Table

from domain.core.ids import UserId
from domain.core.model import Model, Timestamp
from maoga.bootstrap import Core


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

    def table(self) -> Table:
        """As a person reads it."""
        names = sorted(self.namespaces)
        table = Table("instance", "connections", *(f"/{name}" for name in names), show_footer=True)
        totals = ["all", self.connections, *(self.namespaces[name] for name in names)]
        for column, total in zip(table.columns, totals, strict=True):
            column.footer = str(total)
        for one in self.instances:
            table.add_row(one.instance, str(one.connections), *(str(one.namespaces.get(name, 0)) for name in names))
        return table


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

    def table(self) -> Table:
        """As a person reads it."""
        table = Table("instance", "connection", "since", "namespaces", title=f"{self.username} ({self.user_id})")
        for row in self.wire()["connections"]:
            table.add_row(row["instance"], row["id"], row["since"], " ".join(row["namespaces"]))
        return table


async def all_connections(core: Core) -> Connections:
    """Counts by instance and namespace."""
    counts = await core.presence.counts()
    total = Counter[str]()
    for one in counts.values():
        total.update(one.namespaces)
    return Connections(
        instances=[
            InstanceConnections(instance=name, connections=counts[name].connections, namespaces=counts[name].namespaces)
            for name in sorted(counts)
        ],
        connections=sum(one.connections for one in counts.values()),
        namespaces=dict(total),
    )


async def connections_of(core: Core, user: UserId) -> UserConnections:
    """Where a user is connected; raises `NotFound`."""
    who = await core.users.get(user)
    found = await core.presence.sockets_of(user)
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


async def kick(core: Core, user: UserId, reason: str) -> UserConnections:
    """Closes a user's connections on all instances; those there were. Raises `NotFound`."""
    there = await connections_of(core, user)
    await core.publisher.disconnect(user, reason=reason)
    return there
