"""What moderators may do, to whom, and what it does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.chat.commands import Edit, History, React, SetChannelRole, ToChannel, ToMember, UpdateChannel
from domain.chat.filtering import ALLOW, Filtering, MessageRefused, Verdict
from domain.chat.held import HELD, WAITING_MAX, Held, HeldLimit, MessageHeld
from domain.chat.model import Channel, Message, MessageView
from domain.chat.moderation import ReviewMessage
from domain.chat.silence import Moderate, Muted
from domain.core.errors import Forbidden, NotFound
from domain.core.ids import ChannelId, UserId
from domain.users.model import Role
from maoga.bootstrap import Core
from tests.support.clock import ManualClock
from tests.support.cores import a_core, players
from tests.unit.chat.conftest import a_group, channel_of, friends, said, told

HOUR = timedelta(hours=1)


def until(moment: datetime | None) -> int | None:
    """A moment as clients say it."""
    return round(moment.timestamp() * 1000) if moment else None


async def mute(
    core: Core, by: UserId, channel: ChannelId, whom: UserId, moment: datetime | None, role: Role = "user"
) -> Channel:
    """A moderator mutes somebody."""
    command = Moderate(channel_id=channel, user_id=whom, muted_until_ms=until(moment))
    return await core.chats.moderation.moderate(by, role, command)


async def say(core: Core, user: UserId, channel: ChannelId, content: str, key: str | None = None) -> MessageView:
    """Somebody says something."""
    return await core.chat.send(user, said(channel, content, key))


async def contents(core: Core, user: UserId, channel: ChannelId) -> list[str]:
    """What stands in a channel, without what the system says."""
    page = await core.chat.history(user, History(channel_id=channel))
    return [message.content for message in page.messages if message.sender_id]


async def test_who_is_muted_neither_writes_nor_edits_nor_reacts(core: Core, clock: ManualClock) -> None:
    owner, member = await friends(core, 2)
    group = await a_group(core, [owner, member])
    earlier = await say(core, member, group, "before")
    changed = await mute(core, owner, group, member, clock.now() + HOUR)
    assert changed.silenced == {member: clock.now() + HOUR}
    assert (await told(core, group))[-1] == "channel_updated"
    message = {"message_id": earlier.id}
    for attempt in (
        say(core, member, group, "hello"),
        core.chats.messages.edit(member, Edit.model_validate({**message, "content": "other"})),
        core.chats.messages.react(member, React.model_validate({**message, "emoji": "\U0001f44d", "on": True})),
    ):
        with pytest.raises(Muted) as refused:
            await attempt
        assert refused.value.details == {"retryInMs": 3_600_000}
    again = await say(core, member, group, "before")  # a retry of what was said before
    assert again.id == earlier.id
    clock.advance(3600)
    await say(core, member, group, "hello")
    assert await contents(core, owner, group) == ["before", "hello"]


async def test_an_admin_who_is_muted_says_nothing_by_a_new_name_either(core: Core, clock: ManualClock) -> None:
    owner, admin = await friends(core, 2)
    group = await a_group(core, [owner, admin])
    await core.chats.groups.set_role(owner, SetChannelRole(channel_id=group, user_id=admin, role="admin"))
    await mute(core, owner, group, admin, clock.now() + HOUR)
    with pytest.raises(Muted):
        await core.chats.groups.update(admin, UpdateChannel(channel_id=group, name="What I think"))
    await core.chats.groups.update(admin, UpdateChannel(channel_id=group, slow_mode_ms=1000))
    assert (await channel_of(core, group)).name == "Crew"


async def test_a_mute_is_taken_back(core: Core, clock: ManualClock) -> None:
    owner, member = await friends(core, 2)
    group = await a_group(core, [owner, member])
    for moment in (None, clock.now() - HOUR):
        await mute(core, owner, group, member, clock.now() + HOUR)
        assert (await mute(core, owner, group, member, moment)).silenced == {}
        await say(core, member, group, f"back {moment}")


async def test_moderators_mute_those_below_them(core: Core, clock: ManualClock) -> None:
    """The owner everybody, an admin members, the server's moderators anybody, nobody themselves."""
    owner, admin, other_admin, member, stranger = await friends(core, 5)
    group = await a_group(core, [owner, admin, other_admin, member])
    for one in (admin, other_admin):
        await core.chats.groups.set_role(owner, SetChannelRole(channel_id=group, user_id=one, role="admin"))
    soon = clock.now() + HOUR
    for by, whom in ((member, admin), (admin, other_admin), (admin, owner), (owner, owner), (member, member)):
        with pytest.raises(Forbidden):
            await mute(core, by, group, whom, soon)
    for by, whom in ((stranger, member), (owner, stranger)):
        with pytest.raises(NotFound):
            await mute(core, by, group, whom, soon)
    for by, whom in ((owner, admin), (admin, member)):
        assert whom in ((await mute(core, by, group, whom, soon)).silenced or {})
    roles: tuple[Role, ...] = ("moderator", "admin")
    for role in roles:
        assert owner in ((await mute(core, stranger, group, owner, soon, role)).silenced or {})
        await mute(core, stranger, group, owner, None, role)


async def test_only_the_servers_moderators_lift_a_mute_of_theirs(core: Core, clock: ManualClock) -> None:
    """Nor does the owner of the channel shorten it; once it is over they mute, and lift that, as before."""
    owner, member, staff = await friends(core, 3)
    group = await a_group(core, [owner, member])
    end = clock.now() + HOUR
    await mute(core, owner, group, member, clock.now() + HOUR / 2)
    await mute(core, staff, group, member, end, "moderator")
    for moment in (None, clock.now() + HOUR / 4, clock.now() + 2 * HOUR):
        with pytest.raises(Forbidden):
            await mute(core, owner, group, member, moment)
    assert (await channel_of(core, group)).silenced == {member: end}
    await mute(core, staff, group, member, None, "admin")
    await mute(core, owner, group, member, end)
    assert (await mute(core, owner, group, member, None)).silenced == {}
    await mute(core, staff, group, member, end, "moderator")
    clock.advance(3600)
    await mute(core, owner, group, member, clock.now() + HOUR)
    assert (await mute(core, owner, group, member, None)).silenced == {}


async def test_who_leaves_and_comes_back_is_still_muted(core: Core, clock: ManualClock) -> None:
    owner, member = await friends(core, 2)
    group = await a_group(core, [owner, member])
    await mute(core, owner, group, member, clock.now() + HOUR)
    await core.chats.groups.leave(member, ToChannel(channel_id=group))
    await core.chats.groups.add(owner, ToMember(channel_id=group, user_id=member))
    with pytest.raises(Muted):
        await say(core, member, group, "hello")


async def test_mutes_at_the_same_moment_all_count(core: Core, clock: ManualClock) -> None:
    owner, *others = await friends(core, 6)
    group = await a_group(core, [owner, *others])
    await asyncio.gather(*(mute(core, owner, group, other, clock.now() + HOUR) for other in others))
    assert set((await channel_of(core, group)).silenced or {}) == set(others)


@pytest.fixture(params=["mask", "refuse", "hold"])
async def strict(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Core]:
    """A core with a list of words, in each mode."""
    words = tmp_path / "words.txt"
    words.write_text("bad\n")
    async with a_core(tmp_path, clock, chat_words_file=words, chat_words_mode=request.param) as core:
        yield core


async def test_a_message_with_an_unwanted_word_is_masked_refused_or_held(strict: Core) -> None:
    owner, member = await friends(strict, 2)
    group = await a_group(strict, [owner, member])
    expected = {"mask": None, "refuse": MessageRefused, "hold": MessageHeld}[strict.settings.chat_words_mode]
    if expected is None:
        assert (await say(strict, member, group, "that is B4D!")).content == "that is ***!"
    else:
        for _ in range(2):
            with pytest.raises(expected):
                await say(strict, member, group, "that is B4D!")
    assert await contents(strict, owner, group) == (["that is ***!"] if expected is None else [])
    assert (await say(strict, member, group, "fine")).content == "fine"


async def test_nor_does_an_edit_bring_the_word_in(strict: Core) -> None:
    owner, member = await friends(strict, 2)
    group = await a_group(strict, [owner, member])
    message = await say(strict, member, group, "good")
    edit = Edit.model_validate({"message_id": message.id, "content": "bad"})
    if strict.settings.chat_words_mode == "mask":
        assert (await strict.chats.messages.edit(member, edit)).content == "***"
    else:
        with pytest.raises(MessageRefused):
            await strict.chats.messages.edit(member, edit)
        assert await contents(strict, owner, group) == ["good"]


@pytest.fixture
async def holding(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Core]:
    """A core where a moderator sees messages with a certain word first."""
    words = tmp_path / "words.txt"
    words.write_text("bad\n")
    async with a_core(tmp_path, clock, chat_words_file=words, chat_words_mode="hold") as core:
        yield core


async def a_held_message(core: Core) -> tuple[ChannelId, UserId, UserId, str]:
    """A message that waits: its channel, the owner of that, its sender and its id."""
    owner, member = await friends(core, 2)
    group = await a_group(core, [owner, member])
    with pytest.raises(MessageHeld):
        await say(core, member, group, "a bad word", "key")
    (waiting,) = await core.chats.moderation.held(owner, "user", ToChannel(channel_id=group))
    assert (waiting.message.content, waiting.message.sender_id) == ("a bad word", member)
    return group, owner, member, waiting.message.id


def reviewed(group: ChannelId, id: str, *, approved: bool) -> ReviewMessage:
    return ReviewMessage.model_validate({"channel_id": group, "message_id": id, "approved": approved})


async def test_a_held_message_that_a_moderator_approves_appears_once(holding: Core) -> None:
    """In its sender's name, found by a search; and a retry of its sender gets it."""
    group, owner, member, id = await a_held_message(holding)
    approvals = [
        holding.chats.moderation.review_message(owner, "user", reviewed(group, id, approved=True)) for _ in range(3)
    ]
    outcomes = await asyncio.gather(*approvals, return_exceptions=True)
    assert None in outcomes
    assert {type(outcome) for outcome in outcomes} <= {type(None), NotFound}
    assert await contents(holding, owner, group) == ["a bad word"]
    assert (await say(holding, member, group, "a bad word", "key")).id == id
    assert await holding.chats.moderation.held(owner, "user", ToChannel(channel_id=group)) == []


async def test_only_so_many_messages_of_one_sender_wait(holding: Core) -> None:
    group, owner, member, id = await a_held_message(holding)
    for n in range(1, WAITING_MAX):
        with pytest.raises(MessageHeld):
            await say(holding, member, group, "bad", f"m-{n}")
    with pytest.raises(HeldLimit):
        await say(holding, member, group, "bad", "one-more")
    with pytest.raises(MessageHeld):  # a retry is no further message
        await say(holding, member, group, "a bad word", "key")
    await holding.chats.moderation.review_message(owner, "user", reviewed(group, id, approved=False))
    with pytest.raises(MessageHeld):
        await say(holding, member, group, "bad", "one-more")


async def test_who_was_removed_says_nothing_by_a_message_that_waited(holding: Core) -> None:
    group, owner, member, id = await a_held_message(holding)
    await holding.chats.groups.remove(owner, ToMember(channel_id=group, user_id=member))
    with pytest.raises(NotFound):
        await holding.chats.moderation.review_message(owner, "user", reviewed(group, id, approved=True))
    assert await contents(holding, owner, group) == []
    await holding.chats.moderation.review_message(owner, "user", reviewed(group, id, approved=False))
    assert await holding.chats.moderation.held(owner, "user", ToChannel(channel_id=group)) == []


async def test_the_last_word_on_a_held_message_counts(holding: Core) -> None:
    group, owner, member, id = await a_held_message(holding)
    await holding.database.collection(HELD).update(id, {"$set": {"approved": True}})  # it could not be passed on then
    await holding.chats.moderation.review_message(owner, "user", reviewed(group, id, approved=False))
    with pytest.raises(MessageHeld):
        await say(holding, member, group, "a bad word", "key")
    assert await contents(holding, owner, group) == []


async def test_a_held_message_that_a_moderator_rejects_never_appears(holding: Core) -> None:
    group, owner, member, id = await a_held_message(holding)
    await holding.chats.moderation.review_message(owner, "user", reviewed(group, id, approved=False))
    with pytest.raises(MessageHeld):
        await say(holding, member, group, "a bad word", "key")
    assert await holding.chats.moderation.held(owner, "user", ToChannel(channel_id=group)) == []
    with pytest.raises(NotFound):
        await holding.chats.moderation.review_message(owner, "user", reviewed(group, id, approved=True))
    assert await contents(holding, owner, group) == []


async def test_only_moderators_see_and_review_what_waits(holding: Core) -> None:
    group, _, member, id = await a_held_message(holding)
    (stranger,) = [UserId((await holding.users.create(username="eve", display_name="Eve")).id)]
    for user, error in ((member, Forbidden), (stranger, NotFound)):
        with pytest.raises(error):
            await holding.chats.moderation.held(user, "user", ToChannel(channel_id=group))
        with pytest.raises(error):
            await holding.chats.moderation.review_message(user, "user", reviewed(group, id, approved=True))
    assert len(await holding.chats.moderation.held(stranger, "moderator", ToChannel(channel_id=group))) == 1
    assert await holding.database.collection(HELD).count({}) == 1


async def test_hooks_are_asked_in_their_order(core: Core) -> None:
    """Each about what the one before it has left; the last word is a refusal's."""
    asked: list[tuple[str, str]] = []

    class Hook:
        def __init__(self, name: str, verdict: Verdict) -> None:
            self.name, self.verdict = name, verdict

        async def judge(self, channel: Channel, message: Message) -> Verdict:
            asked.append((self.name, message.content))
            return self.verdict

    (user,) = await players(core, 1)
    group = await a_group(core, [user])
    hooks = [Hook("first", ALLOW), Hook("second", Verdict("mask", "***")), Hook("third", Verdict("refuse"))]
    held = Held(database=core.database, publisher=core.publisher, clock=core.clock)
    core.chat.checks.insert(0, Filtering(hooks, held))
    with pytest.raises(MessageRefused):
        await say(core, user, group, "hello")
    assert asked == [("first", "hello"), ("second", "hello"), ("third", "***")]
