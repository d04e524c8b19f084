"""Direct channels and groups: who may bring whom where, and what the members are told."""

import asyncio

import pytest

from domain.chat.commands import (
    MEMBERS_MAX,
    CreateGroup,
    History,
    MarkRead,
    OpenDirect,
    SetChannelRole,
    ToChannel,
    ToMember,
    UpdateChannel,
)
from domain.chat.directs import DirectRefused
from domain.chat.events import MessageEdited, channel_updated
from domain.chat.group_rules import GroupFull, NoGroup, added
from domain.chat.groups import GROUPS_MAX, GroupLimit
from domain.chat.model import CHANNELS, MARKERS, MESSAGES, Channel, System, marker_id
from domain.chat.notes import noting
from domain.core.errors import Forbidden, NotFound, ValidationFailed
from domain.core.events import carrying, to
from domain.core.ids import ChannelId, UserId
from domain.social.commands import ToBlock
from domain.social.privacy import SetPrivacy
from maoga.bootstrap import Core
from realtime import packet
from tests.support.builders import NOON
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.invariants import everything
from tests.support.told import told as stream_told
from tests.unit.chat.conftest import a_group, channel_of, events_of, friends, said, told


async def systems(core: Core, user: UserId, channel: ChannelId) -> list[str]:
    """What the system has said in a channel."""
    page = await core.chat.history(user, History(channel_id=channel))
    return [message.system.type for message in page.messages if message.system]


class TestDirect:
    async def test_a_pair_has_one_channel_whoever_opens_it(self, core: Core) -> None:
        ann, bob = await friends(core, 2)
        opened = await asyncio.gather(
            *(core.chats.directs.open(one, OpenDirect(user_id=other)) for one, other in [(ann, bob), (bob, ann)] * 3)
        )
        assert len({channel.id for channel in opened}) == 1
        assert set(opened[0].member_ids) == {ann, bob}
        assert await core.chat.streams_of(bob) == [f"chat:{opened[0].id}"]
        assert (await core.chat.send(bob, said(opened[0].channel_id, "hi"))).seq == 1
        assert (await told(core, opened[0].channel_id))[0] == "channel_updated"

    @pytest.mark.parametrize(("privacy", "opens"), [("everyone", True), ("friends", False), ("nobody", False)])
    async def test_a_stranger_is_let_in_by_privacy_alone(self, core: Core, privacy: str, opens: bool) -> None:
        ann, bob = await players(core, 2)
        await core.privacy.set(bob, SetPrivacy.model_validate({"direct_messages": privacy}))
        if opens:
            await core.chats.directs.open(ann, OpenDirect(user_id=bob))
        else:
            with pytest.raises(DirectRefused):
                await core.chats.directs.open(ann, OpenDirect(user_id=bob))
            assert await core.chat.streams_of(bob) == []

    async def test_nobody_writes_to_themselves_or_to_nobody(self, core: Core) -> None:
        (ann,) = await players(core, 1)
        with pytest.raises(ValidationFailed):
            await core.chats.directs.open(ann, OpenDirect(user_id=ann))
        with pytest.raises(NotFound):
            await core.chats.directs.open(ann, OpenDirect(user_id=UserId("nobody")))

    @pytest.mark.parametrize("blocker", [0, 1])
    async def test_a_block_closes_it_both_ways_at_once_and_unblocking_opens_it(self, core: Core, blocker: int) -> None:
        pair = await friends(core, 2)
        ann, bob = pair
        channel = (await core.chats.directs.open(ann, OpenDirect(user_id=bob))).channel_id
        first = await core.chat.send(ann, said(channel, "hi"))
        await core.blocks.block(pair[blocker], ToBlock(user_id=pair[1 - blocker]))
        for one, other in ((ann, bob), (bob, ann)):
            with pytest.raises(Forbidden):
                await core.chat.send(one, said(channel, "still there?"))
            with pytest.raises(DirectRefused):
                await core.chats.directs.open(one, OpenDirect(user_id=other))
            assert (await core.chat.history(one, History(channel_id=channel))).messages == [first]
        await core.blocks.unblock(pair[blocker], ToBlock(user_id=pair[1 - blocker]))
        await core.chat.send(bob, said(channel, "now?"))


class TestGroups:
    async def test_members_come_and_go_and_the_channel_says_so(self, core: Core) -> None:
        ann, bob, cem = await friends(core, 3)
        channel = await a_group(core, [ann, bob])
        await core.chats.groups.add(ann, ToMember(channel_id=channel, user_id=cem))
        await core.chats.groups.add(ann, ToMember(channel_id=channel, user_id=cem))  # a retry
        await core.chats.groups.update(ann, UpdateChannel(channel_id=channel, name="Night shift"))
        await core.chats.groups.remove(ann, ToMember(channel_id=channel, user_id=bob))
        await core.chats.groups.leave(cem, ToChannel(channel_id=channel))
        assert await systems(core, ann, channel) == ["member_added", "renamed", "member_removed", "member_left"]
        now = await channel_of(core, channel)
        assert (now.member_ids, now.name, now.notes, now.noted_at) == ((ann,), "Night shift", (), None)
        assert now.unpublished == ()
        members = [data["memberIds"] for name, data in await events_of(core, channel) if name == "channel_updated"]
        assert members == [[ann, bob], [ann, bob, cem], [ann, bob, cem], [ann, cem], [ann]]
        for gone in (bob, cem):
            with pytest.raises(NotFound):
                await core.chat.history(gone, History(channel_id=channel))

    async def test_each_role_may_do_what_it_may(self, core: Core) -> None:
        ann, bob, cem, dia = await friends(core, 4)
        channel = await a_group(core, [ann, bob, cem, dia])
        await core.chats.groups.set_role(ann, SetChannelRole(channel_id=channel, user_id=bob, role="admin"))
        for user, who in ((cem, dia), (bob, ann), (bob, bob)):
            with pytest.raises(Forbidden):
                await core.chats.groups.remove(user, ToMember(channel_id=channel, user_id=who))
        for user in (cem, dia):
            with pytest.raises(Forbidden):
                await core.chats.groups.update(user, UpdateChannel(channel_id=channel, name="Mine"))
            with pytest.raises(Forbidden):
                await core.chats.groups.transfer(user, ToMember(channel_id=channel, user_id=user))
        with pytest.raises(Forbidden):
            await core.chats.groups.set_role(bob, SetChannelRole(channel_id=channel, user_id=cem, role="admin"))
        await core.chats.groups.remove(bob, ToMember(channel_id=channel, user_id=dia))
        await core.chats.groups.transfer(ann, ToMember(channel_id=channel, user_id=cem))
        now = await channel_of(core, channel)
        assert (now.owner_id, now.admin_ids, now.member_ids) == (cem, (ann, bob), (ann, bob, cem))

    async def test_an_owner_who_leaves_has_an_heir_and_the_last_one_closes_the_group(self, core: Core) -> None:
        ann, bob, cem = await friends(core, 3)
        channel = await a_group(core, [ann, bob, cem])
        await core.chats.groups.set_role(ann, SetChannelRole(channel_id=channel, user_id=cem, role="admin"))
        for leaver, heir in ((ann, cem), (cem, bob), (bob, None)):
            await core.chats.groups.leave(leaver, ToChannel(channel_id=channel))
            assert (await channel_of(core, channel)).owner_id == heir
        now = await channel_of(core, channel)
        assert (now.closed_at is not None, now.member_ids, now.admin_ids) == (True, (), ())

    async def test_a_stranger_or_one_at_odds_with_a_member_is_not_brought_in(self, core: Core) -> None:
        ann, bob, cem = await friends(core, 3)
        (stranger,) = [UserId((await core.users.create(username="stranger", display_name="S")).id)]
        channel = await a_group(core, [ann, bob])
        await core.blocks.block(bob, ToBlock(user_id=cem))
        for user in (cem, stranger):
            with pytest.raises(Forbidden):
                await core.chats.groups.add(ann, ToMember(channel_id=channel, user_id=user))
            with pytest.raises(Forbidden):
                await core.chats.groups.create(ann, CreateGroup(name="Crew", user_ids=[bob, user]))
        assert (await channel_of(core, channel)).member_ids == (ann, bob)

    async def test_one_owns_only_so_many_groups(self, core: Core) -> None:
        (ann,) = await players(core, 1)
        for _ in range(GROUPS_MAX):
            channel = await a_group(core, [ann])
        with pytest.raises(GroupLimit):
            await a_group(core, [ann])
        await core.chats.groups.leave(ann, ToChannel(channel_id=channel))
        await a_group(core, [ann])

    async def test_who_owns_enough_groups_is_handed_no_more(self, core: Core) -> None:
        ann, bob, cem = await friends(core, 3)
        channel = await a_group(core, [ann, bob, cem])
        for _ in range(GROUPS_MAX):
            await a_group(core, [bob])
        with pytest.raises(Forbidden):  # nobody else learns that
            await core.chats.groups.transfer(cem, ToMember(channel_id=channel, user_id=bob))
        with pytest.raises(GroupLimit):
            await core.chats.groups.transfer(ann, ToMember(channel_id=channel, user_id=bob))
        await core.chats.groups.transfer(ann, ToMember(channel_id=channel, user_id=cem))
        assert (await channel_of(core, channel)).owner_id == cem

    async def test_members_who_have_fallen_out_keep_no_third_one_out(self, core: Core) -> None:
        ann, bob, cem, dan = await friends(core, 4)
        channel = await a_group(core, [ann, bob, cem])
        await core.blocks.block(bob, ToBlock(user_id=cem))
        await core.chats.groups.add(ann, ToMember(channel_id=channel, user_id=dan))
        assert (await channel_of(core, channel)).member_ids == (ann, bob, cem, dan)

    def test_a_full_group_takes_nobody(self) -> None:
        users = tuple(UserId(f"u{n}") for n in range(MEMBERS_MAX))
        group = Channel(id="g", kind="group", owner_id=users[0], member_ids=users, created_at=NOON)
        wish = ToMember(channel_id=ChannelId("g"), user_id=UserId("one"))
        with pytest.raises(GroupFull):
            added(group, users[0], wish)
        assert len(added(group.changed(member_ids=users[:-1]), users[0], wish).channel.member_ids) == MEMBERS_MAX

    async def test_a_direct_channel_is_no_group(self, core: Core) -> None:
        ann, bob = await friends(core, 2)
        channel = (await core.chats.directs.open(ann, OpenDirect(user_id=bob))).channel_id
        with pytest.raises(NoGroup):
            await core.chats.groups.add(ann, ToMember(channel_id=channel, user_id=bob))
        with pytest.raises(NoGroup):
            await core.chats.groups.update(ann, UpdateChannel(channel_id=channel, name="Us"))

    async def test_changes_at_the_same_moment_all_come_true(self, core: Core) -> None:
        ann, *others = await friends(core, 6)
        channel = await a_group(core, [ann])
        await asyncio.gather(
            *(core.chats.groups.add(ann, ToMember(channel_id=channel, user_id=other)) for other in others[:4])
        )
        assert set((await channel_of(core, channel)).member_ids) == {ann, *others[:4]}
        assert sorted(await systems(core, ann, channel)) == ["member_added"] * 4


class TestCrashes:
    async def test_what_a_crash_left_in_a_channel_is_told_by_the_sweep_once(
        self, core: Core, clock: ManualClock
    ) -> None:
        """The process died between the commit and the telling: an event and a note wait in the document."""
        (ann,) = await players(core, 1)
        channel = await a_group(core, [ann])
        renamed = to(f"chat:{channel}", channel_updated(await channel_of(core, channel)))
        changes = carrying([renamed], clock.now(), name="Left")
        note = noting([System(type="renamed", by_user_id=ann, name="Left")], clock.now())
        merged = {op: {**changes.get(op, {}), **note.get(op, {})} for op in {*changes, *note}}
        await core.database.collection(CHANNELS).update(channel, merged)
        await core.recovery.sweep()
        assert await systems(core, ann, channel) == []  # its process may be about to
        clock.advance(3)
        await core.recovery.sweep()
        await core.recovery.sweep()
        assert await systems(core, ann, channel) == ["renamed"]
        assert (await told(core, channel))[1:] == ["channel_updated", "message"]
        now = await channel_of(core, channel)
        assert (now.unpublished, now.notes, now.noted_at, now.unpublished_at) == ((), (), None, None)


async def test_a_channel_nobody_spoke_in_for_long_comes_back_to_the_front(core: Core, clock: ManualClock) -> None:
    ann, bob = await friends(core, 2)
    first, second = await a_group(core, [ann, bob], "first"), await a_group(core, [ann, bob], "second")
    clock.advance(4000)
    await core.chat.send(bob, said(first, "hi"))
    assert [channel.id for channel in await core.chats.reads.channels(ann)] == [first, second]
    await core.chat.send(bob, said(first, "hello"))
    stream = f"chat:{first}"
    assert (await core.streams.positions([stream]))[stream].seq == 4  # opened, touched, hi, hello


async def test_who_does_not_follow_a_quiet_channel_does_before_something_is_said_in_it(
    core: Core, clock: ManualClock
) -> None:
    """Then the message reaches them, too."""
    ann, bob = await friends(core, 2)
    channel = await a_group(core, [ann, bob])
    stream = f"chat:{channel}"
    clock.advance(4000)
    before = (await core.streams.positions([stream]))[stream]
    await core.chat.send(bob, said(channel, "hi"))
    entries = await core.streams.read(stream, before, 10)
    assert entries is not None
    opened = [packet.opened(entry.packet) for entry in entries]
    assert [packet.name_of(body) for _, body in opened] == ["channel_updated", "message"]
    assert opened[0][0].join == (ann, bob)


async def test_a_direct_channel_is_put_away_until_something_is_said_in_it(core: Core) -> None:
    """For who asks, on all their devices; the other one sees nothing of it."""
    ann, bob = await friends(core, 2)
    channel = (await core.chats.directs.open(ann, OpenDirect(user_id=bob))).channel_id

    async def hidden(user: UserId) -> bool:
        (view,) = await core.chats.reads.channels(user)
        return view.hidden_seq is not None and view.last_seq <= view.hidden_seq

    for text in ("hi", "hello"):
        await core.chats.groups.leave(ann, ToChannel(channel_id=channel))
        assert (await hidden(ann), await hidden(bob)) == (True, False)
        await core.chats.reads.mark_read(ann, MarkRead(channel_id=channel, seq=1))
        assert await hidden(ann)
        await core.chat.send(bob, said(channel, text))
        assert not await hidden(ann)
    own = [event for event in await stream_told(core, f"chat:user:{ann}") if event[0] == "channel_hidden"]
    assert own == [("channel_hidden", {"channelId": channel, "seq": seq}) for seq in (0, 1)]
    assert (await channel_of(core, channel)).member_ids == tuple(sorted((ann, bob)))


async def test_what_a_crash_left_in_a_message_and_in_a_marker_is_told_by_the_sweep(
    core: Core, clock: ManualClock
) -> None:
    """The process died between the change and its telling."""
    ann, bob = await friends(core, 2)
    channel = await a_group(core, [ann, bob])
    message = await core.chat.send(ann, said(channel, "hi"))
    moved = (await core.chats.reads.mark_read(bob, MarkRead(channel_id=channel, seq=1))).model_copy()
    stream = f"chat:{channel}"
    edited = to(stream, MessageEdited(**message.model_dump()))
    await core.database.collection(MESSAGES).update(message.id, carrying([edited], clock.now()))
    await core.database.collection(MARKERS).update(marker_id(channel, bob), carrying([to(stream, moved)], clock.now()))
    before = await told(core, channel)
    clock.advance(3)
    await core.recovery.sweep()
    await core.recovery.sweep()
    assert await told(core, channel) == [*before, "message_edited", "read"]
    (stored,) = await everything(core.database, MESSAGES)
    (marker,) = await everything(core.database, MARKERS)
    assert (stored.unpublished, marker.unpublished, stored.unpublished_at, marker.unpublished_at) == (
        (),
        (),
        None,
        None,
    )
