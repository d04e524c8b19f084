"""Images in channels: uploaded first, then shown by one message; who may see them, and when they go.

The document is written before its files and outlives them, so that a crash leaves no file that nobody knows. It is
`due` for removal a day later, unless the commit of a message that shows it takes that back.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from domain.chat.chat import ChannelClosed
from domain.chat.events import chat_stream
from domain.chat.model import Channel
from domain.core.clock import Clock, seconds
from domain.core.collection import After, Changes, Database, Spec, Update, Write
from domain.core.errors import AppError, NotFound
from domain.core.events import Event, Outbox, WithEvents, carrying, to
from domain.core.ids import ChannelId, IdFactory, MediaId, MessageId, UserId
from domain.core.images import UPLOAD_BYTES, FileName, Imaging, MediaStore, Picture, Read
from domain.core.isolation import Report, isolated
from domain.core.model import Model, Timestamp
from domain.core.turns import Turns
from domain.jobs.jobs import Jobs
from domain.users.model import Role
from domain.users.permissions import may

MOST_SIDE, THUMBNAIL_SIDE = 2560, 320
"""Longest side in pixels of what is kept."""

UPLOADS_A_DAY = 200
"""Most images of one user in a day. Requests at the same moment may go past it by their number."""

DAY_S = 86_400.0
"""An image that no message shows goes after so long."""

COLLECTED_AT_ONCE = 100

THUMBNAIL_JOB = "chat_thumbnail"

Review = Literal["pending", "approved", "rejected"]
ChannelOf = Callable[[UserId, ChannelId], Awaitable[Channel]]
"""The channel, if the user is a member of it; raises `NotFound`."""


class MediaLimit(AppError):
    """You have uploaded as many images as you can for today."""

    code, status = "MEDIA_LIMIT", 409

    def __init__(self) -> None:
        super().__init__(details={"limit": UPLOADS_A_DAY})


class MediaUsed(AppError):
    """Another message shows this image already; upload it again."""

    code, status = "MEDIA_USED", 409


class MediaPending(AppError):
    """This image waits for a moderator."""

    code, status, retry = "MEDIA_PENDING", 409, True


class Media(WithEvents):
    """An image in a channel.

    digest: SHA-256 of the kept bytes. message_id: of the message that shows it. due_at: when it is to be removed.
    removed: nobody sees it any more, though its files may still be there. held_for: what needs it as evidence, so that
    its files stay.
    """

    channel_id: ChannelId
    uploader_id: UserId
    content_type: str
    size: int
    width: int
    height: int
    digest: str
    review: Review
    thumbnail: bool = False
    message_id: MessageId | None = None
    due_at: Timestamp | None = None
    removed: bool = False
    held_for: tuple[str, ...] = ()
    created_at: Timestamp


MEDIA = Spec(
    "media",
    Media,
    indexes=(("channel_id", "removed"), ("uploader_id", "created_at"), ("due_at",), ("held_for",), ("unpublished_at",)),
)


class MediaView(Model):
    """An image as the members of its channel see it. size: bytes. url: with the access token, as for every route."""

    id: MediaId
    channel_id: ChannelId
    content_type: str
    size: int
    width: int
    height: int
    review: Review
    url: str
    thumbnail_url: str


class MediaReviewed(Event):
    """A moderator has said whether an image may be seen."""

    wire_name: ClassVar[str] = "media_reviewed"

    channel_id: ChannelId
    media_id: MediaId
    review: Review


@dataclass(frozen=True, slots=True)
class Claim:
    """The address of an image, and the write that gives it to a message."""

    url: str
    write: Write


class ChatMedia:
    """The use cases of images. review: whether others see an image only after a moderator has."""

    def __init__(
        self,
        *,
        database: Database,
        store: MediaStore,
        imaging: Imaging,
        channel_of: ChannelOf,
        jobs: Jobs,
        outbox: Outbox,
        clock: Clock,
        new_id: IdFactory,
        review: bool = False,
    ) -> None:
        self._database, self._store, self._imaging, self._jobs = database, store, imaging, jobs
        self._channel_of, self._outbox, self._clock, self._new_id = channel_of, outbox, clock, new_id
        self._media = database.collection(MEDIA)
        self._first: Review = "pending" if review else "approved"
        self.uploads = Turns()

    async def upload(self, user: UserId, channel_id: ChannelId, read: Read, *, address: str) -> MediaView:
        """Keeps an image for a message that is to follow. Who may not is refused before a byte is read.

        address: where it comes from, as limits count it. Raises `NotFound`, `ChannelClosed`, `MediaLimit`,
        `RateLimited`, `ImageRefused` and what `read` raises.
        """
        channel = await self._channel_of(user, channel_id)
        if channel.closed_at:
            raise ChannelClosed
        yesterday = self._clock.now() - seconds(DAY_S)
        if await self._media.count({"uploader_id": user, "created_at": {"$gt": yesterday}}) >= UPLOADS_A_DAY:
            raise MediaLimit
        with self.uploads.take(user, address):
            picture = await self._imaging.draw(await read(UPLOAD_BYTES), MOST_SIDE)
        media = self._document(user, channel_id, picture)
        await self._media.insert(media)
        await self._store.put(file_of(media), picture.data)
        await self._database.commit(self._jobs.new(THUMBNAIL_JOB, {"mediaId": media.id}))
        return media_view(media)

    async def open(
        self, user: UserId, media_id: MediaId, *, role: Role = "user", thumbnail: bool = False
    ) -> tuple[Media, bytes]:
        """The image and its bytes; until the thumbnail is made, those of the whole.

        The server's moderators see what waits for review, and no other image of channels they are not in. Raises
        `NotFound`, also to who is no member of its channel, and `MediaPending` but to who may review it.
        """
        media = await self.find(media_id)
        own, moderates = user == media.uploader_id, may(role, "chat:moderate") and media.review == "pending"
        if not moderates:
            moderates = (await self._channel_of(user, media.channel_id)).moderated_by(user)
        if media.review == "rejected" or not (media.message_id or own):
            raise NotFound
        if media.review == "pending" and not (own or moderates):
            raise MediaPending
        file = _thumbnail_file(media) if thumbnail and media.thumbnail else file_of(media)
        data = await self._store.get(file)
        if data is None:
            raise NotFound
        return media, data

    async def claim(self, media_id: str, message_id: MessageId, *, channel_id: ChannelId, sender: UserId) -> Claim:
        """What makes the image that of a message, in the message's commit.

        Raises `NotFound` unless the sender has uploaded it to the same channel, and `MediaUsed`.
        """
        media = await self._media.get(media_id)
        if media is None or media.removed or media.review == "rejected":
            raise NotFound("There is no such image.")
        if (media.channel_id, media.uploader_id) != (channel_id, sender):
            raise NotFound("There is no such image.")
        if media.message_id:
            raise MediaUsed
        taken: Changes = {"$set": {"message_id": message_id}, "$unset": {"due_at": True}, "$inc": {"version": 1}}
        return Claim(url_of(media), Update(MEDIA, media.id, taken, expect={"version": media.version}))

    async def remove(self, media_id: str) -> None:
        """Nobody sees the image any more; its files go with the next `collect`. Idempotent."""
        await self._media.update(media_id, removal(media_id, self._clock.now()).changes)

    async def review(self, media_id: MediaId, *, approved: bool) -> MediaView:
        """Lets everybody in the channel see the image, or nobody, and tells them. The caller is a moderator."""
        said: Review = "approved" if approved else "rejected"
        channel_id = (await self.find(media_id)).channel_id
        told = to(chat_stream(channel_id), MediaReviewed(channel_id=channel_id, media_id=media_id, review=said))
        reviewed = carrying([told], self._clock.now(), review=said)
        media = await self._media.update(media_id, reviewed, expect={"removed": False})
        if media is None:
            raise NotFound
        await self._outbox.flush(MEDIA, media)
        return media_view(media)

    async def find(self, media_id: MediaId) -> Media:
        """The image; raises `NotFound`."""
        media = await self._media.get(media_id)
        if media is None or media.removed:
            raise NotFound
        return media

    async def make_thumbnail(self, media_id: MediaId) -> None:
        """The job that follows an upload. Idempotent."""
        media = await self._media.get(media_id)
        if media is None or media.removed or media.thumbnail:
            return
        data = await self._store.get(file_of(media))
        if data is None:
            return
        thumbnail = await self._imaging.draw(data, THUMBNAIL_SIDE)
        await self._store.put(_thumbnail_file(media), thumbnail.data)
        marked = await self._media.update(media_id, {"$set": {"thumbnail": True}})
        if marked is None or marked.removed:  # it was collected meanwhile
            await self._store.delete(_thumbnail_file(media))

    async def collect(self, report: Report) -> None:
        """Removes the images that are due, with their files. Idempotent."""
        last: After | None = None
        while due := await self._media.find(
            {"due_at": {"$lte": self._clock.now()}}, limit=COLLECTED_AT_ONCE, after=last
        ):
            for media in due:
                await isolated(report, f"image {media.id}", self._collect(media))
            last = (due[-1].id, due[-1].id)

    async def _collect(self, media: Media) -> None:
        if media.held_for:
            later = self._clock.now() + seconds(DAY_S)
            await self._media.replace(media.changed(removed=True, due_at=later))
            return
        removed = media.removed or await self._media.replace(media.changed(removed=True))
        if not removed:  # a message or a case has taken it in this very moment
            return
        await self._store.delete(_thumbnail_file(media))
        await self._store.delete(file_of(media))
        await self._media.delete(media.id)

    def _document(self, user: UserId, channel_id: ChannelId, picture: Picture) -> Media:
        now = self._clock.now()
        return Media(
            id=self._new_id(),
            channel_id=channel_id,
            uploader_id=user,
            content_type=picture.content_type,
            size=len(picture.data),
            width=picture.width,
            height=picture.height,
            digest=hashlib.sha256(picture.data).hexdigest(),
            review=self._first,
            due_at=now + seconds(DAY_S),
            created_at=now,
        )


def removal(media_id: str, now: datetime) -> Update[Media]:
    """The write that lets nobody see the image any more; its files go with the next `collect`."""
    return Update(MEDIA, media_id, {"$set": {"removed": True, "due_at": now}, "$inc": {"version": 1}})


def media_view(media: Media) -> MediaView:
    """The image as clients see it."""
    url = url_of(media)
    return MediaView(**media.model_dump(include=_SHARED_FIELDS), url=url, thumbnail_url=f"{url}/thumbnail")


def url_of(media: Media) -> str:
    """Where the image is to be had."""
    return f"/api/v1/media/{media.id}"


_SHARED_FIELDS = set(MediaView.model_fields) & set(Media.model_fields)


def file_of(media: Media) -> FileName:
    """Under which it is kept."""
    return FileName(media.id)


def _thumbnail_file(media: Media) -> FileName:
    return FileName(f"{media.id}-thumbnail")
