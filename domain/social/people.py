"""Other people: who they are, as far as they show it, and how they are found."""

import re
from collections.abc import Sequence

from pydantic import TypeAdapter

from domain.core.cache import Cache
from domain.core.collection import Database
from domain.core.errors import NotFound
from domain.core.ids import UserId
from domain.core.model import Model
from domain.core.paging import Page, after, cursor_of
from domain.social.blocks import Blocks
from domain.social.friends import Friends
from domain.social.privacy import Audience, Privacy
from domain.users.commands import UserSearch
from domain.users.model import USERS, PublicUser, user_tag
from domain.users.users import Users

NAME_KEY = re.compile(r"[^\x00-\x1f\ud800-\udfff]{1,100}")

KEPT_S = 60.0
"""A profile changes seldom; what changes it drops what is kept of it."""


class Shown(Model):
    """A profile, and who sees all of it."""

    user: PublicUser
    audience: Audience


_KIND = TypeAdapter(Shown)


class People:
    """The use cases of looking at others."""

    def __init__(
        self, database: Database, *, users: Users, blocks: Blocks, friends: Friends, privacy: Privacy, cache: Cache
    ) -> None:
        self._stored, self._cache = database.collection(USERS), cache
        self._users, self._blocks, self._friends, self._privacy = users, blocks, friends, privacy

    async def profile(self, viewer: UserId, user_id: UserId) -> PublicUser:
        """What the viewer sees of a user; raises `NotFound`, also to whom the user has blocked."""

        async def load() -> Shown:
            user = await self._users.get(user_id)
            if user.status == "deleted":
                raise NotFound("There is no such user.")
            return Shown(user=self._users.public(user), audience=(await self._privacy.of(user_id)).profile)

        tags = [user_tag(user_id)]
        shown = await self._cache.get_or(f"profile:{user_id}", load, kind=_KIND, tags=tags, ttl_s=KEPT_S)
        if (user_id, viewer) in await self._blocks.between([viewer, user_id]):
            raise NotFound("There is no such user.")
        return (await self._seen_by(viewer, [shown]))[0]

    async def search(self, viewer: UserId, query: UserSearch) -> Page[PublicUser]:
        """A page of the active accounts whose names begin so, by username; no guests, and nobody who has blocked the
        viewer or whom the viewer has blocked, so that a page may have fewer than its limit."""
        start = after(query.cursor, str, text=NAME_KEY)
        asked = {"status": "active", "guest": False, "search_keys": {"$prefix": query.query}}
        found = await self._stored.find(asked, sort="username_key", limit=query.limit + 1, after=start)
        page, more = found[: query.limit], len(found) > query.limit
        ids = [UserId(user.id) for user in page]
        apart, choices = await self._blocks.apart(viewer, ids), await self._privacy.of_many(ids)
        shown = [
            Shown(user=self._users.public(user), audience=choices[UserId(user.id)].profile)
            for user in page
            if user.id not in apart
        ]
        next_cursor = cursor_of(page[-1].username_key, page[-1].id) if more else None
        return Page(await self._seen_by(viewer, shown), next_cursor)

    async def forget(self, user: UserId) -> None:
        """What is kept of the user's profile is old."""
        await self._cache.invalidate(user_tag(user))

    async def _seen_by(self, viewer: UserId, shown: Sequence[Shown]) -> list[PublicUser]:
        """What the viewer sees of each: picture and bio only as the user lets them."""
        reserved = [one.user.id for one in shown if one.audience == "friends"]
        friends = await self._friends.among(viewer, reserved) if reserved else set()
        return [one.user if _sees(viewer, friends, one) else one.user.model_copy(update=_NOTHING) for one in shown]


def _sees(viewer: UserId, friends: set[UserId], shown: Shown) -> bool:
    """Whether the viewer sees all of a profile."""
    return shown.audience == "everyone" or shown.user.id == viewer or shown.user.id in friends


_NOTHING = {"avatar_url": None, "bio": None}
