"""Messages as players treat them: sent, edited, deleted, answered, reacted to, searched."""

import asyncio
from contextlib import suppress

import pytest

from domain.chat.commands import Edit, History, React, Search, ToMessage
from domain.chat.drafts import Draft
from domain.chat.messages import EDITABLE, REACTIONS_MAX, EditTooLate, MessageGone, ReactionLimit
from domain.chat.model import MESSAGES, Channel, Message
from domain.chat.pace import BURST
from domain.core.errors import AppError, Forbidden, NotFound, RateLimited
from domain.core.ids import ChannelId, MessageId, UserId
from maoga.bootstrap import Core
from tests.support.clock import ManualClock
from tests.support.invariants import everything
from tests.unit.chat.conftest import a_group, events_of, friends, said, told


async def stored(core: Core, id: str) -> Message:
    message = await core.database.collection(MESSAGES).get(id)
    assert message is not None
    return message


async def two_in_a_group(core: Core) -> tuple[UserId, UserId, ChannelId]:
    ann, bob = await friends(core, 2)
    return ann, bob, await a_group(core, [ann, bob])


class TestEditing:
    async def test_an_edit_is_stored_told_and_found(self, core: Core) -> None:
        ann, bob, channel = await two_in_a_group(core)
        first = await core.chat.send(ann, said(channel, "helo wrold"))
        edited = await core.chats.messages.edit(ann, Edit(message_id=first.id, content="hello world"))
        assert (edited.content, edited.seq, edited.edited_at is not None) == ("hello world", first.seq, True)
        assert (await core.chat.history(bob, History(channel_id=channel))).messages == [edited]
        assert (await core.chat.search(bob, Search(channel_id=channel, query="world"))).messages == [edited]
        assert (await core.chat.search(bob, Search(channel_id=channel, query="wrold"))).messages == []
        assert ("message_edited", edited.wire()) in await events_of(core, channel)
        assert (await stored(core, first.id)).unpublished == ()

    async def test_the_same_edit_again_changes_and_tells_nothing(self, core: Core) -> None:
        ann, _, channel = await two_in_a_group(core)
        first = await core.chat.send(ann, said(channel, "one"))
        edited = await core.chats.messages.edit(ann, Edit(message_id=first.id, content="two"))
        assert await core.chats.messages.edit(ann, Edit(message_id=first.id, content="two")) == edited
        assert (await told(core, channel)).count("message_edited") == 1

    async def test_only_the_sender_edits_and_not_for_ever(self, core: Core, clock: ManualClock) -> None:
        ann, bob, channel = await two_in_a_group(core)
        first = await core.chat.send(bob, said(channel, "mine"))
        with pytest.raises(Forbidden):
            await core.chats.messages.edit(ann, Edit(message_id=first.id, content="yours"))
        clock.advance(EDITABLE.total_seconds() + 1)
        with pytest.raises(EditTooLate):
            await core.chats.messages.edit(bob, Edit(message_id=first.id, content="later"))
        assert (await stored(core, first.id)).content == "mine"


class TestDeleting:
    async def test_what_is_deleted_is_gone_but_its_place(self, core: Core) -> None:
        ann, bob, channel = await two_in_a_group(core)
        first = await core.chat.send(bob, said(channel, "a secret word"))
        await core.chats.messages.react(ann, React(message_id=first.id, emoji="👍", on=True))
        deleted = await core.chats.messages.delete(bob, ToMessage(message_id=first.id))
        assert (deleted.content, deleted.reactions, deleted.seq) == ("", {}, 1)
        assert "secret" not in (await stored(core, first.id)).model_dump_json()
        assert (await core.chat.search(ann, Search(channel_id=channel, query="secret"))).messages == []
        assert await core.chats.messages.delete(bob, ToMessage(message_id=first.id)) == deleted
        assert (await told(core, channel)).count("message_deleted") == 1
        assert await core.chat.send(bob, said(channel, "a secret word")) == deleted  # a retry that comes late
        with pytest.raises(MessageGone):
            await core.chats.messages.edit(bob, Edit(message_id=first.id, content="again"))
        with pytest.raises(MessageGone):
            await core.chats.messages.react(ann, React(message_id=first.id, emoji="👍", on=True))

    async def test_a_moderator_deletes_what_others_said_a_member_does_not(self, core: Core) -> None:
        ann, bob, channel = await two_in_a_group(core)
        of_bob, of_ann = await core.chat.send(bob, said(channel, "b")), await core.chat.send(ann, said(channel, "a"))
        with pytest.raises(Forbidden):
            await core.chats.messages.delete(bob, ToMessage(message_id=of_ann.id))
        await core.chats.messages.delete(ann, ToMessage(message_id=of_bob.id))
        (_, event) = next(one for one in await events_of(core, channel) if one[0] == "message_deleted")
        assert (event["messageId"], event["byUserId"], event["seq"]) == (of_bob.id, ann, 1)


class TestReactions:
    async def test_reactions_come_and_go_by_emoji_and_user(self, core: Core) -> None:
        ann, bob, channel = await two_in_a_group(core)
        first = await core.chat.send(ann, said(channel, "look"))
        for user in (bob, ann, bob):
            shown = await core.chats.messages.react(user, React(message_id=first.id, emoji="👍", on=True))
        assert shown.reactions == {"👍": [bob, ann]}
        for user in (ann, bob, bob):
            shown = await core.chats.messages.react(user, React(message_id=first.id, emoji="👍", on=False))
        assert shown.reactions == {}
        changes = [data for name, data in await events_of(core, channel) if name == "reaction_changed"]
        assert [(one["userId"], one["on"]) for one in changes] == [(bob, True), (ann, True), (ann, False), (bob, False)]

    async def test_all_who_react_at_once_are_counted(self, core: Core) -> None:
        users = await friends(core, 8)
        channel = await a_group(core, users)
        first = await core.chat.send(users[0], said(channel, "look"))
        wish = React(message_id=first.id, emoji="🎉", on=True)
        await asyncio.gather(*(core.chats.messages.react(user, wish) for user in users))
        assert set((await stored(core, first.id)).reactions["🎉"]) == set(users)
        assert (await told(core, channel)).count("reaction_changed") == len(users)

    async def test_there_are_only_so_many_kinds(self, core: Core) -> None:
        ann, bob, channel = await two_in_a_group(core)
        first = await core.chat.send(ann, said(channel, "look"))
        for n in range(REACTIONS_MAX):
            await core.chats.messages.react(ann, React(message_id=first.id, emoji=chr(0x1F600 + n), on=True))
        with pytest.raises(ReactionLimit):
            await core.chats.messages.react(bob, React(message_id=first.id, emoji="👍", on=True))
        await core.chats.messages.react(bob, React(message_id=first.id, emoji=chr(0x1F600), on=True))


class TestReplies:
    async def test_a_reply_names_a_message_of_its_channel(self, core: Core) -> None:
        ann, bob, channel = await two_in_a_group(core)
        elsewhere = await a_group(core, [ann])
        first = await core.chat.send(ann, said(channel, "first"))
        assert (await core.chat.send(bob, said(channel, "second", reply_to_id=first.id))).reply_to_id == first.id
        with pytest.raises(NotFound):
            await core.chat.send(ann, said(elsewhere, "third", reply_to_id=first.id))
        with pytest.raises(NotFound):
            await core.chat.send(bob, said(channel, "fourth", reply_to_id=MessageId("nothing")))


class TestStrangers:
    async def test_who_is_not_in_the_channel_finds_none_of_it(self, core: Core) -> None:
        ann, bob, eve = await friends(core, 3)
        channel = await a_group(core, [ann, bob])
        first = await core.chat.send(ann, said(channel, "secret"))
        for attempt in (
            core.chat.send(eve, said(channel, "hi")),
            core.chat.history(eve, History(channel_id=channel)),
            core.chat.search(eve, Search(channel_id=channel, query="secret")),
            core.chats.messages.edit(eve, Edit(message_id=first.id, content="x")),
            core.chats.messages.delete(eve, ToMessage(message_id=first.id)),
            core.chats.messages.react(eve, React(message_id=first.id, emoji="👍", on=True)),
        ):
            with pytest.raises(NotFound):
                await attempt
        assert await core.chat.streams_of(eve) == []


class TestSearch:
    async def test_all_words_must_be_there_and_of_the_last_the_beginning(self, core: Core) -> None:
        ann, _, channel = await two_in_a_group(core)
        texts = ["The quick fox", "a quick HEDGEHOG", "quickly hedged bets", "heading north"]
        sent = {text: await core.chat.send(ann, said(channel, text)) for text in texts}

        async def found(query: str, **fields: int) -> list[str]:
            page = await core.chat.search(ann, Search(channel_id=channel, query=query, **fields))
            return [message.content for message in page.messages]

        assert await found("quick") == texts[:3]
        assert await found("quick he") == texts[1:2]
        assert await found("he quick") == texts[:0]
        assert await found("Hedge") == texts[1:3]
        assert await found("...") == []
        assert await found("quick", limit=1) == texts[2:3]
        assert await found("quick", limit=1, before=sent[texts[2]].seq) == texts[1:2]


class Masks:
    """A check as a word filter is one."""

    async def __call__(self, channel: Channel, draft: Draft) -> Draft:
        if "refused" in draft.message.content:
            raise Forbidden("such words")
        return draft.changed(content=draft.message.content.replace("darn", "****"))


class TestChecks:
    async def test_a_check_changes_or_refuses_what_is_sent_and_edited(self, core: Core) -> None:
        ann, _, channel = await two_in_a_group(core)
        core.chat.checks.append(Masks())
        first = await core.chat.send(ann, said(channel, "darn it", "m1"))
        assert first.content == "**** it"
        assert (await core.chat.search(ann, Search(channel_id=channel, query="darn"))).messages == []
        with pytest.raises(Forbidden):
            await core.chat.send(ann, said(channel, "refused"))
        with pytest.raises(Forbidden):
            await core.chats.messages.edit(ann, Edit(message_id=first.id, content="refused"))
        assert (await core.chats.messages.edit(ann, Edit(message_id=first.id, content="darn"))).content == "****"

    async def test_a_retry_of_a_message_that_stands_is_answered_whatever_a_check_says_now(self, core: Core) -> None:
        ann, _, channel = await two_in_a_group(core)
        first = await core.chat.send(ann, said(channel, "refused", "m1"))
        core.chat.checks.append(Masks())
        assert await core.chat.send(ann, said(channel, "refused", "m1")) == first
        assert (await told(core, channel)).count("message") == 1


class TestPace:
    async def test_who_talks_too_fast_waits(self, core: Core, clock: ManualClock) -> None:
        ann, bob, channel = await two_in_a_group(core)
        for n in range(BURST):
            await core.chat.send(ann, said(channel, f"word {n}", f"m{n}"))
        with pytest.raises(RateLimited) as refused:
            await core.chat.send(ann, said(channel, "more", "more"))
        assert refused.value.retry_in_ms == 250
        await core.chat.send(bob, said(channel, "I have said nothing yet"))
        assert (await core.chat.send(ann, said(channel, "word 3", "m3"))).seq == 4  # a retry is no new message
        clock.advance(0.25)
        await core.chat.send(ann, said(channel, "more", "more"))


async def test_places_have_no_gap_after_refusals(core: Core) -> None:
    """What was refused has taken no place."""
    ann, bob, channel = await two_in_a_group(core)
    core.chat.checks.append(Masks())

    async def send(n: int) -> None:
        with suppress(AppError):
            await core.chat.send([ann, bob][n % 2], said(channel, "refused" if n % 3 == 0 else "fine", f"m{n}"))

    await asyncio.gather(*map(send, range(16)))
    messages = await everything(core.database, MESSAGES)
    assert sorted(message.seq for message in messages) == list(range(1, len(messages) + 1))
    assert len(messages) == 10
