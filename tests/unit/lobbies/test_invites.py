"""Invitations to lobbies: who may write them, whom they admit, and when they end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.core.errors import Forbidden, NotFound, Unavailable
from domain.core.events import user_stream
from domain.core.ids import GameId, LobbyId, MatchId, UserId
from domain.lobbies import invites
from domain.lobbies.commands import AboutPlayer, CreateLobby, DeclineInvite, JoinLobby
from domain.lobbies.invites import INVITES, InviteLimit
from domain.lobbies.model import LOBBIES, Lobby
from domain.lobbies.rules import LobbyBanned, LobbyFromMatch, LobbyOver, LobbyStartedAlready, NotInLobby
from domain.notifications.model import NOTIFICATIONS
from domain.social.commands import ToBlock
from maoga.bootstrap import Core
from tests.support.clock import ManualClock
from tests.support.cores import a_core, players
from tests.support.invariants import everything
from tests.support.lobbies import a_lobby, told


@pytest.fixture
def clock() -> ManualClock:
    """The time of the test."""
    return ManualClock()


@pytest.fixture
async def core(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Core]:
    """A core on the embedded default."""
    async with a_core(tmp_path, clock) as opened:
        yield opened


async def invite(core: Core, user: UserId, invitee: UserId) -> None:
    await core.invites.invite(user, AboutPlayer(user_id=invitee))


async def listed(core: Core, user: UserId) -> list[LobbyId]:
    return [invite.lobby.id for invite in await core.invites.of(user)]


async def stored(core: Core, lobby_id: LobbyId) -> Lobby:
    lobby = await core.lobbies.get(lobby_id)
    assert lobby is not None
    return lobby


async def test_an_invitation_is_told_noted_and_recorded_in_one_commit_and_admits(core: Core) -> None:
    host, friend = await players(core, 2)
    lobby_id = await a_lobby(core, host)
    assert not await core.invites.admits(friend, await stored(core, lobby_id))
    await invite(core, host, friend)
    assert await core.invites.admits(friend, await stored(core, lobby_id))
    (shown,) = await core.invites.of(friend)
    assert (shown.lobby.id, shown.lobby.players, shown.from_user_id) == (lobby_id, 1, host)
    (note,) = await everything(core.database, NOTIFICATIONS)
    assert (note.user_id, note.news.type, note.expires_at) == (friend, "lobby_invite", shown.expires_at)
    ((name, event),) = await told(core, user_stream("lobby", friend))
    assert (name, event) == ("lobby_invited", shown.wire())
    (entry,) = await core.trail.of(lobby_id, 10)
    assert (entry.what, entry.by, entry.changes[0].after) == (("lobby_invited",), host, f'"{friend}"')


async def test_asking_again_or_at_the_same_time_is_one_invitation(core: Core) -> None:
    host, other, friend = await players(core, 3)
    await a_lobby(core, host, other)
    await asyncio.gather(*(invite(core, user, friend) for user in [host, other, host, other]))
    await invite(core, other, friend)
    assert len(await everything(core.database, INVITES)) == 1
    assert len(await everything(core.database, NOTIFICATIONS)) == 1


async def test_only_members_of_an_open_lobby_that_was_not_matched_invite(core: Core) -> None:
    host, stranger, friend, matched = await players(core, 4)
    lobby_id = await a_lobby(core, host)
    await a_lobby(core, matched, match_id=MatchId("m1"))
    with pytest.raises(NotInLobby):
        await invite(core, stranger, friend)
    with pytest.raises(LobbyFromMatch):
        await invite(core, matched, friend)
    with pytest.raises(NotFound):
        await invite(core, host, UserId("nobody"))
    for status, error in (("active", LobbyStartedAlready), ("closed", LobbyOver)):
        await core.database.collection(LOBBIES).update(lobby_id, {"$set": {"status": status}})
        with pytest.raises(error):
            await invite(core, host, friend)
    assert await everything(core.database, INVITES) == []


@pytest.mark.parametrize("blocker", [0, 1, 2])
async def test_a_block_with_any_member_makes_the_player_unknown(core: Core, blocker: int) -> None:
    """Whoever blocked whom, the answer is that for a user who does not exist."""
    host, other, friend = users = await players(core, 3)
    await a_lobby(core, host, other)
    await core.blocks.block(users[blocker], ToBlock(user_id=friend if blocker < 2 else other))
    with pytest.raises(NotFound) as blocked:
        await invite(core, host, friend)
    with pytest.raises(NotFound) as unknown:
        await invite(core, host, UserId("nobody"))
    assert blocked.value.as_error() == unknown.value.as_error()
    assert await everything(core.database, NOTIFICATIONS) == []


async def test_an_invitation_ends_with_time_a_block_its_writers_leaving_and_the_lobby(
    core: Core, clock: ManualClock
) -> None:
    host, writer, friend = await players(core, 3)
    lobby_id = await a_lobby(core, host, writer)
    await invite(core, writer, friend)
    await core.blocks.block(friend, ToBlock(user_id=writer))
    assert await listed(core, friend) == []
    await core.blocks.unblock(friend, ToBlock(user_id=writer))
    assert await listed(core, friend) == [lobby_id]
    await core.blocks.block(host, ToBlock(user_id=friend))
    assert await listed(core, friend) == [], "of any member"
    await core.blocks.unblock(host, ToBlock(user_id=friend))
    await core.lobbies.leave(writer)
    assert await listed(core, friend) == []
    assert not await core.invites.admits(friend, await stored(core, lobby_id))
    await invite(core, host, friend)
    assert await listed(core, friend) == [lobby_id], "another member's takes the place of one that holds no more"
    clock.advance(invites.KEPT / timedelta(seconds=1) + 1)
    assert await listed(core, friend) == []
    assert not await core.invites.admits(friend, await stored(core, lobby_id))
    await invite(core, host, friend)
    await core.lobbies.leave(host)
    assert await listed(core, friend) == []


async def test_who_declined_is_not_asked_again_but_may_still_come(core: Core) -> None:
    host, friend, stranger = await players(core, 3)
    lobby_id = await a_lobby(core, host)
    await invite(core, host, friend)
    for _ in range(2):
        await core.invites.decline(friend, DeclineInvite(lobby_id=lobby_id))
    await invite(core, host, friend)
    assert await listed(core, friend) == []
    assert len(await everything(core.database, NOTIFICATIONS)) == 1
    assert await core.invites.admits(friend, await stored(core, lobby_id))
    with pytest.raises(NotFound):
        await core.invites.decline(stranger, DeclineInvite(lobby_id=lobby_id))


async def test_invitations_are_limited_per_player_and_per_lobby(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invites, "PER_INVITER", 2)
    monkeypatch.setattr(invites, "PER_LOBBY", 3)
    host, other, *friends = await players(core, 6)
    await a_lobby(core, host, other)
    await invite(core, host, friends[0])
    await invite(core, host, friends[1])
    with pytest.raises(InviteLimit) as limited:
        await invite(core, host, friends[2])
    assert limited.value.details == {"limit": 2}
    await invite(core, other, friends[2])
    with pytest.raises(InviteLimit) as limited:
        await invite(core, other, friends[3])
    assert limited.value.details == {"limit": 3}


async def test_what_a_crash_kept_from_being_told_is_told_by_the_sweep(core: Core, clock: ManualClock) -> None:
    host, friend = await players(core, 2)
    await a_lobby(core, host)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core.publisher, "publish", _away)
        await invite(core, host, friend)
    assert await told(core, user_stream("lobby", friend)) == []
    clock.advance(5)
    await core.recovery.sweep()
    assert [name for name, _ in await told(core, user_stream("lobby", friend))] == ["lobby_invited"]
    (after,) = await everything(core.database, INVITES)
    assert after.unpublished == ()


async def _away(*_: Any, **__: Any) -> None:
    raise Unavailable


async def test_the_invited_join_a_private_lobby_and_who_was_kicked_is_not_let_in_again(core: Core) -> None:
    host, friend = await players(core, 2)
    lobby = await core.lobbies.create(host, CreateLobby(game_id=GameId("rocket-league"), mode="casual"))
    with pytest.raises(NotFound):
        await core.lobbies.join(friend, JoinLobby(lobby_id=lobby.id))
    await invite(core, host, friend)
    joined = await core.lobbies.join(friend, JoinLobby(lobby_id=lobby.id))
    assert [member.user_id for member in joined.members] == [host, friend]
    assert await listed(core, friend) == []
    await core.lobbies.kick(host, AboutPlayer(user_id=friend))
    with pytest.raises(LobbyBanned):
        await core.lobbies.join(friend, JoinLobby(lobby_id=lobby.id))
    with pytest.raises(Forbidden):
        await invite(core, host, friend)
    assert await listed(core, friend) == []
