"""Acts about each other: the chat, friends and notifications, and the connection itself."""

import asyncio
import time
from typing import Any

import aiohttp
import jwt
import pytest

from clients.python.connection import NAMESPACES
from clients.python.errors import MaogaError
from clients.python.rest import MaogaRest
from tests.e2e.every_event.players import Player, World
from tests.support.images import an_image
from tests.support.server import MaogaServer

NEVER_MS = 4_000_000_000_000
SHORT_S = 12
"""Of a token's life: it is announced to end after two thirds."""

FLOOD = 20


async def chat(world: World) -> None:
    """Ann and Bob write to each other, and in a group with Cid."""
    ann, bob, cid = await world.guests(0, 1, 1)
    for player in (ann, bob, cid):
        choices = await player.call("social", "set_privacy", directMessages="everyone")
        assert await player.call("social", "privacy") == choices
    direct = (await ann.call("chat", "open_direct", userId=bob.id))["id"]
    await bob.hears("chat", "channel_updated", id=direct)
    await talk(direct, ann, bob)
    await ann.call("chat", "leave_channel", channelId=direct)
    await ann.hears("chat", "channel_hidden", channelId=direct)
    group = (await ann.call("chat", "create_group", name="Crew", userIds=[bob.id]))["id"]
    await govern(group, ann, bob, cid)
    await moderate(group, ann, bob)
    await ann.call("chat", "transfer_channel", channelId=group, userId=bob.id)
    await bob.hears("chat", "channel_updated", id=group, ownerId=bob.id)
    await ann.call("chat", "leave_channel", channelId=group)
    await bob.hears("chat", "channel_updated", id=group, memberIds=[bob.id])


async def talk(channel: str, ann: Player, bob: Player) -> None:
    """What two do with messages."""
    await bob.call("chat", "typing", channelId=channel, isTyping=True)
    await ann.hears("chat", "typing", channelId=channel, userId=bob.id, isTyping=True)
    said = await bob.call("chat", "send", channelId=channel, clientMessageId="1", content="helo")
    assert await ann.hears("chat", "message", id=said["id"]) == said
    edited = await bob.call("chat", "edit", messageId=said["id"], content="hello")
    assert await ann.hears("chat", "message_edited", id=said["id"]) == edited
    await ann.call("chat", "react", messageId=said["id"], emoji="🎉", on=True)
    await bob.hears("chat", "reaction_changed", messageId=said["id"], userId=ann.id, emoji="🎉", on=True)
    await ann.call("chat", "mark_read", channelId=channel, seq=said["seq"])
    await bob.hears("chat", "read", channelId=channel, userId=ann.id, seq=said["seq"])
    for event, more in (("history", {}), ("search", {"query": "hello"})):
        page = await ann.call("chat", event, channelId=channel, **more)
        assert [(one["id"], one["reactions"]) for one in page["messages"]] == [(said["id"], {"🎉": [ann.id]})]
    await bob.call("chat", "delete", messageId=said["id"])
    await ann.hears("chat", "message_deleted", messageId=said["id"], byUserId=bob.id)
    await ann.call("chat", "mute", channelId=channel)
    assert "mutedUntil" in await ann.hears("chat", "channel_muted", channelId=channel)
    (listed,) = [one for one in await ann.call("chat", "channels") if one["id"] == channel]
    assert (listed["readSeq"], "mutedUntil" in listed) == (said["seq"], True)


async def govern(group: str, ann: Player, bob: Player, cid: Player) -> None:
    """Who is in a group, what it is called, and who helps its owner."""
    await bob.hears("chat", "channel_updated", id=group, ownerId=ann.id)
    await ann.call("chat", "add_member", channelId=group, userId=cid.id)
    await cid.hears("chat", "channel_updated", id=group, memberIds=[ann.id, bob.id, cid.id])
    await ann.call("chat", "update_channel", channelId=group, name="Night crew")
    await bob.hears("chat", "channel_updated", id=group, name="Night crew")
    await ann.call("chat", "set_channel_role", channelId=group, userId=bob.id, role="admin")
    await bob.hears("chat", "channel_updated", id=group, adminIds=[bob.id])
    await bob.call("chat", "remove_member", channelId=group, userId=cid.id)
    await cid.hears("chat", "channel_updated", id=group, memberIds=[ann.id, bob.id])


async def moderate(group: str, ann: Player, bob: Player) -> None:
    """Ann sees a bad word before the others do, Bob's image, and enough of Bob."""
    await ann.call("chat", "set_channel_role", channelId=group, userId=bob.id, role="member")
    with pytest.raises(MaogaError, match="MESSAGE_HELD"):
        await bob.call("chat", "send", channelId=group, clientMessageId="2", content="a bad word")
    held = (await ann.hears("chat", "message_held", channelId=group))["messageId"]
    assert [one["message"]["id"] for one in await ann.call("chat", "held", channelId=group)] == [held]
    await ann.call("chat", "review_message", channelId=group, messageId=held, approved=True)
    await bob.hears("chat", "message", channelId=group, content="a bad word")
    form = aiohttp.FormData()
    form.add_field("file", an_image(), filename="a.png")
    image = (await bob.request("POST", f"/chats/{group}/media", data=form))["id"]
    await bob.call("chat", "send", channelId=group, clientMessageId="3", contentType="image", mediaId=image)
    await ann.hears("chat", "message", channelId=group, mediaId=image)
    await ann.call("chat", "review_media", mediaId=image, approved=True)
    await bob.hears("chat", "media_reviewed", mediaId=image, review="approved")
    await ann.call("chat", "moderate", channelId=group, userId=bob.id, mutedUntilMs=NEVER_MS)
    await bob.hears("chat", "channel_updated", lambda told: bob.id in told.get("silenced", ()), id=group)


async def social(world: World) -> None:
    """Ann and Bob are friends, for a while."""
    ann, bob = await world.guests(0, 1)
    await ann.call("social", "friend_request", userId=bob.id)
    await bob.hears("social", "friend_requested", userId=ann.id, status="incoming")
    await notice(bob, "friend_request")
    (request,) = (await bob.call("social", "friend_requests"))["items"]
    assert request["userId"] == ann.id
    await bob.call("social", "friend_answer", userId=ann.id, accept=True)
    await ann.hears("social", "friend_added", userId=bob.id)
    (friend,) = (await ann.call("social", "friends"))["items"]
    assert friend["userId"] == bob.id
    (seen,) = await ann.call("social", "watch_presence", userIds=[bob.id])
    assert (seen["userId"], seen["status"]) == (bob.id, "online")
    await bob.call("social", "set_status", status="away", customStatus="tea")
    await ann.hears("social", "presence_changed", userId=bob.id, status="away", customStatus="tea")
    await ann.call("social", "unwatch_presence", userIds=[bob.id])
    await ann.call("social", "friend_remove", userId=bob.id)
    await bob.hears("social", "friend_removed", userId=ann.id)
    await bob.call("social", "block", userId=ann.id)
    (blocked,) = (await bob.call("social", "blocks"))["items"]
    assert blocked["userId"] == ann.id
    await bob.call("social", "unblock", userId=ann.id)


async def notice(player: Player, kind: str) -> None:
    """A notification comes, is read, and deleted."""
    notification = await player.hears("social", "notification", type=kind)
    id = notification["id"]
    await player.hears("social", "unread_count", count=1)
    assert await player.call("social", "notifications") == {"items": [notification], "unread": 1}
    assert await player.call("social", "notifications_read", ids=[id]) == {"count": 0}
    await player.hears("social", "notifications_marked", ids=[id], read=True)
    await player.request("DELETE", f"/notifications/{id}")
    await player.hears("social", "notification_removed", id=id)


async def session(world: World) -> None:
    """A connection is resumed, its token ends and is renewed, it sends too much, and its player logs out elsewhere."""
    (ann,) = await world.guests(1)
    await ann.wire.close()
    guest = ann.session
    ann = await world.enter(guest, 0, _ending(guest.access_token, world.key))
    for namespace in NAMESPACES:
        streams = (await ann.hears(namespace, "hello"))["streams"]
        resumed = await ann.call(namespace, "resume", streams=streams)
        assert all(recovery["recovered"] for recovery in resumed.values())
        await ann.call(namespace, "ping")
    for namespace in NAMESPACES:
        assert (await ann.hears(namespace, "session_expiring"))["inMs"] <= 1000 * SHORT_S / 3
    for namespace in NAMESPACES:
        renewed = await ann.call(namespace, "renew", token=guest.access_token)
        assert renewed["expiresInMs"] > 1000 * SHORT_S
    await flood(ann)
    async with MaogaRest(world.urls[1]) as rest:
        await rest.logout(guest.access_token)
    for namespace in NAMESPACES:
        await ann.hears(namespace, "kicked", reason="logged_out")


async def flood(player: Player) -> None:
    """A player sends until the server has enough, and then waits as it says."""
    answers: list[Any] = []
    while not any(isinstance(answer, MaogaError) for answer in answers):
        calls = [player.call("social", "watch_presence", userIds=[]) for _ in range(FLOOD)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
    assert {answer.code for answer in answers if isinstance(answer, MaogaError)} == {"RATE_LIMITED"}
    assert (await player.hears("social", "rate_limited"))["retryInMs"] > 0


async def drain(world: World, server: MaogaServer) -> None:
    """The first instance stops, and says so to who is there."""
    (ann,) = await world.guests(0)
    stopped = asyncio.create_task(asyncio.to_thread(server.stop))
    for namespace in NAMESPACES:
        assert (await ann.hears(namespace, "server_draining"))["reconnectInMs"] > 0
    assert await stopped == 0


def _ending(token: str, key: str) -> str:
    """The token, of a shorter life."""
    claims = jwt.decode(token, options={"verify_signature": False})
    header = jwt.get_unverified_header(token)
    return jwt.encode({**claims, "exp": int(time.time()) + SHORT_S}, key, "HS256", headers=header)
