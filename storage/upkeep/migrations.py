"""Migrations: what a release changes in stored documents, step by numbered step, and who may serve in between.

A migration is a file `m0007_what_it_does.py` with a docstring, `async def up(data: Data)`, where it can be undone
`async def down(data: Data)`, and `BREAKING = True` where servers of the version before could not work on what it
leaves. Each can be run again after a crash: what it has changed already, it leaves. docs/operations/migrations.md says
how to write one, and what order a rollout has.
"""

import asyncio
import importlib.util
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.core.clock import Clock
from domain.core.model import rfc3339
from storage.upkeep.extended_json import encoded
from storage.upkeep.store import Hold, Store, Stored

FOLDER = Path(__file__).parents[1] / "migrations"
FILE = re.compile(r"m(\d{4})_(\w+)\.py")
TRIES = 5
ASK_AGAIN_S = 0.3
WAIT_S = 60.0
"""For so long a server waits for a migration, and a migration for one that another process makes."""

Change = Callable[[Stored], Stored | None]


class CannotMigrate(Exception):
    """Why a migration cannot be made; the text says what to do."""


class CannotServe(Exception):
    """Why no server of this version can work on the database; the text says what to do."""


class Data:
    """The stored documents, for one migration. Without a hold nothing is changed, and `done` says what would be."""

    def __init__(self, read: Callable[[str], AsyncIterator[list[Stored]]], hold: Hold | None) -> None:
        self._read, self._hold = read, hold
        self._earlier: dict[str, list[Change]] = {}
        self.done: list[str] = []

    async def rewrite(self, collection: str, change: Change) -> None:
        """Turns every document of a collection into what `change` makes of it (None: removes it).

        change: a pure function, which leaves what it has made as it is. What servers write meanwhile is not
        overwritten.
        """
        earlier = self._earlier.setdefault(collection, [])
        count = 0
        async for batch in self._read(collection):
            count += await self._rewrite(collection, _all_of([*earlier, change]), batch)
        if self._hold is None:
            earlier.append(change)  # the next migration is to see what this one would leave
        self.done.append(f"{collection}: {count} documents")

    async def drop_index(self, collection: str, *key: str) -> None:
        """Removes the index over these fields, which no spec names any more."""
        if self._hold:
            await self._hold.drop_index(collection, key)
        self.done.append(f"{collection}: no index over {', '.join(key)}")

    async def _rewrite(self, collection: str, change: Change, batch: list[Stored]) -> int:
        for _ in range(TRIES):
            changes = [(old, new) for old in batch if not _same(old, new := change(deepcopy(old)))]
            if not changes or self._hold is None or await self._hold.change(collection, changes):
                return len(changes)
            batch = await self._hold.again(collection, [old["id"] for old, _ in changes])
        raise CannotMigrate(f"the documents of {collection} change too quickly: try again when there is less to do")


Step = Callable[[Data], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Migration:
    """A numbered step. summary: the first line of its docstring."""

    number: int
    name: str
    summary: str
    breaking: bool
    up: Step
    down: Step | None

    @property
    def note(self) -> str:
        """The id of its note."""
        return f"migration:{self.number:04}"

    def __str__(self) -> str:
        return f"{self.number:04} {self.name}"


@dataclass(frozen=True, slots=True)
class State:
    """What a database has had of the migrations that this version knows.

    unknown: notes of those it does not know. fresh: it was never laid out and has no documents. laid_out: its indexes
    and validators are those of this version, as far as the notes tell. restoring: the backup whose restore has not
    come to its end.
    """

    applied: Sequence[Migration]
    pending: Sequence[Migration]
    unknown: Sequence[Stored]
    fresh: bool
    laid_out: bool
    restoring: str | None

    @property
    def current(self) -> bool:
        """Whether nothing is left to do."""
        return not self.pending and (self.laid_out or bool(self.unknown))

    def check(self) -> None:
        """Raises `CannotServe` where waiting would not help."""
        if self.restoring:
            raise CannotServe(f"the restore of {self.restoring} has not come to its end: run `maoga restore` again")
        if breaking := [note for note in self.unknown if note.get("breaking")]:
            raise CannotServe(
                f"a newer version has migrated the database to {_named(breaking[-1])}, with which this one cannot "
                "work: install that version, or undo the migration with its `maoga migrate down`"
            )


def discover(folder: Path = FOLDER) -> list[Migration]:
    """The migrations in a folder, in order; raises `CannotMigrate` when their numbers are not 1, 2, 3, ..."""
    found = [_load(path) for path in sorted(folder.iterdir()) if FILE.fullmatch(path.name)]
    for expected, migration in enumerate(found, 1):
        if migration.number != expected:
            raise CannotMigrate(f"{migration} is in the place of {expected:04}: migrations are numbered without gaps")
    return found


class Migrator:
    """Migrates a database. layout: a digest of the specs; a database laid out by another one is laid out anew."""

    def __init__(
        self, store: Store, migrations: Sequence[Migration], clock: Clock, *, layout: str, worker: str
    ) -> None:
        self._store, self._migrations, self._clock = store, list(migrations), clock
        self._layout, self._worker = layout, worker

    async def state(self) -> State:
        """How the database stands; raises `CannotMigrate` when its migrations are others of the same number."""
        notes = await self._store.notes()
        for migration in self._migrations:
            if notes.get(migration.note, {}).get("name", migration.name) != migration.name:
                raise CannotMigrate(
                    f"the database has had another {migration.number:04}: {notes[migration.note]['name']}"
                )
        known = {migration.note for migration in self._migrations}
        had = sorted(id for id in notes if id.startswith("migration:"))
        return State(
            applied=[migration for migration in self._migrations if migration.note in notes],
            pending=[migration for migration in self._migrations if migration.note not in notes],
            unknown=[{"id": id, **notes[id]} for id in had if id not in known],
            fresh=not notes and not await self._store.filled(),
            laid_out=notes.get("layout", {}).get("digest") == self._layout,
            restoring=notes.get("restore", {}).get("backup"),
        )

    async def admit(self, *, apply: bool, wait_s: float = WAIT_S) -> State:
        """Returns when a server of this version can work on the database; raises `CannotServe` when it cannot.

        A fresh database is laid out. One with migrations to come gets them here if `apply`; else somebody else's
        `maoga migrate up` is waited for. A database that is further than this version is fine unless a migration
        says otherwise, so that servers of the version before go on, and start again, during a rollout.
        """
        deadline = time.monotonic() + wait_s
        while True:
            state = await self.state()
            state.check()
            if state.fresh or (apply and not state.current):
                await self.up(wait_s=wait_s)
            elif not state.pending:
                return state
            elif time.monotonic() > deadline:
                raise CannotServe(f"the database has not had {state.pending[0]} yet: run `maoga migrate up`")
            else:
                await asyncio.sleep(ASK_AGAIN_S)

    async def up(
        self, to: int | None = None, *, wait_s: float = WAIT_S, tell: Callable[[str], None] = lambda line: None
    ) -> None:
        """Makes the migrations that are to come, the last one `to`, then indexes and validators.

        wait_s: for another process that is at work. tell: hears what is done. A fresh database has nothing to migrate.
        """
        async with self._store.hold(self._worker, wait_s=wait_s) as hold:
            state = await self.state()
            state.check()
            if state.fresh:
                await hold.lay_out()
                for migration in self._migrations:
                    await hold.note(migration.note, self._had(migration))
                await hold.note("layout", self._laid_out())
                return
            for migration in [each for each in state.pending if to is None or each.number <= to]:
                tell(f"up {migration}: {migration.summary}")
                data = Data(hold.documents, hold)
                await migration.up(data)
                await hold.note(migration.note, self._had(migration))
                self._tell(data, tell)
            if not (await self.state()).current and to is None:
                tell("indexes and validators")
                await hold.lay_out()
                await hold.note("layout", self._laid_out())

    async def down(self, to: int, *, wait_s: float = WAIT_S, tell: Callable[[str], None] = lambda line: None) -> None:
        """Undoes the migrations behind number `to`, the last one first."""
        async with self._store.hold(self._worker, wait_s=wait_s) as hold:
            for migration, step in self._undoing(await self.state(), to):
                tell(f"down {migration}: {migration.summary}")
                data = Data(hold.documents, hold)
                await step(data)
                await hold.note(migration.note, None)
                await hold.note("layout", {"digest": "", "at": rfc3339(self._clock.now()), "by": self._worker})
                self._tell(data, tell)

    async def rehearse(self, to: int | None, *, up: bool, tell: Callable[[str], None]) -> None:
        """Tells what `up` or `down` would do, and changes nothing."""
        state = await self.state()
        steps: list[tuple[Migration, Step]]
        if up:
            steps = [(each, each.up) for each in state.pending if to is None or each.number <= to]
        else:
            steps = self._undoing(state, to or 0)
        async with self._store.snapshot() as snapshot:
            data = Data(snapshot.documents, None)
            for migration, step in steps:
                tell(f"would {'make' if up else 'undo'} {migration}: {migration.summary}")
                data.done.clear()
                await step(data)
                self._tell(data, tell)

    def _undoing(self, state: State, to: int) -> list[tuple[Migration, Step]]:
        if state.unknown:
            raise CannotMigrate(f"{_named(state.unknown[-1])} is of a newer version: undo it with that one")
        steps = []
        for migration in reversed([each for each in state.applied if each.number > to]):
            if migration.down is None:
                raise CannotMigrate(f"{migration} cannot be undone: restore a backup from before it")
            steps.append((migration, migration.down))
        return steps

    def _had(self, migration: Migration) -> Stored:
        return {"name": migration.name, "breaking": migration.breaking, **self._now()}

    def _laid_out(self) -> Stored:
        return {"digest": self._layout, **self._now()}

    def _now(self) -> dict[str, Any]:
        return {"at": rfc3339(self._clock.now()), "by": self._worker}

    def _tell(self, data: Data, tell: Callable[[str], None]) -> None:
        for line in data.done:
            tell(f"  {line}")


def _load(path: Path) -> Migration:
    match = FILE.fullmatch(path.name)
    spec = importlib.util.spec_from_file_location(f"storage.migrations.{path.stem}", path)
    if match is None or spec is None or spec.loader is None:
        raise CannotMigrate(f"{path} is no migration")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Migration(
        number=int(match[1]),
        name=match[2],
        summary=(module.__doc__ or "").strip().partition("\n")[0],
        breaking=getattr(module, "BREAKING", False),
        up=module.up,
        down=getattr(module, "down", None),
    )


def _all_of(changes: Sequence[Change]) -> Change:
    def change(document: Stored) -> Stored | None:
        changed: Stored | None = document
        for step in changes:
            changed = step(changed) if changed is not None else None
        return changed

    return change


def _same(old: Stored, new: Stored | None) -> bool:
    return new is not None and encoded(old) == encoded(new)


def _named(note: Stored) -> str:
    return f"{note['id'].removeprefix('migration:')} {note['name']}"
