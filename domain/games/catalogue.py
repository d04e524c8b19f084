"""Keeping the catalogue: games and modes are added, changed and removed, each on record."""

from typing import Any

from domain.audit.audit import Audit
from domain.audit.model import Actor
from domain.core.collection import Database, Delete, Duplicate, Insert, Replace, StorageConflict
from domain.core.errors import AppError, Conflict, NotFound
from domain.core.ids import GameId
from domain.core.retries import RETRIES, pause
from domain.games.commands import AddGame, GameFields, ReplaceGame
from domain.games.games import Games
from domain.games.model import GAMES, Game, catalogue_entry


class GameExists(AppError):
    """The catalogue has a game with this id or external id already."""

    code, status = "GAME_EXISTS", 409


class Catalogue:
    """What those may do who keep the catalogue (permission `games:write`).

    A mode that is disabled or taken away begins no new games: who waits for one is told by the matchmaking.
    """

    def __init__(self, database: Database, games: Games, audit: Audit) -> None:
        self._database, self._games, self._audit = database, games, audit
        self._stored = database.collection(GAMES)

    async def get(self, game_id: GameId) -> Game:
        """The game as it is stored; raises `NotFound`."""
        game = await self._stored.get(game_id)
        if game is None:
            raise NotFound("There is no such game.")
        return game

    async def add(self, actor: Actor, command: AddGame) -> Game:
        """Adds a game; raises `GameExists`."""
        game = game_of(command.id, command)
        entry = self._audit.entry("game.added", actor, f"game:{game.id}", after=_on_record(game))
        try:
            await self._database.commit(Insert(GAMES, game), entry)
        except Duplicate:
            raise GameExists from None
        await self._games.changed()
        return game

    async def replace(self, actor: Actor, game_id: GameId, command: ReplaceGame) -> Game:
        """Says anew all of a game. Raises `NotFound`, `Conflict` if it is not at the version named, or `GameExists`."""
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            before = await self.get(game_id)
            if command.version not in {None, before.version}:
                break
            game = game_of(game_id, command, version=before.version)
            entry = self._audit.entry(
                "game.replaced", actor, f"game:{game_id}", before=_on_record(before), after=_on_record(game)
            )
            try:
                await self._database.commit(Replace(GAMES, game), entry)
            except Duplicate:
                raise GameExists from None
            except StorageConflict:
                continue
            await self._games.changed()
            return game.changed(version=before.version + 1)
        raise Conflict

    async def remove(self, actor: Actor, game_id: GameId) -> None:
        """Removes a game; raises `NotFound`. Ratings stay, and are there again if it is added again."""
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            before = await self.get(game_id)
            entry = self._audit.entry("game.removed", actor, f"game:{game_id}", before=_on_record(before))
            try:
                await self._database.commit(Delete(GAMES, game_id, expect={"version": before.version}), entry)
            except StorageConflict:
                continue
            await self._games.changed()
            return
        raise Conflict


def game_of(game_id: GameId, fields: GameFields, *, version: int = 1) -> Game:
    """The game as it is stored."""
    said = {name: getattr(fields, name) for name in GameFields.model_fields}
    return Game(id=game_id, version=version, **{**said, "external_ids": fields.external_ids or None})


def _on_record(game: Game) -> dict[str, Any]:
    return catalogue_entry(game).model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"version"})
