"""Images and moderation on two instances that share MongoDB, Redis and a folder."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from tests.e2e.conftest import Enter, Start, a_guest, meet
from tests.support.images import GPS_TEXT, a_photo
from tests.support.wait import eventually


async def upload(url: str, token: str, channel: str, data: bytes) -> Any:
    """Uploads an image; what the server says of it."""
    form = aiohttp.FormData()
    form.add_field("file", data, filename="photo.jpg")
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{url}/api/v1/chats/{channel}/media", data=form, headers=headers) as response,
    ):
        body = await response.json()
    assert response.status == 201, body
    return body["data"]


async def fetch(url: str, token: str, path: str) -> tuple[int, bytes, str]:
    """An image from an instance: status, bytes, and how long it may be kept."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as http, http.get(url + path, headers=headers) as response:
        return response.status, await response.read(), response.headers["Cache-Control"]


async def test_an_image_and_a_held_message_pass_the_moderator_on_another_instance(
    start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path
) -> None:
    words = tmp_path / "words.txt"
    words.write_text("bad\n")
    strict = {
        "MAOGA_MEDIA_DIR": str(tmp_path / "images"),
        "MAOGA_MEDIA_REVIEW": "1",
        "MAOGA_CHAT_WORDS_FILE": str(words),
        "MAOGA_CHAT_WORDS_MODE": "hold",
    }
    a, b = start(**shared, **strict), start(**shared, **strict)
    (of_ann, of_bob) = (await a_guest(a.url), await a_guest(b.url))
    ann, bob = await enter(a.url, of_ann), await enter(b.url, of_bob)
    await meet(ann, bob)  # who have played may write to each other
    group = (await ann.call("chat", "create_group", {"name": "Crew", "userIds": [bob.user_id]}))["id"]
    await bob.wait_for("channel_updated", lambda channel: channel["id"] == group)

    await see_a_held_message(ann, bob, group)

    media = await upload(a.url, of_ann.access_token, group, a_photo())
    shown: Any = {"channelId": group, "clientMessageId": "photo", "contentType": "image", "mediaId": media["id"]}
    sent = await ann.call("chat", "send", shown)
    seen = await bob.wait_for("message", lambda message: message["id"] == sent["id"])
    assert media["url"] == seen.data["mediaUrl"]
    assert (await fetch(b.url, of_bob.access_token, media["url"]))[0] == 409
    await ann.call("chat", "review_media", {"mediaId": media["id"], "approved": True})
    reviewed = await bob.wait_for("media_reviewed")
    assert {"channelId": group, "mediaId": media["id"], "review": "approved"} == reviewed.data
    status, data, _ = await fetch(b.url, of_bob.access_token, media["url"])
    assert (status, GPS_TEXT in data) == (200, False)

    async def thumbnail_is_made() -> bool:
        return "private" in (await fetch(b.url, of_bob.access_token, media["thumbnailUrl"]))[2]

    await eventually(thumbnail_is_made, timeout=20)
    await ann.call("chat", "delete", {"messageId": sent["id"]})
    assert (await fetch(b.url, of_bob.access_token, media["url"]))[0] == 404

    muted = await ann.call("chat", "moderate", {"channelId": group, "userId": bob.user_id, "mutedUntilMs": 4 * 10**12})
    assert bob.user_id in muted["silenced"]
    await bob.wait_for("channel_updated", lambda channel: bob.user_id in channel.get("silenced", {}))
    with pytest.raises(MaogaError, match="MUTED"):
        await bob.send(group, "hello?")


async def see_a_held_message(ann: MaogaClient, bob: MaogaClient, group: str) -> None:
    """Bob's message waits, until ann lets it pass."""
    with pytest.raises(MaogaError, match="MESSAGE_HELD"):
        await bob.send(group, "a bad word")
    held = await ann.wait_for("message_held")
    waiting = await ann.call("chat", "held", {"channelId": group})
    assert [held.data["messageId"]] == [one["message"]["id"] for one in waiting]
    await ann.call(
        "chat", "review_message", {"channelId": group, "messageId": held.data["messageId"], "approved": True}
    )
    passed = await bob.wait_for("message", lambda message: message["content"] == "a bad word")
    assert bob.user_id == passed.data["senderId"]
