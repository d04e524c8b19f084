"""What the commands share: settings, storage, and how they print."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from domain.core.errors import AppError, ValidationFailed
from maoga.settings import Role, Settings
from storage.documents.sqlite import DatabaseInUse
from storage.upkeep.archive import BadBackup
from storage.upkeep.backup import CannotBackUp
from storage.upkeep.migrations import CannotMigrate, CannotServe
from storage.upkeep.restore import CannotRestore
from storage.upkeep.store import Busy, HoldLost, SnapshotGone

T = TypeVar("T")

REFUSALS = (
    *(DatabaseInUse, Busy, HoldLost, SnapshotGone),
    *(CannotMigrate, CannotServe, CannotBackUp, CannotRestore, BadBackup),
)
"""What stands in the way of work on the whole database, in words for those who do it."""


def read_settings(role: Role | None = None) -> Settings:
    """The settings, or exit code 2 with every problem in words."""
    try:
        return Settings(role=role) if role else Settings()
    except ValidationError as error:
        for fault in error.errors():
            if fault["type"] == "default_factory_not_called":
                continue  # follows from another fault
            name = "".join(f"MAOGA_{part.upper()}: " for part in map(str, fault["loc"][:1]))
            typer.echo(f"{name}{fault['msg'].removeprefix('Value error, ')}", err=True)
        raise typer.Exit(2) from None


def offline(work: Callable[[Settings], Coroutine[Any, Any, T]], *, shared: bool = False) -> T:
    """Runs a command on the storage; problems are told in words. shared: beside the servers that use it."""
    from maoga.bootstrap import CannotStart

    settings = read_settings()
    if shared and settings.embedded:
        typer.echo(
            "this needs data that processes share: set MAOGA_DATABASE_URL to mongodb://... and MAOGA_REDIS_URL to "
            "redis://... (the embedded default's data belong to the one process that serves)",
            err=True,
        )
        raise typer.Exit(2)
    try:
        return asyncio.run(work(settings))
    except ValidationFailed as error:
        for fault in error.faults:
            typer.echo(f"{fault['field']}: {fault['message']}", err=True)
        raise typer.Exit(2) from None
    except (CannotStart, AppError, *REFUSALS) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def print_table(table: Table) -> None:
    """Prints a table, in full width when nobody looks at it in a terminal."""
    Console(width=None if sys.stdout.isatty() else 200).print(table)
