"""Talking across two instances: every event of the chat reaches those it is for, on every device, and nobody else."""

from typing import Any

import pytest

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from tests.e2e.conftest import Enter, Start, a_guest


async def befriend(one: MaogaClient, other: MaogaClient) -> None:
    await one.call("social", "friend_request", {"userId": other.user_id})
    await other.call("social", "friend_answer", {"userId": one.user_id, "accept": True})


async def heard(player: MaogaClient, event_name: Any, **data: Any) -> dict[str, Any]:
    """The player's next event of that name with that data."""
    event = await player.wait_for(event_name, lambda told: all(told.get(key) == value for key, value in data.items()))
    return dict(event.data)


async def test_friends_talk_on_two_instances_and_all_their_devices(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared), start(**shared)
    session, other = await a_guest(a.url), await a_guest(b.url)
    ann, tablet, bob = await enter(a.url, session), await enter(b.url, session), await enter(b.url, other)
    await befriend(ann, bob)
    channel = (await ann.call("chat", "open_direct", {"userId": bob.user_id}))["id"]
    for player in (tablet, bob):
        await heard(player, "channel_updated", id=channel)
    said = await ann.send(channel, f"gg @{other.user['username']}")
    for player in (ann, tablet, bob):
        assert (await heard(player, "message", channelId=channel))["id"] == said["id"]
    mention = await heard(bob, "notification", type="mention")
    assert mention["data"]["messageId"] == said["id"]

    await bob.call("chat", "typing", {"channelId": channel, "isTyping": True})
    assert (await heard(ann, "typing", channelId=channel))["userId"] == bob.user_id
    reply = await bob.call(
        "chat", "send", {"channelId": channel, "clientMessageId": "m1", "content": "wp", "replyToId": said["id"]}
    )
    assert (await heard(ann, "message", id=reply["id"]))["replyToId"] == said["id"]
    await ann.call("chat", "react", {"messageId": reply["id"], "emoji": "🎉", "on": True})
    assert (await heard(bob, "reaction_changed", messageId=reply["id"]))["on"] is True
    await ann.call("chat", "edit", {"messageId": said["id"], "content": "good game"})
    assert (await heard(bob, "message_edited", id=said["id"]))["content"] == "good game"
    await bob.call("chat", "delete", {"messageId": reply["id"]})
    assert (await heard(tablet, "message_deleted", messageId=reply["id"]))["byUserId"] == bob.user_id
    await ann.call("chat", "mark_read", {"channelId": channel, "seq": 2})
    for player in (tablet, bob):
        assert (await heard(player, "read", channelId=channel, userId=ann.user_id))["seq"] == 2
    await ann.call("chat", "mute", {"channelId": channel})
    assert "mutedUntil" in await heard(tablet, "channel_muted", channelId=channel)
    (listed,) = [one for one in await tablet.call("chat", "channels") if one["id"] == channel]
    assert (listed["lastSeq"], listed["readSeq"], listed["unread"]) == (2, 2, 0)
    found = await bob.call("chat", "search", {"channelId": channel, "query": "good ga"})
    assert [message["id"] for message in found["messages"]] == [said["id"]]


async def test_a_group_is_heard_by_its_members_while_they_are_in_it(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared), start(**shared)
    ann, bob, cem = await enter(a.url), await enter(b.url), await enter(b.url)
    for friend in (bob, cem):
        await befriend(ann, friend)
    heard_by_cem: list[str] = []
    cem.on("message", lambda event: heard_by_cem.append(event.data["id"]))
    group = await ann.call("chat", "create_group", {"name": "Crew", "userIds": [bob.user_id]})
    channel = group["id"]
    await heard(bob, "channel_updated", id=channel)
    await ann.call("chat", "add_member", {"channelId": channel, "userId": cem.user_id})
    await heard(cem, "channel_updated", id=channel)
    added = await heard(bob, "message", channelId=channel)
    assert added["system"] == {"type": "member_added", "userId": cem.user_id, "byUserId": ann.user_id}
    await ann.call("chat", "update_channel", {"channelId": channel, "name": "Night crew", "slowModeMs": 60_000})
    await heard(cem, "channel_updated", id=channel, name="Night crew", slowModeMs=60_000)
    await cem.send(channel, "hi")
    with pytest.raises(MaogaError, match="SLOW_MODE"):
        await cem.call("chat", "send", {"channelId": channel, "clientMessageId": "m2", "content": "again"})
    await ann.call("chat", "set_channel_role", {"channelId": channel, "userId": bob.user_id, "role": "admin"})
    await heard(bob, "channel_updated", id=channel, adminIds=[bob.user_id])
    await bob.call("chat", "remove_member", {"channelId": channel, "userId": cem.user_id})
    await heard(cem, "channel_updated", id=channel, memberIds=[ann.user_id, bob.user_id])
    with pytest.raises(MaogaError, match="NOT_FOUND"):
        await cem.history(channel)
    last = await ann.send(channel, "just us")
    await heard(bob, "message", id=last["id"])
    await ann.call("chat", "transfer_channel", {"channelId": channel, "userId": bob.user_id})
    await ann.call("chat", "leave_channel", {"channelId": channel})
    await heard(bob, "channel_updated", id=channel, memberIds=[bob.user_id])
    alone = await ann.call("chat", "channels")
    assert channel not in [one["id"] for one in alone]
    assert last["id"] not in heard_by_cem
