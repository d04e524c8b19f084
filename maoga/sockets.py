"""Who is connected, for those who run the servers: what `maoga sockets` and `maoga kick` print and do."""

from rich.table import Table

from domain.admin.sockets import Connections, UserConnections
from domain.core.ids import UserId
from maoga.bootstrap import Core


def table(found: Connections | UserConnections) -> Table:
    """Connections as a person reads them."""
    return _counts(found) if isinstance(found, Connections) else _of_user(found)


def _counts(found: Connections) -> Table:
    names = sorted(found.namespaces)
    table = Table("instance", "connections", *(f"/{name}" for name in names), show_footer=True)
    totals = ["all", found.connections, *(found.namespaces[name] for name in names)]
    for column, total in zip(table.columns, totals, strict=True):
        column.footer = str(total)
    for one in found.instances:
        table.add_row(one.instance, str(one.connections), *(str(one.namespaces.get(name, 0)) for name in names))
    return table


def _of_user(found: UserConnections) -> Table:
    table = Table("instance", "connection", "since", "namespaces", title=f"{found.username} ({found.user_id})")
    for row in found.wire()["connections"]:
        table.add_row(row["instance"], row["id"], row["since"], " ".join(row["namespaces"]))
    return table


async def kick(core: Core, user: UserId, reason: str) -> UserConnections:
    """Closes a user's connections on all instances; those there were. Raises `NotFound`."""
    there = await core.desks.sockets.of(user)
    await core.publisher.disconnect(user, reason=reason)
    return there
