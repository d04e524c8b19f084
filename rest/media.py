"""Images in channels."""

from domain.chat.chat import ChannelClosed
from domain.chat.media import MediaLimit, MediaPending, MediaView
from domain.core.errors import BadRequest, NotFound, TooLarge, UnsupportedMediaType
from domain.core.ids import ChannelId, MediaId
from domain.core.images import ImageRefused
from rest.envelope import Download
from rest.routes import Call, Route

KEEP_S = 86_400


async def upload(call: Call) -> MediaView:
    """Keeps an image (PNG, JPEG, WebP, or the first frame of a GIF; at most 5 MiB and 25 megapixels) for a message of
    the caller in that channel, to be sent within a day. It is drawn anew, upright and without its metadata."""
    media, channel = call.services.chats.media, ChannelId(call.path["id"])
    return await media.upload(call.principal.user_id, channel, call.upload, address=call.address)


async def image(call: Call) -> Download:
    """An image, for the members of its channel; before a message shows it, for its uploader. One that waits for a
    moderator, for its uploader and the moderators."""
    user, media_id = call.principal, MediaId(call.path["id"])
    media, data = await call.services.chats.media.open(user.user_id, media_id, role=user.role)
    return Download(data, media.content_type, media.digest, KEEP_S)


async def thumbnail(call: Call) -> Download:
    """The image with no side longer than 320 pixels; until it is made, some moments after the upload, the whole."""
    user, media_id = call.principal, MediaId(call.path["id"])
    media, data = await call.services.chats.media.open(user.user_id, media_id, role=user.role, thumbnail=True)
    etag, keep_s = (f"{media.digest}-small", KEEP_S) if media.thumbnail else (media.digest, 0)
    return Download(data, media.content_type, etag, keep_s)


routes = [
    Route(
        "POST",
        "/chats/{id}/media",
        upload,
        upload=True,
        answer=MediaView,
        status=201,
        rate="upload",
        errors=(NotFound, ChannelClosed, MediaLimit, ImageRefused, BadRequest, TooLarge, UnsupportedMediaType),
    ),
    Route("GET", "/media/{id}", image, answer=bytes, errors=(NotFound, MediaPending)),
    Route("GET", "/media/{id}/thumbnail", thumbnail, answer=bytes, errors=(NotFound, MediaPending)),
]
