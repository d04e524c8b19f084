"""Privacy: what a player lets others do and see."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Literal

from domain.core.collection import Changes, Database, Duplicate, Spec
from domain.core.ids import UserId
from domain.core.model import Command, Document, Model

Audience = Literal["everyone", "friends", "nobody"]


class PrivacySettings(Document):
    """What a player lets others do and see. The id is the user's; who never chose has the defaults.

    presence: who sees what the player is doing, of friends and of those in the same lobby or party: `everyone` of them,
    `friends` only, or `nobody`, to whom the player is offline. direct_messages: who may write to the player first.
    friend_requests: who may ask. profile: who sees picture and bio.
    """

    presence: Audience = "everyone"
    profile: Audience = "everyone"
    direct_messages: Audience = "friends"
    friend_requests: Literal["everyone", "nobody"] = "everyone"


PRIVACY = Spec("privacy", PrivacySettings)


class PrivacyView(Model):
    """Who may do and see what."""

    presence: Audience
    profile: Audience
    direct_messages: Audience
    friend_requests: Literal["everyone", "nobody"]


class SetPrivacy(Command):
    """What changes; the rest stays. See `PrivacySettings`."""

    presence: Audience | None = None
    profile: Audience | None = None
    direct_messages: Audience | None = None
    friend_requests: Literal["everyone", "nobody"] | None = None


Listener = Callable[[UserId], Awaitable[None]]
"""Called with a user whose choices have changed."""


class Privacy:
    """The use cases of privacy."""

    def __init__(self, database: Database) -> None:
        self._settings = database.collection(PRIVACY)
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Lets a feature know that somebody has chosen anew."""
        self._listeners.append(listener)

    async def of(self, user: UserId) -> PrivacySettings:
        """What the user has chosen."""
        return await self._settings.get(user) or PrivacySettings(id=user)

    async def of_many(self, users: Collection[UserId]) -> dict[UserId, PrivacySettings]:
        """What each of the users has chosen."""
        found = await self._settings.get_many(list(users))
        return {user: found.get(user) or PrivacySettings(id=user) for user in users}

    async def takes_requests(self, user: UserId) -> bool:
        """Whether the user may be asked to be friends."""
        return (await self.of(user)).friend_requests == "everyone"

    async def set(self, user: UserId, command: SetPrivacy) -> PrivacyView:
        """Changes some of the user's choices; all of them as they are now."""
        changes: Changes = {"$set": command.model_dump(exclude_none=True), "$inc": {"version": 1}}
        while (changed := await self._settings.update(user, changes)) is None:
            with suppress(Duplicate):  # another device was quicker
                await self._settings.insert(PrivacySettings(id=user))
        for listener in self._listeners:
            await listener(user)
        return privacy_view(changed)


def privacy_view(settings: PrivacySettings) -> PrivacyView:
    """The settings as their user sees them."""
    return PrivacyView(**settings.model_dump(include=set(PrivacyView.model_fields)))
