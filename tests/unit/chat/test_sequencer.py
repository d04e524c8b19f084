"""Messages get gapless places, whatever the senders, the retries and the processes."""

import asyncio
import random
from pathlib import Path

import pytest

from domain.chat.drafts import Draft
from domain.chat.model import MARKERS, MESSAGES, Marker, Message, System
from domain.chat.sequencer import BATCH, Sequencer
from domain.core.collection import Insert, StorageConflict, Update, Write
from domain.core.errors import Unavailable
from domain.core.events import Outgoing
from domain.core.ids import ChannelId, UserId, new_id
from maoga.bootstrap import Core
from tests.support.builders import NOON
from tests.support.cores import a_core
from tests.support.invariants import everything

CHANNEL = ChannelId("channel")


def a_draft(sender: str, client_message_id: str, *also: Write) -> Draft:
    """A message without its place."""
    message = Message(
        id=new_id(),
        channel_id=CHANNEL,
        seq=0,
        sender_id=UserId(sender),
        client_message_id=client_message_id,
        content_type="text",
        content=client_message_id,
        created_at=NOON,
    )
    return Draft(message, also)


async def published(core: Core) -> int:
    """How many events the channel's stream has carried."""
    return (await core.streams.positions([f"chat:{CHANNEL}"]))[f"chat:{CHANNEL}"].seq


@pytest.mark.parametrize("seed", range(5))
async def test_two_processes_that_race_leave_no_gap_and_no_double(tmp_path: Path, seed: int) -> None:
    """Each client message is stored once, all its sends get the same answer, and places run from 1 without a gap."""
    randomness = random.Random(seed)
    async with a_core(tmp_path) as core:
        processes = [Sequencer(core.database, core.publisher) for _ in range(2)]
        wishes = [(f"u{randomness.randrange(4)}", f"m{randomness.randrange(150)}") for _ in range(300)]

        async def send(wish: tuple[str, str]) -> tuple[tuple[str, str], tuple[str, int]]:
            for _ in range(randomness.randrange(5)):
                await asyncio.sleep(0)
            also = [Insert(MARKERS, Marker(id=new_id(), user_id=UserId("u"), channel_id=CHANNEL))]
            draft = a_draft(*wish, *(also if randomness.randrange(4) == 0 else []))
            message = (await randomness.choice(processes).append(draft)).message
            return wish, (message.id, message.seq)

        answers = await asyncio.gather(*map(send, wishes))
        stored = await everything(core.database, MESSAGES)
    by_wish = {(message.sender_id, message.client_message_id): (message.id, message.seq) for message in stored}
    assert list(range(1, len(set(wishes)) + 1)) == sorted(message.seq for message in stored)
    assert len(stored) == len(by_wish) == len(set(wishes))
    assert all(by_wish[wish] == answer for wish, answer in answers)


async def test_more_than_a_batch_at_once_keeps_the_order_of_sending(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        sequencer = Sequencer(core.database, core.publisher)
        count = 3 * BATCH + 7
        answers = await asyncio.gather(*(sequencer.append(a_draft("u1", f"m{n}")) for n in range(count)))
        assert list(range(1, count + 1)) == [answer.message.seq for answer in answers]
        assert count == await published(core)


async def test_a_message_that_could_not_be_published_is_not_acked_and_its_retry_is_published(tmp_path: Path) -> None:
    """The publisher fails once, as when Redis is away between the write and the publish."""
    async with a_core(tmp_path) as core:

        class FailsOnce:
            failed = False

            async def publish(self, *events: Outgoing, again: bool = False) -> None:
                if not self.failed:
                    self.failed = True
                    raise Unavailable
                await core.publisher.publish(*events, again=again)

            async def disconnect(self, user: UserId, *, session: str | None = None, reason: str) -> None:
                raise AssertionError("nobody is to be disconnected")

        sequencer = Sequencer(core.database, FailsOnce())
        with pytest.raises(Unavailable):
            await sequencer.append(a_draft("u1", "m1"))
        retried = await sequencer.append(a_draft("u1", "m1"))
        following = await sequencer.append(a_draft("u1", "m2"))
        assert [retried.message.seq, following.message.seq] == [1, 2]
        assert await published(core) == 2


async def test_a_message_whose_announcement_went_out_keeps_its_place_when_it_is_retried(tmp_path: Path) -> None:
    """The publisher hands it over, and then its answer is lost."""
    async with a_core(tmp_path) as core:

        class LosesAnswers:
            async def publish(self, *events: Outgoing, again: bool = False) -> None:
                await core.publisher.publish(*events, again=again)
                if not again:
                    raise Unavailable

            async def disconnect(self, user: UserId, *, session: str | None = None, reason: str) -> None:
                raise AssertionError("nobody is to be disconnected")

        sequencer = Sequencer(core.database, LosesAnswers())
        drafts = [a_draft("u1", "m1"), a_draft("u1", "m2")]
        with pytest.raises(Unavailable):
            await asyncio.gather(*map(sequencer.append, drafts))
        retried = await asyncio.gather(*map(sequencer.append, [a_draft("u1", "m1"), a_draft("u1", "m2")]))
        assert [one.message.id for one in retried] == [draft.message.id for draft in drafts]
        assert await published(core) == 2


async def test_a_message_sent_twice_at_once_is_announced_once(tmp_path: Path) -> None:
    """Both sends are in one batch, the second of them as the retry of the first."""
    async with a_core(tmp_path) as core:
        sequencer = Sequencer(core.database, core.publisher)
        answers = await asyncio.gather(*(sequencer.append(a_draft("u1", name)) for name in ("m1", "m1", "m2", "m1")))
        assert [answer.message.seq for answer in answers] == [1, 1, 2, 1]
        assert await published(core) == 2


async def test_a_draft_whose_other_write_is_refused_takes_no_place(tmp_path: Path) -> None:
    """Those around it are stored, and its sender is told."""
    refused = Update(MARKERS, "nobody's", {"$set": {"seq": 1}})
    async with a_core(tmp_path) as core:
        sequencer = Sequencer(core.database, core.publisher)
        drafts = [a_draft("u1", "m1"), a_draft("u1", "m2", refused), a_draft("u1", "m3")]
        first, second, third = await asyncio.gather(*map(sequencer.append, drafts), return_exceptions=True)
        stored = await everything(core.database, MESSAGES)
    assert isinstance(second, StorageConflict)
    assert [message.content for message in sorted(stored, key=lambda message: message.seq)] == ["m1", "m3"]
    assert not isinstance(first, BaseException) and not isinstance(third, BaseException)
    assert [first.message.seq, third.message.seq] == [1, 2]


async def test_a_system_message_said_twice_is_one(tmp_path: Path) -> None:
    """It has no sender and no client message id: its key makes its id."""
    async with a_core(tmp_path) as core:
        joined = System(type="member_joined", user_id=UserId("u1"))
        await asyncio.gather(*(core.chat.announce(CHANNEL, key, joined) for key in ("1", "2", "1")))
        await core.chat.announce(CHANNEL, "2", joined)
        stored = await everything(core.database, MESSAGES)
        assert sorted(message.seq for message in stored) == [1, 2]
        assert await published(core) == 2


async def test_channels_share_inserts_and_a_retry_in_one_holds_up_no_other(tmp_path: Path) -> None:
    """Thirty channels talk at once; in each a message is sent twice, so that every insert meets duplicates."""
    async with a_core(tmp_path) as core:
        sequencer = Sequencer(core.database, core.publisher)
        drafts = [
            draft.changed(channel_id=ChannelId(f"c{channel}"))
            for name in ("m1", "m2", "m1", "m3")
            for channel in range(30)
            for draft in [a_draft("u1", name)]
        ]
        answers = await asyncio.gather(*map(sequencer.append, drafts))
        stored = await everything(core.database, MESSAGES)
    assert [answer.message.seq for answer in answers] == [1] * 30 + [2] * 30 + [1] * 30 + [3] * 30
    assert [answer.again for answer in answers] == [False] * 60 + [True] * 30 + [False] * 30
    assert len(stored) == 90
