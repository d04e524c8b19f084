"""Backups: taken of one moment while servers write, listed, and given up in time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.core.clock import Clock
from storage.upkeep.archive import (
    MANIFEST,
    BadBackup,
    Cipher,
    Manifest,
    Part,
    backup_name,
    cipher_of,
    line_of,
    new_salt,
    pack,
    part_of,
    read_manifest,
    write_manifest,
)
from storage.upkeep.shelves import Shelf
from storage.upkeep.store import NOTES, Snapshot, Store

PART_BYTES = 8 * 2**20
"""Of JSON, before it is compressed: no more than some of these are in memory at once."""
BROKEN_OFF = timedelta(days=1)
"""A backup without a manifest is no longer being written after this time."""

Tell = Callable[[str], None]


class CannotBackUp(Exception):
    """Why a backup is not taken; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A backup as it is listed. manifest: None while it is being written, and of one that was broken off."""

    id: str
    manifest: Manifest | None


async def back_up(
    store: Store, shelf: Shelf, collections: Sequence[str], *, secret: str, clock: Clock, version: str, tell: Tell
) -> Manifest:
    """Puts all documents of these collections, as they are at one moment, on the shelf as a new backup.

    secret: encrypts it; empty for none. version: of Maoga. tell: hears how far it has come. Raises `CannotBackUp` for a
    database whose restore has not come to its end.
    """
    now = clock.now()
    manifest = Manifest(
        id=backup_name(now),
        taken_at=now,
        finished_at=now,
        version=version,
        source=store.kind,
        migrations={},
        collections={},
        salt=new_salt() if secret else None,
    )
    cipher = cipher_of(manifest, secret)
    async with store.snapshot() as snapshot:
        notes = {note["id"]: note async for batch in snapshot.documents(NOTES) for note in batch}
        if "restore" in notes:
            raise CannotBackUp("the database is incomplete: its restore has not come to its end")
        parts = {}
        for collection in collections:
            writing = _Writing(shelf, manifest.id, collection, cipher, tell)
            parts[collection] = [part async for part in writing.parts(snapshot)]
    migrations = {id: dict(note) for id, note in notes.items() if id.startswith("migration:")}
    manifest = manifest.model_copy(update={"collections": parts, "finished_at": clock.now(), "migrations": migrations})
    await shelf.put(manifest.id, MANIFEST, write_manifest(manifest, cipher))
    return manifest


@dataclass(frozen=True, slots=True)
class _Writing:
    """The writing of one collection."""

    shelf: Shelf
    backup: str
    collection: str
    cipher: Cipher | None
    tell: Tell

    async def parts(self, snapshot: Snapshot) -> AsyncIterator[Part]:
        """The parts, each as it is written."""
        lines: list[bytes] = []
        size = number = documents = 0
        async for batch in snapshot.documents(self.collection):
            lines.extend(map(line_of, batch))
            size += sum(map(len, lines[-len(batch) :]))
            if size >= PART_BYTES:
                number, documents = number + 1, documents + len(lines)
                yield await self._write(number, lines)
                self.tell(f"{self.collection}: {documents:,} documents")
                lines, size = [], 0
        if lines:
            yield await self._write(number + 1, lines)
        self.tell(f"{self.collection}: {documents + len(lines):,} documents, all")

    async def _write(self, number: int, lines: list[bytes]) -> Part:
        name = f"{self.collection}.{number:05}.jsonl.gz" + (".enc" if self.cipher else "")
        data = await asyncio.to_thread(pack, name, lines, self.cipher)
        await self.shelf.put(self.backup, name, data)
        return part_of(name, len(lines), data)


async def manifest_of(shelf: Shelf, backup: str) -> Manifest:
    """The manifest of a backup, its seal unread; raises `BadBackup`."""
    try:
        data = await shelf.get(backup, MANIFEST)
    except ValueError as error:
        raise BadBackup(str(error)) from None
    if data is None:
        raise BadBackup(f"there is no backup {backup}, or it was broken off: `maoga backups` lists them")
    return read_manifest(backup, data)


async def listed(shelf: Shelf) -> list[Listed]:
    """The backups on a shelf, the oldest first."""
    found = []
    for id in await shelf.backups():
        data = await shelf.get(id, MANIFEST)
        try:
            found.append(Listed(id, read_manifest(id, data) if data else None))
        except BadBackup:
            continue  # of somebody else
    return found


async def keep_newest(shelf: Shelf, count: int, clock: Clock) -> list[str]:
    """Removes all backups but the newest `count`, and those broken off a day ago or longer; which went."""
    backups = await listed(shelf)
    whole = [kept.id for kept in backups if kept.manifest]
    stale = backup_name(clock.now() - BROKEN_OFF)
    gone = [
        *whole[: max(0, len(whole) - count)],
        *(kept.id for kept in backups if not kept.manifest and kept.id < stale),
    ]
    for id in gone:
        await shelf.remove(id, MANIFEST)
    return gone
