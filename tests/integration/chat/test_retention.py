"""What was said goes when it is old, and what its sender leaves behind when their account is erased."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import domain.chat.erasure
import domain.chat.retention
from domain.chat.commands import History, Mute, React, Send
from domain.chat.erasure import ERASED
from domain.chat.media import MEDIA
from domain.chat.model import CHANNELS, MARKERS, MESSAGES, MessageView
from domain.chat.retention import RETENTION_JOB
from domain.core.ids import ChannelId
from domain.jobs.model import JOBS
from tests.integration.chat.gallery import Gallery, Player, galleries
from tests.support.clock import ManualClock
from tests.support.cores import a_core
from tests.support.images import an_image

DAY_S = 86_400
KEY = "instances-that-share-their-data-share-their-key"


@asynccontextmanager
async def keeping(folder: Path, **settings: object) -> AsyncIterator[Gallery]:
    """An instance that keeps what is said for a week, and closed channels for three days."""
    clock = ManualClock()
    ordinary = {"rate_limit_scale": 100, "chat_retention_days": 7, "chat_closed_days": 3}
    async with a_core(folder, clock, **{**ordinary, **settings}) as core, galleries([core], clock) as found:
        yield found[0]


@pytest.fixture
async def week(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with keeping(tmp_path) as gallery:
        yield gallery


async def say(gallery: Gallery, player: Player, channel: ChannelId, *contents: str) -> list[MessageView]:
    """Says some things, one after the other."""
    return [
        await gallery.core.chat.send(
            player.id, Send(channel_id=channel, client_message_id=content.replace(" ", "-"), content=content)
        )
        for content in contents
    ]


async def show(gallery: Gallery, player: Player, channel: ChannelId) -> str:
    """Shows an image; its id."""
    media = (await gallery.upload(player, channel, an_image())).data["id"]
    await gallery.core.chat.send(
        player.id,
        Send(channel_id=channel, client_message_id=media, content_type="image", media_id=media),
    )
    return str(media)


async def retain(gallery: Gallery) -> None:
    """Lets the job of the night run, with all that it asks for."""
    await gallery.core.database.commit(gallery.core.jobs.new(RETENTION_JOB, {}))
    await gallery.work()


async def stands(gallery: Gallery, player: Player, channel: ChannelId) -> list[tuple[int, str]]:
    """What the player reads there: seq and content."""
    page = await gallery.core.chat.history(player.id, History(channel_id=channel))
    return [(message.seq, message.content) for message in page.messages]


async def test_old_messages_go_and_the_channel_counts_on(week: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain.chat.retention, "MESSAGES_AT_ONCE", 3)
    ada, bob = await week.player(), await week.player()
    busy, silent = await week.channel(ada, bob), await week.channel(ada, bob)
    for channel in (busy, silent):
        await say(week, ada, channel, *(f"old {n}" for n in range(10)))
    week.clock.advance(8 * DAY_S)
    await say(week, bob, busy, "new")
    await retain(week)
    assert await stands(week, ada, busy) == [(11, "new")]
    assert await stands(week, ada, silent) == [(10, "")]  # it holds the place
    await retain(week)
    assert [message.seq for message in await say(week, bob, silent, "again")] == [11]


async def test_an_image_goes_with_its_old_message(week: Gallery) -> None:
    ada = await week.player()
    channel = await week.channel(ada)
    media = [await show(week, ada, channel) for _ in range(2)]
    await week.work()
    week.clock.advance(8 * DAY_S)
    await retain(week)
    await week.core.database.commit(week.core.jobs.new("chat_media_collect", {}))
    await week.work()
    assert await week.core.database.collection(MEDIA).get_many(media) == {}
    assert not [path for path in week.core.settings.images_path.rglob("*") if path.is_file()]


async def test_a_closed_channel_goes_whole_after_its_time_and_an_open_lobbys_stays(week: Gallery) -> None:
    ada = await week.player()
    closed, open_lobby = await week.channel(ada), await week.channel(ada, kind="lobby")
    for channel in (closed, open_lobby):
        await say(week, ada, channel, "hello")
    image = await show(week, ada, closed)
    await week.core.chats.reads.mute(ada.id, Mute(channel_id=closed))
    channels = week.core.database.collection(CHANNELS)
    await channels.update(closed, {"$set": {"closed_at": week.clock.now()}})
    week.clock.advance(2 * DAY_S)
    await retain(week)
    assert len(await stands(week, ada, closed)) == 2
    week.clock.advance(30 * DAY_S)
    await retain(week)
    assert await channels.get(closed) is None
    assert await week.core.database.collection(MESSAGES).count({"channel_id": closed}) == 0
    assert await week.core.database.collection(MARKERS).count({"channel_id": closed}) == 0
    removed = await week.core.database.collection(MEDIA).get(image)
    assert removed is None or removed.removed
    assert await stands(week, ada, open_lobby) == [(1, "hello")]


async def test_nothing_goes_where_everything_is_kept(tmp_path: Path) -> None:
    async with keeping(tmp_path, chat_retention_days=0, chat_closed_days=0) as gallery:
        ada = await gallery.player()
        channel = await gallery.channel(ada)
        await say(gallery, ada, channel, "old")
        await gallery.core.database.collection(CHANNELS).update(channel, {"$set": {"closed_at": gallery.clock.now()}})
        gallery.clock.advance(1000 * DAY_S)
        await retain(gallery)
        assert await stands(gallery, ada, channel) == [(1, "old")]


async def test_a_run_goes_through_all_channels_job_by_job(week: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """And an attempt that is made again asks for no second job behind it."""
    monkeypatch.setattr(domain.chat.retention, "CHANNELS_A_JOB", 2)
    ada = await week.player()
    channels = [await week.channel(ada) for _ in range(5)]
    for channel in channels:
        await say(week, ada, channel, "old", "older")
    week.clock.advance(8 * DAY_S)
    await retain(week)
    for channel in channels:
        assert await stands(week, ada, channel) == [(2, "")]
    jobs = await week.core.database.collection(JOBS).find({"kind": RETENTION_JOB}, limit=10)
    assert [job.status for job in jobs] == ["done"] * 3
    run = week.core.runner._kinds[RETENTION_JOB].do
    await run(jobs[0])
    assert await week.core.database.collection(JOBS).count({"kind": RETENTION_JOB}) == 3


async def test_two_workers_do_it_once(tmp_path: Path, mongodb_url: str, redis_url: str) -> None:
    """The nightly job and an erasure, each done by both at the same moment, as after a lease that ran out."""
    shared = {"database_url": mongodb_url, "redis_url": redis_url, "media_dir": tmp_path / "images", "secret_key": KEY}
    async with (
        keeping(tmp_path / "a", instance="a", **shared) as here,
        keeping(tmp_path / "b", instance="b", **shared) as there,
    ):
        ada, eve = await here.player(), await here.player()
        group = await here.channel(ada, eve, owner_id=ada.id)
        await say(here, ada, group, *(f"old {n}" for n in range(30)))
        for one in (here, there):
            one.clock.advance(8 * DAY_S)
        await say(there, eve, group, *(f"new {n}" for n in range(30)))
        job = here.core.jobs.new(RETENTION_JOB, {}).document
        await asyncio.gather(
            *(one.core.runner._kinds[RETENTION_JOB].do(job) for one in (here, there)),
            *(one.core.chats.erasure.erase(eve.id) for one in (here, there)),
        )
        messages = await here.core.database.collection(MESSAGES).find({"channel_id": group}, sort="seq", limit=100)
        said = [(message.sender_id, message.content) for message in messages if message.content_type == "text"]
        assert said == [(ERASED, f"new {n}") for n in range(30)]
        assert [message.seq for message in messages][:30] == list(range(31, 61))


@pytest.fixture(params=["keep", "remove"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Gallery]:
    """An instance that keeps what erased users said, and one that does not."""
    async with keeping(tmp_path, chat_erased_content=request.param) as gallery:
        yield gallery


async def test_an_erased_user_is_nobody(either: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their messages stand in their places, without their name; what they said goes if it is to."""
    monkeypatch.setattr(domain.chat.erasure, "AT_ONCE", 2)
    ada, eve = await either.player(), await either.player()
    group = await either.channel(ada, eve, owner_id=ada.id)
    await say(either, eve, group, *(f"e{n}" for n in range(9)))
    await say(either, ada, group, "a0")
    image, unsent = await show(either, eve, group), (await either.upload(eve, group, an_image())).data["id"]
    await either.core.chats.erasure.erase(eve.id)
    messages = await either.core.database.collection(MESSAGES).find({"channel_id": group}, sort="seq", limit=100)
    kept = either.core.settings.chat_erased_content == "keep"
    said = [(message.sender_id, message.content) for message in messages if message.content_type == "text"]
    assert said == [*((ERASED, f"e{n}" if kept else "") for n in range(9)), (ada.id, "a0")]
    assert [message.seq for message in messages] == list(range(1, len(messages) + 1))
    assert eve.id not in {message.sender_id for message in messages}
    media = either.core.database.collection(MEDIA)
    assert await media.count({"uploader_id": eve.id}) == 0
    shown, orphan = await media.get(image), await media.get(unsent)
    assert shown
    assert orphan
    assert (shown.removed, orphan.removed) == (not kept, True)
    channel = await either.core.database.collection(CHANNELS).get(group)
    assert channel
    assert channel.member_ids == (ada.id,)


async def test_two_who_used_the_same_keys_are_both_erased(week: Gallery) -> None:
    """In one channel, where `(channel, sender, clientMessageId)` is unique; and at the same moment."""
    ada, eve = await week.player(), await week.player()
    group = await week.channel(ada, eve, owner_id=ada.id)
    for player in (ada, eve):
        for n in range(3):
            await week.core.chat.send(player.id, Send(channel_id=group, client_message_id=f"{n}", content=f"{n}"))
    await asyncio.gather(*(week.core.chats.erasure.erase(player.id) for player in (ada, eve)))
    messages = await week.core.database.collection(MESSAGES).find({"channel_id": group}, sort="seq", limit=100)
    assert [message.sender_id for message in messages if message.content] == [ERASED] * 6


async def test_an_erasure_and_reactions_at_the_same_moment_lose_neither(week: Gallery) -> None:
    ada, eve = await week.player(), await week.player()
    group = await week.channel(ada, eve, owner_id=ada.id)
    said = await say(week, eve, group, *"abcdef")
    await asyncio.gather(
        week.core.chats.erasure.erase(eve.id),
        *(
            week.core.chats.messages.react(
                ada.id, React.model_validate({"message_id": message.id, "emoji": "\U0001f44d", "on": True})
            )
            for message in said
        ),
    )
    messages = await week.core.database.collection(MESSAGES).find({"channel_id": group}, sort="seq", limit=100)
    texts = [message for message in messages if message.content]
    assert {message.sender_id for message in texts} == {ERASED}
    assert all(message.reactions for message in texts)
