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
from domain.core.watched import tag_of
from domain.social.blocks import Blocks
from domain.social.friends import Friends
from domain.social.privacy import PRIVACY, Audience, Privacy
from domain.users.commands import UserSearch
from domain.users.model import USERS, PublicUser, User
from domain.users.users import Users

NAME_KEY = re.compile(r"[^\x00-\x1f\ud800-\udfff]{1,100}")


PROFILE_TTL_S = 30.0


class _Profile(Model):
    """What is kept of a user for those who look at them. audience: to whom picture and words are open."""

    user: PublicUser
    audience: Audience
    deleted: bool


_KIND = TypeAdapter(_Profile)


class People:
    """The use cases of looking at others."""

    def __init__(
        self,
        database: Database,
        cache: Cache,
        *,
        users: Users,
        blocks: Blocks,
        friends: Friends,
        privacy: Privacy,
    ) -> None:
        self._stored, self._cache = database.collection(USERS), cache
        self._users, self._blocks, self._friends, self._privacy = users, blocks, friends, privacy

    async def profile(self, viewer: UserId, user_id: UserId) -> PublicUser:
        """What the viewer sees of a user; raises `NotFound`, also to whom the user has blocked."""

        async def load() -> _Profile:
            user = await self._users.get(user_id)
            audience = (await self._privacy.of(user_id)).profile
            return _Profile(user=self._users.public(user), audience=audience, deleted=user.status == "deleted")

        tags = [tag_of(USERS, user_id), tag_of(PRIVACY, user_id)]
        found = await self._cache.get_or(f"profile:{user_id}", load, kind=_KIND, tags=tags, ttl_s=PROFILE_TTL_S)
        if found.deleted or (user_id, viewer) in await self._blocks.between([viewer, user_id]):
            raise NotFound("There is no such user.")
        reserved = viewer != user_id and found.audience != "everyone"
        if reserved and not (found.audience == "friends" and await self._friends.among(viewer, [user_id])):
            return found.user.model_copy(update=_NOTHING)
        return found.user

    async def search(self, viewer: UserId, query: UserSearch) -> Page[PublicUser]:
        """A page of the active accounts whose names begin so, by username; no guests, and nobody who has blocked the
        viewer or whom the viewer has blocked, so that a page may have fewer than its limit."""
        start = after(query.cursor, str, text=NAME_KEY)
        asked = {"status": "active", "guest": False, "search_keys": {"$prefix": query.query}}
        found = await self._stored.find(asked, sort="username_key", limit=query.limit + 1, after=start)
        page, more = found[: query.limit], len(found) > query.limit
        apart = await self._blocks.apart(viewer, [UserId(user.id) for user in page])
        shown = await self._shown(viewer, [user for user in page if user.id not in apart])
        return Page(shown, cursor_of(page[-1].username_key, page[-1].id) if more else None)

    async def _shown(self, viewer: UserId, users: Sequence[User]) -> list[PublicUser]:
        """What the viewer sees of each: the picture and the words only as the user lets them."""
        ids = [UserId(user.id) for user in users]
        choices = await self._privacy.of_many(ids)
        reserved = [id for id in ids if choices[id].profile == "friends" and id != viewer]
        friends = await self._friends.among(viewer, reserved) if reserved else set()
        open_to_viewer = {id for id in ids if id == viewer or id in friends or choices[id].profile == "everyone"}
        public = [self._users.public(user) for user in users]
        return [one if one.id in open_to_viewer else one.model_copy(update=_NOTHING) for one in public]


_NOTHING = {"avatar_url": None, "bio": None}
