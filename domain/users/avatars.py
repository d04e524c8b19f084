"""Pictures of users. Each has an address of its own, at which it never changes.

As with the images of the chat, the document is written before the files and outlives them, so that a crash leaves no
file that nobody knows: it is `due` for removal, unless the commit that makes it the user's picture takes that back.
"""

import hashlib
from datetime import timedelta

from domain.core.cache import Cache
from domain.core.clock import Clock
from domain.core.collection import Changes, Database, Spec, StorageConflict, Update, Write
from domain.core.errors import Conflict, NotFound
from domain.core.ids import IdFactory, MediaId, UserId
from domain.core.images import UPLOAD_BYTES, FileName, Imaging, MediaStore, Picture, Read
from domain.core.isolation import Report, isolated
from domain.core.model import Document, Timestamp
from domain.core.retries import RETRIES, pause
from domain.core.turns import Turns
from domain.users.model import USERS, User, user_tag

SIZES = (64, 256)
"""Longest sides in pixels of what is kept."""

PENDING = timedelta(hours=1)
"""A picture that nobody's account names goes after so long."""

COLLECTED_AT_ONCE = 100


class Avatar(Document):
    """A picture of a user. digest: SHA-256 of the largest size. due_at: when it is to be removed."""

    user_id: UserId
    content_type: str
    digest: str
    due_at: Timestamp | None = None


AVATARS = Spec("avatars", Avatar, indexes=(("user_id",), ("due_at",)))


class Avatars:
    """The use cases of the pictures of users."""

    def __init__(
        self,
        *,
        database: Database,
        store: MediaStore,
        imaging: Imaging,
        cache: Cache,
        clock: Clock,
        new_id: IdFactory,
    ) -> None:
        self._database, self._store, self._imaging, self._cache = database, store, imaging, cache
        self._clock, self._new_id = clock, new_id
        self._avatars, self._users = database.collection(AVATARS), database.collection(USERS)
        self._uploads = Turns()

    async def put(self, user: UserId, read: Read, *, address: str) -> User:
        """Takes the place of the user's picture; the user as they are then.

        address: where it comes from, as limits count it. Raises `RateLimited`, `ImageRefused`, and what `read` raises.
        """
        with self._uploads.take(user, address):
            data = await read(UPLOAD_BYTES)
            pictures = {size: await self._imaging.draw(data, size) for size in SIZES}
        avatar = self._document(user, pictures[max(SIZES)])
        await self._avatars.insert(avatar)
        for size, picture in pictures.items():
            await self._store.put(_file(avatar.id, size), picture.data)
        return await self._name(user, avatar)

    async def delete(self, user: UserId) -> User:
        """Takes the user's picture away; the user as they are then."""
        return await self._name(user, None)

    async def open(self, avatar_id: MediaId, size: int) -> tuple[Avatar, bytes]:
        """The picture and its bytes; raises `NotFound`, also for one that is no account's any more."""
        avatar = await self._avatars.get(avatar_id)
        if avatar is None:
            raise NotFound
        user = await self._users.get(avatar.user_id)
        if user is None or user.avatar_id != avatar_id or user.status == "deleted":
            raise NotFound
        data = await self._store.get(_file(avatar_id, size))
        if data is None:
            raise NotFound
        return avatar, data

    async def collect(self, report: Report) -> None:
        """Removes the pictures that are due, with their files. Idempotent."""
        due = await self._avatars.find({"due_at": {"$lte": self._clock.now()}}, limit=COLLECTED_AT_ONCE)
        for avatar in due:
            await isolated(report, f"avatar {avatar.id}", self._collect(avatar))

    async def erase(self, user: UserId) -> None:
        """Removes all pictures of the user, with their files. Idempotent."""
        while found := await self._avatars.find({"user_id": user}, limit=COLLECTED_AT_ONCE):
            for avatar in found:
                await self._remove(avatar)

    async def _name(self, user_id: UserId, avatar: Avatar | None) -> User:
        """Makes the picture that of the user, and the one before it due, in one commit."""
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            user = await self._users.get(user_id)
            if user is None:
                raise NotFound("There is no such user.")
            named: Changes = {"$set": {"avatar_id": avatar.id if avatar else None}, "$inc": {"version": 1}}
            writes: list[Write] = [Update(USERS, user_id, named, expect={"version": user.version})]
            if avatar:
                writes.append(Update(AVATARS, avatar.id, {"$unset": {"due_at": True}}))
            if user.avatar_id:
                writes.append(Update(AVATARS, user.avatar_id, {"$set": {"due_at": self._clock.now()}}))
            try:
                await self._database.commit(*writes)
            except StorageConflict:
                continue
            await self._cache.invalidate(user_tag(user_id))
            return user.changed(avatar_id=avatar.id if avatar else None, version=user.version + 1)
        raise Conflict

    async def _collect(self, avatar: Avatar) -> None:
        user = await self._users.get(avatar.user_id)
        if user is None or user.avatar_id != avatar.id:
            await self._remove(avatar)

    async def _remove(self, avatar: Avatar) -> None:
        for size in SIZES:
            await self._store.delete(_file(avatar.id, size))
        await self._avatars.delete(avatar.id)

    def _document(self, user: UserId, picture: Picture) -> Avatar:
        return Avatar(
            id=self._new_id(),
            user_id=user,
            content_type=picture.content_type,
            digest=hashlib.sha256(picture.data).hexdigest(),
            due_at=self._clock.now() + PENDING,
        )


def _file(avatar_id: str, size: int) -> FileName:
    return FileName(f"{avatar_id}-{size}")
