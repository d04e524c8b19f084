"""`maoga backup`, `backups` and `restore`, and backups by a timetable (docs/operations/backup.md)."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version as installed
from typing import Annotated

import orjson
import typer
from loguru import logger
from rich.table import Table

from domain.core.clock import Clock, SystemClock
from domain.core.faults import arm
from domain.jobs.model import Job
from domain.jobs.runner import JobRunner
from maoga.cli import offline, print_table
from maoga.migrate import opened_store
from maoga.settings import Settings
from storage.documents.shapes import layout_digest
from storage.upkeep.archive import Manifest
from storage.upkeep.backup import CannotBackUp, Listed, Tell, back_up, keep_newest, listed
from storage.upkeep.migrations import discover
from storage.upkeep.restore import CannotRestore, Restore, open_backup
from storage.upkeep.shelves import Shelf, open_shelf

BACKUP_JOB = "backup"
TIMEOUT_S = 6 * 3600.0

At = Annotated[str | None, typer.Option(help="Folder, or s3://BUCKET[/PREFIX]; default MAOGA_BACKUP_URL.")]
Collections = Annotated[list[str] | None, typer.Option("--collection", help="Only this one; may be repeated.")]


def backup(
    *,
    at: At = None,
    collection: Collections = None,
    keep: Annotated[int, typer.Option(min=0, help="Then remove all but the newest so many; 0 for none.")] = 0,
) -> None:
    """Back up all documents as they are now; servers may go on writing.

    MAOGA_BACKUP_KEY (or the file MAOGA_BACKUP_KEY_FILE) encrypts it.
    """

    async def run(settings: Settings) -> Manifest:
        async with opened_shelf(settings, at) as shelf:
            manifest = await _take(settings, shelf, _known(collection), SystemClock(), _tell)
            for id in await keep_newest(shelf, keep, SystemClock()) if keep else []:
                _tell(f"removed {id}")
            return manifest

    typer.echo(offline(run).id)


def backups(*, at: At = None, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the backups, the newest last."""

    async def run(settings: Settings) -> list[Listed]:
        async with opened_shelf(settings, at) as shelf:
            return await listed(shelf)

    found = offline(run)
    if as_json:
        typer.echo(orjson.dumps([_summary(each) for each in found]))
        return
    table = Table("backup", "taken at (UTC)", "documents", "bytes", "encrypted", "of", "state")
    for each in found:
        it = each.manifest
        if it is None:
            table.add_row(each.id, *[""] * 5, "broken off, or being written")
        else:
            encrypted = "yes" if it.salt else "no"
            table.add_row(
                it.id, f"{it.taken_at:%F %T}", f"{_documents(it):,}", f"{it.size:,}", encrypted, it.source, ""
            )
    print_table(table)


def restore(
    name: Annotated[str, typer.Argument(help="Which backup, as `maoga backups` names it, or `latest`.")],
    *,
    at: At = None,
    collection: Collections = None,
    force: Annotated[bool, typer.Option("--force", help="Lose the documents that are there.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only read the backup, and say whether it is whole.")] = False,
) -> None:
    """Make the database of MAOGA_DATABASE_URL what a backup holds. Stop the servers first.

    Until it is through the database says that it is incomplete, and no server starts on it.
    """

    async def run(settings: Settings) -> Manifest:
        from maoga.core import SPECS

        arm(settings.fault_point)
        async with opened_shelf(settings, at) as shelf, opened_store(settings) as store:
            manifest = await open_backup(shelf, name)
            work = Restore(
                shelf,
                manifest,
                secret=settings.backup_secret(),
                migrations=discover(),
                layout=layout_digest(SPECS),
                clock=SystemClock(),
                worker=settings.instance,
                tell=_tell,
            )
            names = _known(collection) if collection else list(manifest.collections)
            if check:
                await work.check(names)
            else:
                await work.run(store, names, whole=not collection, force=force)
            return manifest

    manifest = offline(run)
    typer.echo(f"{'whole' if check else 'restored'}: {manifest.id}, as of {manifest.taken_at:%F %T} UTC")


def schedule(runner: JobRunner, settings: Settings, clock: Clock) -> None:
    """Has a worker take a backup whenever MAOGA_BACKUP_CRON says so."""

    async def take(_: Job) -> None:
        async with opened_shelf(settings, None) as shelf:
            manifest = await _take(settings, shelf, _known(None), clock, logger.debug)
            gone = await keep_newest(shelf, settings.backup_keep, clock) if settings.backup_keep else []
        logger.info("took backup {} of {} documents, removed {}", manifest.id, _documents(manifest), len(gone))

    runner.handle(BACKUP_JOB, take, timeout_s=TIMEOUT_S, at_once=1)
    if settings.backup_cron:
        runner.cron("backup", settings.backup_cron, BACKUP_JOB)


async def _take(settings: Settings, shelf: Shelf, names: list[str], clock: Clock, tell: Tell) -> Manifest:
    async with opened_store(settings) as store:
        secret, version = settings.backup_secret(), installed("maoga")
        return await back_up(store, shelf, names, secret=secret, clock=clock, version=version, tell=tell)


@asynccontextmanager
async def opened_shelf(settings: Settings, at: str | None) -> AsyncIterator[Shelf]:
    """The place at that URL, or that of the settings."""
    try:
        async with open_shelf(at or settings.backup_url or str(settings.var_dir / "backups")) as shelf:
            yield shelf
    except ImportError as error:
        raise CannotBackUp(f"{error.name} is missing: a bucket needs the extra `s3` of Maoga") from None


def _known(collections: list[str] | None) -> list[str]:
    from maoga.core import SPECS

    names = [spec.name for spec in SPECS]
    if unknown := [name for name in collections or () if name not in names]:
        raise CannotRestore(f"there is no collection {', '.join(unknown)}: there are {', '.join(names)}")
    return [name for name in names if name in collections] if collections else names


def _documents(manifest: Manifest) -> int:
    return sum(map(manifest.count, manifest.collections))


def _summary(found: Listed) -> dict[str, object]:
    if found.manifest is None:
        return {"id": found.id, "complete": False}
    shown = found.manifest.wire()
    counts = {name: found.manifest.count(name) for name in found.manifest.collections}
    return {
        **{name: shown[name] for name in ("id", "takenAt", "finishedAt", "version", "source")},
        **{"complete": True, "encrypted": found.manifest.salt is not None, "bytes": found.manifest.size},
        "collections": counts,
    }


def _tell(line: str) -> None:
    """Progress is for people; the answer alone goes to standard output."""
    print(line, file=sys.stderr)  # noqa: T201
