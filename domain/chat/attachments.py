"""What a message may show besides text: an image of its sender's, or a moving picture from a site the server trusts."""

import re
from collections.abc import Collection

from domain.chat.drafts import Draft
from domain.chat.media import ChatMedia
from domain.chat.model import Channel, Message
from domain.core.errors import ValidationFailed
from domain.core.ids import MediaId, MessageId

GIF_URL_LENGTH = 500
GIF_URL = re.compile(r"https://(?P<host>[a-z0-9.-]+)/[A-Za-z0-9._~/%+-]+(?:\?[A-Za-z0-9._~%+=&-]*)?")
"""No user, no port, no fragment, and nothing that two readers could understand differently."""


class Attachments:
    """The `Check` of messages with an image or a gif. gif_hosts: names of hosts; `*.name` for any below it."""

    def __init__(self, media: ChatMedia, gif_hosts: Collection[str]) -> None:
        self._media = media
        self._hosts = {host for host in gif_hosts if not host.startswith("*.")}
        self._domains = tuple(host[1:] for host in gif_hosts if host.startswith("*."))

    async def __call__(self, channel: Channel, draft: Draft) -> Draft:
        """The draft with `media_url`. Raises `NotFound` and `MediaUsed` for an image, `ValidationFailed` for a gif."""
        message = draft.message
        if message.content_type == "gif":
            self._check_gif(message.content)
            return draft.changed(media_url=message.content)
        if message.content_type == "image":
            return await self._with_image(draft)
        return draft

    async def _with_image(self, draft: Draft) -> Draft:
        message: Message = draft.message
        if message.media_id is None or message.sender_id is None:
            raise ValidationFailed([{"field": "mediaId", "message": "an image message names the image it shows"}])
        claim = await self._media.claim(
            MediaId(message.media_id),
            MessageId(message.id),
            channel_id=message.channel_id,
            sender=message.sender_id,
        )
        return Draft(message.changed(media_url=claim.url), (*draft.also, claim.write))

    def _check_gif(self, url: str) -> None:
        parsed = GIF_URL.fullmatch(url) if len(url) <= GIF_URL_LENGTH else None
        if parsed is None or not (parsed["host"] in self._hosts or parsed["host"].endswith(self._domains)):
            raise ValidationFailed([{"field": "content", "message": "must be an https address at a host allowed here"}])
