"""What users say of themselves."""

from collections.abc import Awaitable, Callable
from typing import Any

from domain.core.cache import Cache
from domain.core.clock import Clock
from domain.core.collection import Database, Duplicate
from domain.core.errors import AppError, Conflict, NotFound, ValidationFailed
from domain.core.ids import GameId, UserId
from domain.core.retries import RETRIES, pause
from domain.users.commands import SetGameProfile, UpdatePreferences, UpdateProfile
from domain.users.model import USERS, GameProfile, Preferences, User, user_tag
from domain.users.names import name_key, refuse_reserved, search_keys_of
from domain.users.users import UsernameTaken

MOST_GAME_PROFILES = 50

KnowsGame = Callable[[GameId], Awaitable[bool]]
"""Whether the catalogue has a game of that id."""

Decision = Callable[[User], dict[str, Any]]
"""The fields of the user that change, by their values; None takes one away."""


class GameProfileLimit(AppError):
    """You have as many game profiles as you can have; delete one first."""

    code, status = "GAME_PROFILE_LIMIT", 409

    def __init__(self) -> None:
        super().__init__(details={"limit": MOST_GAME_PROFILES})


class Profiles:
    """The use cases of profiles: each returns the user as they are then."""

    def __init__(self, database: Database, clock: Clock, knows_game: KnowsGame, cache: Cache) -> None:
        self._users, self._clock, self._knows_game = database.collection(USERS), clock, knows_game
        self._cache = cache

    async def update(self, user_id: UserId, command: UpdateProfile) -> User:
        """Changes what is given.

        Raises `UsernameTaken`, or `ValidationFailed` for a reserved name and a year of birth to come.
        """
        given = command.model_dump(exclude_unset=True)
        if (given.get("birth_year") or 0) > self._clock.now().year:
            raise ValidationFailed([{"field": "birthYear", "message": "must not lie ahead"}])

        def decide(user: User) -> dict[str, Any]:
            username, shown = given.get("username", user.username), given.get("display_name", user.display_name)
            if name_key(username) != user.username_key:  # who has such a name from the command line keeps it
                refuse_reserved(username)
            keys = {"username_key": name_key(username), "search_keys": search_keys_of(username, shown)}
            return {**given, **keys}

        return await self._change(user_id, decide)

    async def set_preferences(self, user_id: UserId, command: UpdatePreferences) -> User:
        """Changes what is given; raises `ValidationFailed` for games there are not."""
        given = command.model_dump(include=command.model_fields_set)
        unknown = [game.game_id for game in command.games if not await self._knows_game(game.game_id)]
        if unknown:
            raise ValidationFailed([{"field": "games", "message": f"there is no game {id}"} for id in unknown])

        def decide(user: User) -> dict[str, Any]:
            return {"preferences": Preferences.model_validate({**user.preferences.model_dump(), **given})}

        return await self._change(user_id, decide)

    async def set_game_profile(self, user_id: UserId, game_id: GameId, command: SetGameProfile) -> User:
        """Takes the place of what the user was in that game; raises `NotFound` or `GameProfileLimit`."""
        if not await self._knows_game(game_id):
            raise NotFound("There is no such game.")
        profile = GameProfile(game_id=game_id, updated_at=self._clock.now(), **command.model_dump())

        def decide(user: User) -> dict[str, Any]:
            others = [one for one in user.game_profiles if one.game_id != game_id]
            if len(others) >= MOST_GAME_PROFILES:
                raise GameProfileLimit
            return {"game_profiles": (*others, profile)}

        return await self._change(user_id, decide)

    async def delete_game_profile(self, user_id: UserId, game_id: GameId) -> User:
        """Forgets what the user was in that game; without it nothing changes."""

        def decide(user: User) -> dict[str, Any]:
            return {"game_profiles": tuple(one for one in user.game_profiles if one.game_id != game_id)}

        return await self._change(user_id, decide)

    async def _change(self, user_id: UserId, decide: Decision) -> User:
        """Only the fields that `decide` names are written: what others count with the account stays theirs."""
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            user = await self._users.get(user_id)
            if user is None:
                raise NotFound("There is no such user.")
            changes = {"$set": decide(user), "$inc": {"version": 1}}
            try:
                changed = await self._users.update(user_id, changes, expect={"version": user.version})
            except Duplicate:
                raise UsernameTaken from None
            if changed:
                await self._cache.invalidate(user_tag(user_id))
                return changed
        raise Conflict
