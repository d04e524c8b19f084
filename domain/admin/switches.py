"""How the operators switch the runtime flags; `domain/flags` heeds them."""

from contextlib import suppress
from typing import Annotated, Any

from pydantic import Field

from domain.audit.audit import Audit
from domain.audit.model import Actor
from domain.core.clock import Clock
from domain.core.collection import Database, Delete, Insert, Replace, StorageConflict, Write
from domain.core.errors import Conflict, NotFound
from domain.core.ids import GameId
from domain.core.model import Command, Model, Text, Timestamp
from domain.core.retries import RETRIES, pause
from domain.flags.model import FLAGS, MAINTENANCE, Flag, queue_flag
from domain.games.games import Games
from domain.games.model import ModeName

FLAGS_SHOWN = 1000
Message = Annotated[Text, Field(min_length=1, max_length=500)]
Retry = Annotated[int, Field(ge=1000, le=86_400_000)]


class SetMaintenance(Command):
    """Switches maintenance on or off. message: what clients are told. retryInMs: when they may try again."""

    enabled: bool
    message: Message | None = None
    retry_in_ms: Retry = 60_000


class SetQueue(Command):
    """Opens or closes the queue of a game's mode. message, retryInMs: as for maintenance."""

    mode: ModeName
    enabled: bool
    message: Message | None = None
    retry_in_ms: Retry = 60_000


class FlagView(Model):
    """A flag that is on: `maintenance`, or `queue:<gameId>:<mode>`."""

    id: str
    message: str | None
    retry_in_ms: int
    by: str | None
    at: Timestamp


class Switches:
    """The use cases of those who switch flags. Every instance heeds a flag within a second."""

    def __init__(self, *, database: Database, games: Games, audit: Audit, clock: Clock) -> None:
        self._database, self._games, self._audit, self._clock = database, games, audit, clock
        self._flags = database.collection(FLAGS)

    async def on(self) -> list[FlagView]:
        """The flags that are on."""
        return [flag_view(flag) for flag in await self._flags.find({}, limit=FLAGS_SHOWN)]

    async def set_maintenance(self, actor: Actor, command: SetMaintenance) -> list[FlagView]:
        """Switches maintenance on or off; the flags that are on then."""
        return await self._set(actor, self._flag(actor, MAINTENANCE, command), on=command.enabled)

    async def set_queue(self, actor: Actor, game_id: GameId, command: SetQueue) -> list[FlagView]:
        """Opens or closes a queue; the flags that are on then. Raises `NotFound` for a mode that no game has."""
        game = await self._games.get(game_id)
        if game is None or game.mode(command.mode) is None:
            raise NotFound("There is no such game, or it has no such mode.")
        return await self._set(
            actor, self._flag(actor, queue_flag(game_id, command.mode), command), on=not command.enabled
        )

    def _flag(self, actor: Actor, id: str, command: SetMaintenance | SetQueue) -> Flag:
        return Flag(id=id, message=command.message, retry_in_ms=command.retry_in_ms, by=actor.id, at=self._clock.now())

    async def _set(self, actor: Actor, flag: Flag, *, on: bool) -> list[FlagView]:
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            before = await self._flags.get(flag.id)
            if before is None and not on:
                return await self.on()
            write = _write(before, flag, on=on)
            entry = self._audit.entry(
                "flag.set", actor, f"flag:{flag.id}", before=_shown(before), after=_shown(flag if on else None)
            )
            with suppress(StorageConflict):  # somebody else has switched it in this very moment
                await self._database.commit(write, entry)
                return await self.on()
        raise Conflict


def flag_view(flag: Flag) -> FlagView:
    """The flag as operators see it."""
    return FlagView.model_validate(flag.model_dump(include=set(FlagView.model_fields)))


def _write(before: Flag | None, flag: Flag, *, on: bool) -> Write:
    if before is None:
        return Insert(FLAGS, flag)
    if on:
        return Replace(FLAGS, flag.changed(version=before.version))
    return Delete(FLAGS, flag.id, expect={"version": before.version})


def _shown(flag: Flag | None) -> dict[str, Any]:
    return {"on": True, "message": flag.message, "retryInMs": flag.retry_in_ms} if flag else {"on": False}
