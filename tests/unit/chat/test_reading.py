"""What is read and unread, muted and mentioned."""

import asyncio
from typing import Any

import pytest

from domain.chat import reads
from domain.chat.commands import Edit, MarkRead, Mute, SetTyping, ToMessage, UpdateChannel
from domain.chat.model import MARKERS, Message
from domain.chat.pace import SlowMode
from domain.chat.reads import UNREAD_MAX
from domain.core.errors import NotFound
from domain.core.ids import ChannelId, UserId
from domain.notifications.model import NOTIFICATIONS
from domain.social.commands import ToBlock
from maoga.bootstrap import Core
from tests.support.clock import ManualClock
from tests.support.invariants import everything
from tests.unit.chat.conftest import a_group, events_of, friends, said, told


async def unread(core: Core, user: UserId) -> dict[ChannelId, int]:
    return {channel.id: channel.unread for channel in await core.chats.reads.channels(user)}


async def mentioned(core: Core) -> list[UserId]:
    """Who was notified of a mention, in order."""
    notifications = await everything(core.database, NOTIFICATIONS)
    return [one.user_id for one in notifications if one.news.type == "mention"]


class TestMarkers:
    async def test_messages_of_others_behind_the_marker_are_unread(self, core: Core, clock: ManualClock) -> None:
        ann, bob = await friends(core, 2)
        busy, quiet = await a_group(core, [ann, bob]), await a_group(core, [ann, bob])
        for n in range(5):
            await core.chat.send(bob, said(busy, f"news {n}"))
        await core.chat.send(ann, said(busy, "thanks"))
        assert await unread(core, ann) == {busy: 5, quiet: 0}
        assert await unread(core, bob) == {busy: 1, quiet: 0}
        moved = await core.chats.reads.mark_read(ann, MarkRead(channel_id=busy, seq=3))
        assert (moved.seq, await unread(core, ann)) == (3, {busy: 2, quiet: 0})
        views = {channel.id: channel for channel in await core.chats.reads.channels(ann)}
        last = views[busy].last_message
        assert last is not None and last.content == "thanks"
        assert (views[busy].last_seq, views[busy].read_seq, views[quiet].last_seq) == (6, 3, 0)

    async def test_a_marker_never_goes_back_nor_beyond_the_last_message(self, core: Core) -> None:
        ann, bob = await friends(core, 2)
        channel = await a_group(core, [ann, bob])
        for n in range(4):
            await core.chat.send(bob, said(channel, f"news {n}"))
        seqs = (3, 1, 10**9, 2)
        moved = [(await core.chats.reads.mark_read(ann, MarkRead(channel_id=channel, seq=seq))).seq for seq in seqs]
        assert moved == [3, 3, 4, 4]
        told_of = [data["seq"] for name, data in await events_of(core, channel) if name == "read"]
        assert told_of == [3, 4]

    async def test_devices_that_read_at_once_agree(self, core: Core) -> None:
        ann, bob = await friends(core, 2)
        channel = await a_group(core, [ann, bob])
        for n in range(6):
            await core.chat.send(bob, said(channel, f"news {n}"))
        wishes = [MarkRead(channel_id=channel, seq=seq) for seq in (4, 6, 2, 5, 1, 3)]
        await asyncio.gather(*(core.chats.reads.mark_read(ann, wish) for wish in wishes))
        (marker,) = await everything(core.database, MARKERS)
        assert (marker.seq, marker.unpublished) == (6, ())

    async def test_deleted_messages_and_those_of_the_blocked_are_not_unread(self, core: Core) -> None:
        ann, bob, cem = await friends(core, 3)
        channel = await a_group(core, [ann, bob, cem])
        first = await core.chat.send(bob, said(channel, "oops"))
        await core.chat.send(cem, said(channel, "hi"))
        await core.chat.send(bob, said(channel, "hello"))
        await core.chats.messages.delete(bob, ToMessage(message_id=first.id))
        assert await unread(core, ann) == {channel: 2}
        await core.blocks.block(ann, ToBlock(user_id=cem))
        assert await unread(core, ann) == {channel: 1}

    async def test_counting_has_an_end(self, core: Core, clock: ManualClock) -> None:
        ann, bob = await friends(core, 2)
        channel = await a_group(core, [ann, bob])
        for n in range(UNREAD_MAX + 5):
            await core.chat.send(bob, said(channel, f"news {n}"))
            clock.advance(1)
        assert await unread(core, ann) == {channel: UNREAD_MAX}

    async def test_of_many_channels_the_newest_messages_are_looked_at(
        self, core: Core, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Ten at most, five for each of the two that have news: what stands before them counts, whoever wrote it."""
        monkeypatch.setattr(reads, "LOOKED_AT", 10)
        ann, bob, cem = await friends(core, 3)
        channels = [await a_group(core, [ann, bob, cem]) for _ in range(3)]
        await core.blocks.block(ann, ToBlock(user_id=cem))
        for sender, channel in ((bob, channels[0]), (cem, channels[1])):
            for n in range(8):
                await core.chat.send(sender, said(channel, f"news {n}"))
                clock.advance(1)
        found: list[int] = []
        messages = core.chats.reads._messages
        find = messages.find

        async def counting(*args: Any, **options: Any) -> list[Message]:
            answer = await find(*args, **options)
            found.append(len(answer))
            return answer

        monkeypatch.setattr(messages, "find", counting)
        assert await unread(core, ann) == dict(zip(channels, (8, 3, 0), strict=True))
        assert found == [10]
        await core.chats.reads.mark_read(ann, MarkRead(channel_id=channels[0], seq=8))
        assert await unread(core, ann) == dict.fromkeys(channels, 0)

    async def test_who_is_not_in_the_channel_marks_nothing(self, core: Core) -> None:
        ann, _, eve = await friends(core, 3)
        channel = await a_group(core, [ann])
        with pytest.raises(NotFound):
            await core.chats.reads.mark_read(eve, MarkRead(channel_id=channel, seq=1))
        with pytest.raises(NotFound):
            await core.chats.reads.mute(eve, Mute(channel_id=channel))
        assert await everything(core.database, MARKERS) == []


class TestMentions:
    async def test_who_is_named_is_notified_with_the_message_and_once(self, core: Core) -> None:
        ann, bob, _ = await friends(core, 3)
        channel = await a_group(core, [ann, bob])
        first = await core.chat.send(ann, said(channel, "@player-1 and @player-2, @player-0!"))
        assert (first.mentions, await mentioned(core)) == ([bob], [bob])  # neither oneself nor who is not there
        await core.chat.send(ann, said(channel, "@player-1 and @player-2, @player-0!"))
        await core.chats.messages.edit(ann, Edit(message_id=first.id, content="really, @player-1"))
        assert await mentioned(core) == [bob]

    async def test_who_has_muted_the_channel_is_not_notified_until_it_ends(
        self, core: Core, clock: ManualClock
    ) -> None:
        ann, bob = await friends(core, 2)
        channel = await a_group(core, [ann, bob])
        soon = int(clock.now().timestamp() * 1000) + 60_000
        await core.chats.reads.mute(bob, Mute(channel_id=channel, until_ms=soon))
        assert (await core.chat.send(ann, said(channel, "@player-1 one"))).mentions == [bob]
        assert await mentioned(core) == []
        clock.advance(61)
        await core.chat.send(ann, said(channel, "@player-1 two"))
        await core.chats.reads.mute(bob, Mute(channel_id=channel))
        await core.chat.send(ann, said(channel, "@player-1 three"))
        assert await mentioned(core) == [bob]
        assert (await core.chats.reads.mute(bob, Mute(channel_id=channel, until_ms=0))).muted_until is None
        await core.chat.send(ann, said(channel, "@player-1 four"))
        assert await mentioned(core) == [bob, bob]

    @pytest.mark.parametrize("blocker", [0, 1])
    async def test_a_block_either_way_keeps_a_mention_quiet(self, core: Core, blocker: int) -> None:
        pair = await friends(core, 2)
        channel = await a_group(core, pair)
        await core.blocks.block(pair[blocker], ToBlock(user_id=pair[1 - blocker]))
        await core.chat.send(pair[0], said(channel, "@player-1 hi"))
        assert await mentioned(core) == []


class TestSlowMode:
    async def test_members_wait_moderators_do_not(self, core: Core) -> None:
        ann, bob = await friends(core, 2)
        channel = await a_group(core, [ann, bob])
        await core.chats.groups.update(ann, UpdateChannel(channel_id=channel, slow_mode_ms=60_000))
        for n in range(3):
            await core.chat.send(ann, said(channel, f"owner {n}"))
        first = await core.chat.send(bob, said(channel, "member 0"))
        with pytest.raises(SlowMode) as refused:
            await core.chat.send(bob, said(channel, "member 1"))
        assert refused.value.details is not None
        assert 50_000 < dict(refused.value.details)["retryInMs"] <= 60_000  # type: ignore[arg-type]
        assert await core.chat.send(bob, said(channel, "member 0")) == first
        await core.chats.groups.update(ann, UpdateChannel(channel_id=channel, slow_mode_ms=0))
        await core.chat.send(bob, said(channel, "member 1"))


class TestTyping:
    async def test_typing_is_told_now_and_then_and_stored_nowhere(self, core: Core, clock: ManualClock) -> None:
        ann, bob = await friends(core, 2)
        channel = await a_group(core, [ann, bob])
        heard: list[bytes] = []
        cast = core.publisher.cast
        core.publisher.cast = lambda stream, name, data: heard.append(data) or cast(stream, name, data)  # type: ignore
        for pause, is_typing in ((0, True), (1, True), (1.5, True), (0, False), (0, False), (0, True)):
            clock.advance(pause)
            await core.chats.typing.set(ann, SetTyping(channel_id=channel, is_typing=is_typing))
        assert [b"true" in data for data in heard] == [True, True, False, True]
        assert "typing" not in await told(core, channel)

    async def test_nobody_types_where_they_may_not_write(self, core: Core) -> None:
        ann, _, eve = await friends(core, 3)
        channel = await a_group(core, [ann])
        with pytest.raises(NotFound):
            await core.chats.typing.set(eve, SetTyping(channel_id=channel, is_typing=True))
