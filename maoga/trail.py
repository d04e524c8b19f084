"""`maoga lobby-trail`: what happened to a lobby, for support."""

from collections.abc import Mapping
from typing import Annotated

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from domain.core.errors import NotFound
from domain.core.ids import LobbyId, UserId
from domain.lobbies.trail import FieldChange, TrailEntry
from domain.users.model import User
from maoga.cli import offline, print_table
from maoga.settings import Settings

SHOWN = 10_000


def lobby_trail(
    lobby_id: Annotated[str, typer.Argument(help="Id of the lobby.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show who changed what in a lobby, and when; kept are 90 days. On the embedded default stop the server first."""
    from maoga.bootstrap import open_core

    async def run(settings: Settings) -> tuple[list[TrailEntry], dict[UserId, User]]:
        async with open_core(settings) as core:
            entries = await core.trail.of(LobbyId(lobby_id), SHOWN)
            if not entries:
                raise NotFound("There is no trail of such a lobby.")
            return entries, await core.users.get_many([entry.by for entry in entries if entry.by])

    entries, users = offline(run)
    if as_json:
        typer.echo(orjson.dumps([entry.wire() for entry in entries]))
    else:
        print_table(_table(entries, users))


def _table(entries: list[TrailEntry], users: Mapping[UserId, User]) -> Table:
    table = Table("at (UTC)", "version", "by", "what", "changes")
    for entry in entries:
        user = users.get(entry.by) if entry.by else None
        table.add_row(
            f"{entry.at:%F %T.%f}"[:-3],
            str(entry.revision),
            user.username if user else entry.by or "(server)",
            "\n".join(entry.what),
            escape("\n".join(map(_line, entry.changes))),
        )
    return table


def _line(change: FieldChange) -> str:
    return f"{change.field}: {change.before or '-'} -> {change.after or '-'}"
