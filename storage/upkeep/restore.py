"""Restores: a backup becomes a database again, whole or not at all in the eyes of a server."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from domain.core.clock import Clock
from domain.core.faults import fault_point
from domain.core.model import rfc3339
from storage.upkeep.archive import BadBackup, Cipher, Manifest, Part, check, check_seal, cipher_of, unpack
from storage.upkeep.backup import manifest_of
from storage.upkeep.migrations import WAIT_S, Migration
from storage.upkeep.shelves import Shelf
from storage.upkeep.store import BATCH, Hold, Store

Tell = Callable[[str], None]


class CannotRestore(Exception):
    """Why a backup is not restored; the text says what to do."""


class Restore:
    """Restores one backup. Nothing is changed before `run`.

    migrations, layout: of this version. secret: the key of the backup, if it has one.
    """

    def __init__(
        self,
        shelf: Shelf,
        manifest: Manifest,
        *,
        secret: str,
        migrations: Sequence[Migration],
        layout: str,
        clock: Clock,
        worker: str,
        tell: Tell,
    ) -> None:
        self._shelf, self._manifest, self._migrations, self._layout = shelf, manifest, migrations, layout
        self._clock, self._worker, self._tell = clock, worker, tell
        self._cipher: Cipher | None = cipher_of(manifest, secret)

    async def check(self, collections: Sequence[str]) -> None:
        """Reads every part once; raises `BadBackup` for what is missing or was altered, `CannotRestore` for what this
        version does not know."""
        check_seal(self._manifest, self._cipher)
        known = {migration.note: migration.name for migration in self._migrations}
        for note, migration in self._manifest.migrations.items():
            if known.get(note) != migration["name"]:
                number = note.removeprefix("migration:")
                raise CannotRestore(f"the backup is of a newer version, with migration {number} {migration['name']}")
        for collection in collections:
            if collection not in self._manifest.collections:
                raise CannotRestore(f"the backup has no collection {collection}")
            for part in self._manifest.collections[collection]:
                await asyncio.to_thread(check, part, await self._bytes_of(part))
            self._tell(f"{collection}: {self._manifest.count(collection):,} documents checked")

    async def run(self, store: Store, collections: Sequence[str], *, whole: bool, force: bool) -> None:
        """Makes these collections of the database what the backup holds. whole: these are all there are.

        Until its end the database says that it is incomplete, and no server works on it; a restore that was killed is
        begun anew by another one. Documents that are there are in the way unless `force`. Raises `BadBackup`,
        `CannotRestore`, and `Busy` while somebody else is at work.
        """
        await self.check(collections)
        async with store.hold(self._worker, wait_s=WAIT_S) as hold:
            notes = await store.notes()
            begun = set(notes.get("restore", {}).get("collections", ()))
            await self._refuse(notes, begun, await store.filled(), collections, whole=whole, force=force)
            marker = {"backup": self._manifest.id, "at": rfc3339(self._clock.now()), "collections": list(collections)}
            await hold.note("restore", marker)
            for collection in collections:
                await hold.clear(collection)
                for part in self._manifest.collections[collection]:
                    await self._add(hold, collection, part)
                fault_point(f"restored_{collection}")
                self._tell(f"{collection}: {self._manifest.count(collection):,} documents restored")
            await self._finish(hold, notes)

    async def _refuse(
        self,
        notes: dict[str, Any],
        begun: set[str],
        filled: list[str],
        collections: Sequence[str],
        *,
        whole: bool,
        force: bool,
    ) -> None:
        if left := begun - set(collections):
            raise CannotRestore(f"a restore was broken off: restore {', '.join(sorted(left))} as well")
        in_the_way = [name for name in filled if name in collections and name not in begun]
        if in_the_way and not force:
            names = ", ".join(in_the_way[:5])
            raise CannotRestore(
                f"there are documents already ({names}): name a fresh database, or lose them by --force"
            )
        had = {id for id in notes if id.startswith("migration:")}
        if not whole and filled and not begun and had != self._manifest.migrations.keys():
            raise CannotRestore("the database has had other migrations than the backup: restore all collections")

    async def _add(self, hold: Hold, collection: str, part: Part) -> None:
        data = await self._bytes_of(part)
        documents = unpack(part, data, self._cipher)
        while batch := await asyncio.to_thread(lambda: list(islice(documents, BATCH))):
            await hold.add(collection, batch)

    async def _finish(self, hold: Hold, notes: dict[str, Any]) -> None:
        """The notes of the backup instead of those before; then indexes and validators, if this version knows them."""
        migrations = self._manifest.migrations
        for id in [id for id in notes if id == "layout" or (id.startswith("migration:") and id not in migrations)]:
            await hold.note(id, None)
        for id, note in migrations.items():
            await hold.note(id, note)
        if len(migrations) == len(self._migrations):
            self._tell("indexes and validators")
            await hold.lay_out()
            laid_out = {"digest": self._layout, "at": rfc3339(self._clock.now()), "by": self._worker}
            await hold.note("layout", laid_out)
        await hold.note("restore", None)

    async def _bytes_of(self, part: Part) -> bytes | None:
        try:
            return await self._shelf.get(self._manifest.id, part.name)
        except ValueError as error:
            raise BadBackup(str(error)) from None


async def open_backup(shelf: Shelf, backup: str) -> Manifest:
    """The manifest of the backup of that name, or of the newest for `latest`; raises `BadBackup`."""
    if backup != "latest":
        return await manifest_of(shelf, backup)
    for id in reversed(await shelf.backups()):
        try:
            return await manifest_of(shelf, id)
        except BadBackup:
            continue
    raise BadBackup("there is no backup")
