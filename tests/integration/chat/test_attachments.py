"""Messages that show an image or a gif."""

import asyncio
from typing import Any

import pytest

from domain.chat.commands import Send, ToMessage
from domain.chat.media import MEDIA, MediaUsed
from domain.chat.messages import Messages
from domain.chat.model import MessageView
from domain.core.errors import NotFound, ValidationFailed
from domain.core.ids import ChannelId
from maoga.process import report
from tests.integration.chat.gallery import Gallery, Player
from tests.support.images import an_image

GIFS = ["https://media.tenor.com/a_b-c/cat.gif", "https://media3.giphy.com/x.gif?cid=1&ep=v1"]
NO_GIFS = [
    *("http://media.tenor.com/x.gif", "https://evil.example/x.gif", "https://media.tenor.com.evil.example/x.gif"),
    *("https://evil.example#media.tenor.com/x", "https://user@media.tenor.com/x.gif", "https://media.tenor.com:444/x"),
    *("https://evilgiphy.com/x.gif", "https://giphy.com/x.gif", "//media.tenor.com/x.gif", "javascript:alert(1)"),
    *(
        "https://media.tenor.com/x.gif\nhttps://y",
        "https://media.tenor.com\\@evil.example/x.gif",
        "https://media.tenor.com",
    ),
    *("https://MEDIA.tenor.com/x.gif", "https://media.tenor.com/x.gif#y", "https://media.tenor.com/" + "x" * 500),
    *("https://media.tenor.com/\u0430.gif", "https://media.tenor.com/<script>", "https://[::1]/x.gif", "a picture"),
]


def a_message(channel: ChannelId, **fields: Any) -> Send:
    """A command by its wire names."""
    return Send.parse({"channelId": channel, "clientMessageId": "one", **fields})


async def send(gallery: Gallery, player: Player, channel: ChannelId, **fields: Any) -> MessageView:
    return await gallery.core.chat.send(player.id, a_message(channel, **fields))


async def test_an_image_message_shows_its_image_to_the_others(gallery: Gallery) -> None:
    ada, bob = await gallery.player(), await gallery.player()
    channel = await gallery.channel(ada, bob)
    media = (await gallery.upload(ada, channel, an_image())).data
    sent = await send(gallery, ada, channel, contentType="image", content="look!", mediaId=media["id"])
    assert (sent.content, sent.media_id, sent.media_url) == ("look!", media["id"], media["url"])
    assert (await gallery.call(bob, "GET", media["url"])).status == 200
    gallery.clock.advance(2 * 86_400)
    await gallery.core.chats.media.collect(report)
    assert await gallery.core.database.collection(MEDIA).get(media["id"])


async def test_a_retry_gets_the_first_message_back_though_its_image_is_used(gallery: Gallery) -> None:
    """Also when the tries come at once."""
    ada = await gallery.player()
    channel = await gallery.channel(ada)
    media = (await gallery.upload(ada, channel, an_image())).data["id"]
    tries = [send(gallery, ada, channel, contentType="image", mediaId=media) for _ in range(5)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    ids = {answer.id for answer in answers if isinstance(answer, MessageView)}
    assert len(ids) == 1
    again = await send(gallery, ada, channel, contentType="image", mediaId=media)
    assert {again.id} == ids
    with pytest.raises(MediaUsed):
        await send(gallery, ada, channel, contentType="image", mediaId=media, clientMessageId="two")


async def test_nobody_shows_the_image_of_another_or_of_another_channel(gallery: Gallery) -> None:
    ada, bob = await gallery.player(), await gallery.player()
    channel, other = await gallery.channel(ada, bob), await gallery.channel(ada, bob)
    media = (await gallery.upload(ada, channel, an_image())).data["id"]
    for player, where in ((bob, channel), (ada, other)):
        with pytest.raises(NotFound):
            await send(gallery, player, where, contentType="image", mediaId=media)
    with pytest.raises(ValidationFailed):
        await send(gallery, ada, channel, contentType="image")
    assert (await gallery.call(bob, "GET", f"media/{media}")).status == 404


async def test_a_message_that_is_deleted_takes_its_image_along(gallery: Gallery) -> None:
    ada, bob = await gallery.player(), await gallery.player()
    channel = await gallery.channel(ada, bob)
    media = (await gallery.upload(ada, channel, an_image())).data["id"]
    sent = await send(gallery, ada, channel, contentType="image", mediaId=media)
    messages: Messages = gallery.core.chats.messages
    for _ in range(2):  # twice is once
        deleted = await messages.delete(ada.id, ToMessage.parse({"messageId": sent.id}))
        assert (deleted.media_id, deleted.media_url) == (None, None)
    assert (await gallery.call(bob, "GET", f"media/{media}")).status == 404
    await gallery.core.chats.media.collect(report)
    assert not [path for path in gallery.core.settings.images_path.rglob("*") if path.is_file()]


async def test_a_gif_comes_from_a_host_that_is_allowed(gallery: Gallery) -> None:
    ada = await gallery.player()
    channel = await gallery.channel(ada)
    for n, url in enumerate(GIFS):
        sent = await send(gallery, ada, channel, contentType="gif", content=url, clientMessageId=f"gif-{n}")
        assert sent.media_url == url
    for url in NO_GIFS:
        with pytest.raises(ValidationFailed):
            await send(gallery, ada, channel, contentType="gif", content=url, clientMessageId="no")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"content": ""}, "content"),
        ({}, "content"),
        ({"content": " \n"}, "content"),
        ({"content": "x", "mediaId": "m"}, "mediaId"),
        ({"contentType": "image", "mediaId": "../x"}, "mediaId"),
        ({"contentType": "gif"}, "content"),
        ({"content": "x" * 2001}, "content"),
    ],
    ids=str,
)
def test_a_message_has_what_its_kind_needs_and_nothing_else(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        a_message(ChannelId("c"), **fields)
    assert field in {fault["field"] for fault in refused.value.faults}
