"""What asks much of a database: races for places and reactions, the list of channels, and searching; on both."""

import asyncio

from domain.chat.commands import History, MarkRead, React, Search
from domain.chat.model import MESSAGES
from domain.notifications.model import NOTIFICATIONS
from maoga.bootstrap import Core
from tests.support.invariants import everything
from tests.unit.chat.conftest import a_group, friends, said


async def test_mentions_among_plain_messages_leave_no_gap_and_notify_once(core: Core) -> None:
    """A mention is a commit of its own between batches; each is sent twice at the same moment."""
    users = await friends(core, 4)
    channel = await a_group(core, users)
    wishes = [
        (user, said(channel, f"@player-0 {n}" if n % 2 else f"plain {n}", f"m{n}"))
        for user in users[1:]
        for n in range(6)
    ]
    answers = await asyncio.gather(*(core.chat.send(*wish) for wish in wishes * 2))
    assert answers[: len(wishes)] == answers[len(wishes) :]
    stored = await everything(core.database, MESSAGES)
    assert sorted(message.seq for message in stored) == list(range(1, len(wishes) + 1))
    notified = [
        one.news.message_id for one in await everything(core.database, NOTIFICATIONS) if one.news.type == "mention"
    ]
    assert sorted(notified) == sorted(message.id for message in stored if message.mentions)
    assert len(notified) == 9


async def test_all_who_react_at_once_are_counted(core: Core) -> None:
    users = await friends(core, 8)
    first = await core.chat.send(users[0], said(await a_group(core, users), "look"))
    wish = React(message_id=first.id, emoji="🎉", on=True)
    await asyncio.gather(*(core.chats.messages.react(user, wish) for user in users))
    (message,) = await everything(core.database, MESSAGES)
    assert set(message.reactions["🎉"]) == set(users)


async def test_channels_are_listed_with_what_is_new_in_each(core: Core) -> None:
    ann, bob = await friends(core, 2)
    channels = [await a_group(core, [ann, bob], f"group {n}") for n in range(4)]
    for n, channel in enumerate(channels):
        for number in range(n):
            await core.chat.send(bob, said(channel, f"news {number}"))
    await core.chats.reads.mark_read(ann, MarkRead(channel_id=channels[3], seq=1))
    listed = {channel.id: channel for channel in await core.chats.reads.channels(ann)}
    assert [listed[channel].last_seq for channel in channels] == [0, 1, 2, 3]
    assert [listed[channel].unread for channel in channels] == [0, 1, 2, 2]
    last = [listed[channel].last_message for channel in channels]
    assert [message and message.content for message in last] == [None, "news 0", "news 1", "news 2"]


async def test_a_search_finds_whole_words_and_the_beginning_of_the_last(core: Core) -> None:
    ann, bob = await friends(core, 2)
    channel, other = await a_group(core, [ann, bob]), await a_group(core, [ann, bob])
    for text in ("red dragon", "red dog", "blue dragon", "redder dragons"):
        await core.chat.send(ann, said(channel, text))
    await core.chat.send(ann, said(other, "red dragon elsewhere"))

    async def found(query: str) -> list[str]:
        page = await core.chat.search(bob, Search(channel_id=channel, query=query))
        return [message.content for message in page.messages]

    assert await found("red") == ["red dragon", "red dog", "redder dragons"]
    assert await found("red drag") == ["red dragon"]
    assert await found("dragon") == ["red dragon", "blue dragon", "redder dragons"]
    assert await found("dragon red") == ["red dragon"]
    assert len((await core.chat.history(bob, History(channel_id=channel))).messages) == 4
