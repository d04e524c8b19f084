"""`maoga migrate`: the migrations of stored documents (docs/operations/migrations.md)."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import orjson
import typer
from rich.table import Table

from domain.core.clock import SystemClock
from maoga.cli import offline, print_table
from maoga.settings import Settings
from storage.documents.shapes import layout_digest
from storage.upkeep.migrations import FOLDER, Migrator, State, discover
from storage.upkeep.store import Store, open_store

migrate = typer.Typer(
    help="Migrations of stored documents. On the embedded default stop the server first; starting it migrates, too.",
    no_args_is_help=True,
)

NAME = re.compile(r"[a-z][a-z0-9_]{2,60}")

TEMPLATE = '''"""Say in one line what becomes of the documents.

Below it, why, and what servers of the version before make of it while they still run.
"""

from storage.upkeep.migrations import Data
from storage.upkeep.store import Stored

BREAKING = False  # whether servers of the version before cannot work on what this leaves


async def up(data: Data) -> None:
    """May run again after a crash: leave what is changed already as it is."""

    def change(document: Stored) -> Stored | None:
        return document

    await data.rewrite("collection", change)


async def down(data: Data) -> None:
    """Remove this function if there is no way back."""
'''

Number = Annotated[int | None, typer.Option(min=0, help="The last migration the database is to have.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """The database of the settings, for work on all of it."""
    from maoga.core import SPECS

    store = open_store(settings.database_url.get_secret_value(), SPECS, timeout_s=settings.database_timeout_s)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def migrator(settings: Settings) -> AsyncIterator[Migrator]:
    """What migrates the database of the settings."""
    from maoga.core import SPECS

    async with opened_store(settings) as store:
        yield Migrator(store, discover(), SystemClock(), layout=layout_digest(SPECS), worker=settings.instance)


@migrate.command()
def new(name: Annotated[str, typer.Argument(help="What it does, as in split_names.")]) -> None:
    """Begin the next migration: a file in storage/migrations/."""
    if not NAME.fullmatch(name):
        typer.echo("a name has lower-case letters, digits and underscores", err=True)
        raise typer.Exit(2)
    path = FOLDER / f"m{len(discover()) + 1:04}_{name}.py"
    path.write_text(TEMPLATE)
    typer.echo(path)


@migrate.command()
def up(*, to: Number = None, dry_run: DryRun = False) -> None:
    """Make the migrations that are to come, then indexes and validators; servers may go on meanwhile.

    Only one process does so at a time: another waits up to a minute for it. One that is killed can be run again.
    """

    async def run(settings: Settings) -> None:
        async with migrator(settings) as migrating:
            if dry_run:
                await migrating.rehearse(to, up=True, tell=typer.echo)
            else:
                await migrating.up(to, tell=typer.echo)
            _say(await migrating.state())

    offline(run)


@migrate.command()
def down(*, to: Number = None, dry_run: DryRun = False) -> None:
    """Undo the last migration, or all behind --to."""

    async def run(settings: Settings) -> None:
        async with migrator(settings) as migrating:
            applied = (await migrating.state()).applied
            last = to if to is not None else max(0, len(applied) - 1)
            if dry_run:
                await migrating.rehearse(last, up=False, tell=typer.echo)
            else:
                await migrating.down(last, tell=typer.echo)
            _say(await migrating.state())

    offline(run)


@migrate.command()
def status(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show what the database has had and what is to come; exit code 1 when it is not what this version wants."""

    async def run(settings: Settings) -> State:
        async with migrator(settings) as migrating:
            return await migrating.state()

    state = offline(run)
    if as_json:
        typer.echo(orjson.dumps(_as_json(state)))
    else:
        table = Table("migration", "what it does", "state")
        for each in (*state.applied, *state.pending):
            table.add_row(str(each), each.summary, "applied" if each in state.applied else "pending")
        for note in state.unknown:
            table.add_row(note["id"].removeprefix("migration:"), note["name"], "of a newer version")
        if table.rows:
            print_table(table)
        _say(state)
    raise typer.Exit(0 if state.current and not state.restoring else 1)


def _say(state: State) -> None:
    if state.restoring:
        typer.echo(f"incomplete: the restore of {state.restoring} has not come to its end")
    elif state.fresh:
        typer.echo("the database is empty")
    elif state.pending:
        typer.echo(f"{len(state.pending)} migrations to come")
    elif state.unknown:
        typer.echo("a newer version has migrated the database")
    else:
        typer.echo("up to date" if state.laid_out else "indexes and validators are to come: run `maoga migrate up`")


def _as_json(state: State) -> dict[str, object]:
    return {
        "applied": list(map(str, state.applied)),
        "pending": list(map(str, state.pending)),
        "unknown": [note["id"].removeprefix("migration:") for note in state.unknown],
        "fresh": state.fresh,
        "laidOut": state.laid_out,
        "restoring": state.restoring,
        "current": state.current,
    }
