"""A closed channel takes no new message; what it took before is answered again to who asks again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.chat.chat import ChannelClosed
from domain.chat.commands import History, Send
from domain.chat.model import CHANNELS, Channel
from domain.core.ids import ChannelId, UserId
from maoga.bootstrap import Core
from tests.support.builders import NOON
from tests.support.cores import a_core

CHANNEL = ChannelId("channel")
ANN, BOB = UserId("ann"), UserId("bob")


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    """A core with a channel of two."""
    async with a_core(tmp_path) as opened:
        channel = Channel(id=CHANNEL, kind="group", member_ids=(ANN, BOB), created_at=NOON)
        await opened.database.collection(CHANNELS).insert(channel)
        yield opened


def hi(client_message_id: str = "m1") -> Send:
    """A greeting."""
    return Send(channel_id=CHANNEL, client_message_id=client_message_id, content="hi")


async def test_a_retry_after_the_channel_closed_gets_the_first_message(core: Core) -> None:
    """Its ack was lost, and meanwhile the lobby closed: the message stands, so the answer is no error."""
    first = await core.chat.send(ANN, hi())
    await core.database.collection(CHANNELS).update(CHANNEL, {"$set": {"closed_at": NOON}})
    assert first == await core.chat.send(ANN, hi())
    assert [first] == (await core.chat.history(ANN, History(channel_id=CHANNEL))).messages


@pytest.mark.parametrize(("user", "client_message_id"), [(ANN, "m2"), (BOB, "m1")])
async def test_a_closed_channel_takes_nothing_new(core: Core, user: UserId, client_message_id: str) -> None:
    """Neither another message of the same sender, nor another sender's under the same id."""
    first = await core.chat.send(ANN, hi())
    await core.database.collection(CHANNELS).update(CHANNEL, {"$set": {"closed_at": NOON}})
    with pytest.raises(ChannelClosed):
        await core.chat.send(user, hi(client_message_id))
    assert [first] == (await core.chat.history(ANN, History(channel_id=CHANNEL))).messages
