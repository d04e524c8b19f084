"""A lobby's channel says who comes and goes, and its host moderates it."""

from domain.chat.commands import History, UpdateChannel
from domain.chat.model import CHANNELS, Channel, System
from domain.core.ids import UserId
from domain.lobbies.commands import AboutPlayer
from maoga.bootstrap import Core
from tests.support.cores import players
from tests.support.lobbies import enter, opened


async def said(core: Core, reader: UserId, channel: Channel) -> list[System]:
    """What the system has said in the channel."""
    page = await core.chat.history(reader, History(channel_id=channel.channel_id))
    return [message.system for message in page.messages if message.system]


async def test_the_channel_says_who_comes_goes_and_hosts(core: Core) -> None:
    host, friend, rude = await players(core, 3)
    lobby = await opened(core, host)
    for user in (friend, rude, rude):
        await enter(core, user, lobby)
    await core.lobbies.kick(host, AboutPlayer(user_id=rude))
    await core.lobbies.leave(host)
    channel = await core.database.collection(CHANNELS).get(lobby.chat_id)
    assert channel is not None
    assert (channel.owner_id, channel.member_ids, channel.notes) == (friend, (friend,), ())
    assert await said(core, friend, channel) == [
        System(type="member_joined", user_id=friend),
        System(type="member_joined", user_id=rude),
        System(type="member_removed", user_id=rude, by_user_id=host),
        System(type="member_left", user_id=host),
        System(type="owner_changed", user_id=friend),
    ]


async def test_the_host_sets_slow_mode_and_a_new_host_keeps_it(core: Core) -> None:
    host, friend = await players(core, 2)
    lobby = await opened(core, host)
    await enter(core, friend, lobby)
    await core.chats.groups.update(host, UpdateChannel(channel_id=lobby.chat_id, slow_mode_ms=5000))
    await core.lobbies.leave(host)
    (channel,) = await core.chats.reads.channels(friend)
    assert (channel.slow_mode_ms, channel.owner_id, channel.member_ids) == (5000, friend, [friend])
