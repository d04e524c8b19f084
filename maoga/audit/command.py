"""`maoga audit`: whether what must hold in a living system does (docs/operations/audit.md)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

import orjson
import typer
from redis.exceptions import RedisError
from rich.markup import escape
from rich.table import Table

from domain.core.clock import SystemClock
from domain.core.errors import AppError
from maoga.audit.inspection import PAUSE_S, Invariant, Result, inspect
from maoga.audit.invariants import invariants
from maoga.cli import REFUSALS, print_table, read_settings
from maoga.core import SPECS
from maoga.keys import sealing
from maoga.settings import Settings
from storage.documents.factory import open_database
from storage.redis.factory import open_redis
from storage.redis.tickets import RedisTicketPool

CONNECTIONS = 10


def audit(
    *,
    patience: Annotated[
        float, typer.Option(min=0, max=600, help="Seconds for which what seems broken is looked at again.")
    ] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check on the live documents and the index in Redis that what must always hold does; change nothing.

    What is broken only for a moment, as is natural in a system that lives, is not told. On the embedded default stop
    the server first. Exit code 0: nothing is broken. 1: something is. 2: the audit could not be made.
    """
    settings = read_settings()
    try:
        results = asyncio.run(_audit(settings, patience))
    except (AppError, OSError, RedisError, RuntimeError, *REFUSALS) as error:
        typer.echo(f"maoga audit: {error.__cause__ or error}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(orjson.dumps(_json(results)))
    else:
        _print(results, settings)
    raise typer.Exit(int(any(result.wrong for result in results)))


async def _audit(settings: Settings, patience_s: float) -> list[Result]:
    async with opened(settings) as rules:
        return await inspect(rules, pause_s=min(PAUSE_S, patience_s), patience_s=patience_s)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Sequence[Invariant[Any]]]:
    """The rules on the storage of the settings. The pool of the embedded default ends with the process that serves."""
    database = await open_database(
        settings.database_url.get_secret_value(),
        SPECS,
        timeout_s=settings.database_timeout_s,
        pool_size=CONNECTIONS,
        sealing=sealing(settings),
        make_indexes=False,
    )
    try:
        if settings.redis_in_process:
            yield invariants(database, None, SystemClock())
            return
        redis = open_redis(settings.redis_url.get_secret_value(), timeout_s=settings.redis_timeout_s)
        try:
            yield invariants(database, RedisTicketPool(redis), SystemClock())
        finally:
            await redis.aclose()
    finally:
        await database.close()


def _json(results: Sequence[Result]) -> dict[str, Any]:
    return {
        "broken": any(result.wrong for result in results),
        "invariants": [
            {
                "name": result.name,
                "rule": result.rule,
                "lookedAt": result.looked_at,
                "more": result.more,
                "findings": [{"id": id, "said": said} for id, words in result.wrong.items() for said in words],
            }
            for result in results
        ],
    }


def _print(results: Sequence[Result], settings: Settings) -> None:
    table = Table("invariant", "looked at", "broken", "rule")
    for result in results:
        count = f"[bold red]{len(result.wrong)}{' and more' if result.more else ''}[/]" if result.wrong else "-"
        table.add_row(result.name, f"{result.looked_at:,}", count, result.rule)
    print_table(table)
    for result in results:
        for id, words in result.wrong.items():
            for said in words:
                typer.echo(f"{result.name}: {escape(id)} {said}")
    if settings.redis_in_process:
        typer.echo("the pool of waiting tickets was not looked at: it is in the memory of the process that serves")
