"""Backups and restores for tests, as the commands make them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from domain.core.clock import SystemClock
from domain.core.collection import Spec
from storage.documents.shapes import layout_digest
from storage.upkeep.archive import Manifest
from storage.upkeep.backup import back_up
from storage.upkeep.migrations import Migration
from storage.upkeep.restore import Restore, open_backup
from storage.upkeep.shelves import FolderShelf, Shelf
from storage.upkeep.store import Store, Stored, open_store
from tests.integration.storage.things import SPECS

KEY = "a key of the tests that nobody would guess"
TIMEOUT_S = 10


def quiet(line: str) -> None:
    """Nobody listens."""


async def take(url: str, shelf: Shelf, specs: Iterable[Spec[Any]] = SPECS, *, secret: str = "") -> Manifest:
    """A backup of all collections."""
    store = open_store(url, specs, timeout_s=TIMEOUT_S)
    names = [spec.name for spec in specs]
    try:
        return await back_up(store, shelf, names, secret=secret, clock=SystemClock(), version="1", tell=quiet)
    finally:
        await store.close()


async def put_back(
    url: str,
    shelf: Shelf,
    backup: str = "latest",
    specs: Iterable[Spec[Any]] = SPECS,
    *,
    only: list[str] | None = None,
    force: bool = False,
    secret: str = "",
    migrations: list[Migration] | None = None,
) -> None:
    """Restores a backup."""
    specs = list(specs)
    store = open_store(url, specs, timeout_s=TIMEOUT_S)
    try:
        manifest = await open_backup(shelf, backup)
        work = Restore(
            shelf,
            manifest,
            secret=secret,
            migrations=migrations or [],
            layout=layout_digest(specs),
            clock=SystemClock(),
            worker="test",
            tell=quiet,
        )
        await work.run(store, only or list(manifest.collections), whole=only is None, force=force)
    finally:
        await store.close()


async def everything(store: Store, specs: Iterable[Spec[Any]] = SPECS) -> dict[str, list[Stored]]:
    """All documents, by collection."""
    async with store.snapshot() as snapshot:
        return {spec.name: [it async for batch in snapshot.documents(spec.name) for it in batch] for spec in specs}


def folder(path: Path) -> FolderShelf:
    """A folder for backups."""
    return FolderShelf(path / "backups")
