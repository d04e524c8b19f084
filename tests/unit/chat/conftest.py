"""People who talk, on the embedded default."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.chat.commands import CreateGroup, Send
from domain.chat.events import chat_stream
from domain.chat.model import CHANNELS, Channel
from domain.core.ids import ChannelId, UserId
from domain.core.streams import Position
from domain.social.commands import AnswerFriend, AskFriend
from maoga.bootstrap import Core
from realtime import packet
from tests.support.clock import ManualClock
from tests.support.cores import a_core, players


@pytest.fixture
def clock() -> ManualClock:
    """The time of the test."""
    return ManualClock()


@pytest.fixture
async def core(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Core]:
    """A core of its own."""
    async with a_core(tmp_path, clock) as opened:
        yield opened


async def befriend(core: Core, one: UserId, other: UserId) -> None:
    """Makes two players friends."""
    await core.friends.request(one, AskFriend(user_id=other))
    await core.friends.answer(other, AnswerFriend(user_id=one, accept=True))


async def friends(core: Core, count: int) -> list[UserId]:
    """New players, the first of whom is the friend of all others."""
    first, *others = await players(core, count)
    for other in others:
        await befriend(core, first, other)
    return [first, *others]


async def a_group(core: Core, members: Sequence[UserId], name: str = "Crew") -> ChannelId:
    """A group of the first member, who brings the others in."""
    made = await core.chats.groups.create(members[0], CreateGroup(name=name, user_ids=list(members[1:])))
    return made.channel_id


def said(channel: ChannelId, content: str, client_message_id: str | None = None, **fields: str) -> Send:
    """Something to say."""
    return Send.model_validate(
        {
            "channel_id": channel,
            "client_message_id": client_message_id or f"m-{abs(hash(content))}",
            "content": content,
            **fields,
        }
    )


async def channel_of(core: Core, id: ChannelId) -> Channel:
    """A channel as it is stored."""
    channel = await core.database.collection(CHANNELS).get(id)
    assert channel is not None
    return channel


async def events_of(core: Core, channel: ChannelId) -> list[tuple[str, dict[str, Any]]]:
    """The events that a channel's stream has carried: name and data."""
    stream = chat_stream(channel)
    head = (await core.streams.positions([stream]))[stream]
    entries = await core.streams.read(stream, Position(head.epoch, 0, 0), 1000)
    assert entries is not None
    bodies = [packet.opened(entry.packet)[1] for entry in entries]
    return [tuple(orjson.loads(b"[%b]" % body)) for body in bodies]


async def told(core: Core, channel: ChannelId) -> list[str]:
    """The names of these events."""
    return [name for name, _ in await events_of(core, channel)]
