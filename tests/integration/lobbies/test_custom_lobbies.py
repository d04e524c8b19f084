"""Lobbies that players make: who gets in, who sees what, and what is left of those who go."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from clients.python.state import apply
from domain.chat.model import CHANNELS
from domain.core.errors import AppError, NotFound, RateLimited, ValidationFailed
from domain.core.ids import GameId, LobbyId, MatchId, UserId
from domain.lobbies.commands import (
    AboutPlayer,
    Browse,
    CreateLobby,
    JoinLobby,
    SetReady,
    SetTeam,
    Spectate,
    UpdateSettings,
)
from domain.lobbies.events import lobby_stream, watch_stream
from domain.lobbies.model import SEATS, SPECTATOR_SEATS, LobbyView, outside_view
from domain.lobbies.rules import LobbyBanned, LobbyFromMatch, LobbyFull, LobbyStartedAlready, NotInLobby
from domain.lobbies.seats import AlreadyInLobby, AlreadyQueued
from domain.lobbies.spectating import AlreadySpectating
from domain.social.commands import AnswerFriend, AskFriend, ToBlock
from maoga.bootstrap import Core
from tests.integration.matchmaking.conftest import OpenCore
from tests.support.builders import criteria
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.invariants import broken_invariants, everything
from tests.support.lobbies import a_lobby, enter, opened, told


async def outcome(work: Awaitable[Any]) -> Any:
    """What a use case answers, or the kind of error a player would be told."""
    try:
        return await work
    except AppError as error:
        return type(error)


async def befriend(core: Core, one: UserId, other: UserId) -> None:
    await core.friends.request(one, AskFriend(user_id=other))
    await core.friends.answer(other, AnswerFriend(user_id=one, accept=True))


async def test_players_gather_by_a_code_and_the_host_sends_one_away_for_good(core: Core) -> None:
    host, friend, rude = await players(core, 3)
    made = await opened(core, host, name="Friday night", settings={"custom": {"map": "ascent", "rounds": 13}})
    assert (made.host_id, made.settings.visibility, made.settings.custom["rounds"]) == (host, "private", 13)
    for user in (friend, rude):
        joined = await core.lobbies.join(user, JoinLobby.parse({"joinCode": str(made.settings.join_code).lower()}))
        assert joined == await enter(core, user, made)  # a retry
    kicked = await core.lobbies.kick(host, AboutPlayer(user_id=rude))
    assert [member.user_id for member in kicked.members] == [host, friend]
    assert kicked.settings.join_code != made.settings.join_code
    with pytest.raises(NotFound):
        await enter(core, rude, made)
    with pytest.raises(LobbyBanned):
        await enter(core, rude, kicked)
    (channel,) = await everything(core.database, CHANNELS)
    assert channel.member_ids == (host, friend)
    assert await core.lobbies.streams_of(rude) == []
    await opened(core, rude)  # elsewhere
    what = [name for entry in await core.trail.of(made.id, 20) for name in entry.what]
    assert what[0] == "lobby_created"
    assert ("member_left" in what, what.count("member_joined")) == (True, 2)
    assert await broken_invariants(core.database) == []


async def test_a_player_is_in_one_lobby_or_one_search_whatever_they_try_at_once(core: Core) -> None:
    ann, bob, cid = await players(core, 3)
    ours, theirs = await opened(core, ann), await opened(core, bob)
    tried = await asyncio.gather(
        outcome(enter(core, cid, ours)), outcome(enter(core, cid, theirs)), outcome(opened(core, cid))
    )
    assert sum(isinstance(found, LobbyView) for found in tried) == 1
    assert [found for found in tried if not isinstance(found, LobbyView)] == [AlreadyInLobby] * 2
    with pytest.raises(AlreadyInLobby):
        await core.matchmaking.enqueue(cid, criteria("rocket-league"))
    await core.lobbies.leave(cid)
    await core.matchmaking.enqueue(cid, criteria("rocket-league"))
    with pytest.raises(AlreadyQueued):
        await enter(core, cid, ours)
    assert await broken_invariants(core.database) == []


async def test_the_last_place_goes_to_one_of_those_who_want_it(core: Core) -> None:
    host, *others = await players(core, 6)
    lobby = await opened(core, host, capacity={"max": 3})
    tried = await asyncio.gather(*(outcome(enter(core, user, lobby)) for user in others))
    assert sum(isinstance(found, LobbyView) for found in tried) == 2
    assert [found for found in tried if not isinstance(found, LobbyView)] == [LobbyFull] * 3
    assert len(await everything(core.database, SEATS)) == 3
    assert await broken_invariants(core.database) == []


@pytest.mark.parametrize("visibility", ["public", "friends", "private"])
async def test_who_may_not_know_of_a_lobby_is_told_that_there_is_none(core: Core, visibility: str) -> None:
    host, friend, invited, stranger, blocker, blocked = await players(core, 6)
    lobby = await opened(core, host, settings={"visibility": visibility, "allowSpectators": True})
    await befriend(core, friend, host)
    await core.invites.invite(host, AboutPlayer(user_id=invited))
    await core.blocks.block(blocker, ToBlock(user_id=host))
    await core.blocks.block(host, ToBlock(user_id=blocked))
    seen = {friend: visibility != "private", invited: True, stranger: visibility == "public"}
    for user in (friend, invited, stranger, blocker, blocked):
        listed = lobby.id in [shown.id for shown in (await core.browser.browse(user, Browse())).items]
        assert listed == (seen.get(user, False) and not (user == invited and visibility != "public")), user
        if seen.get(user):
            shown = await core.lobbies.view(user, lobby.id)
            assert (shown.settings.join_code, shown.name) == (None, lobby.name)
            await core.lobbies.spectate(user, Spectate(lobby_id=lobby.id))
            assert (await core.lobbies.join(user, JoinLobby(lobby_id=lobby.id))).settings.join_code is not None
            continue
        for refused in (
            core.lobbies.view(user, lobby.id),
            core.lobbies.join(user, JoinLobby(lobby_id=lobby.id)),
            core.lobbies.spectate(user, Spectate(lobby_id=lobby.id)),
        ):
            with pytest.raises(NotFound):
                await refused
    for user in (blocker, blocked):
        with pytest.raises(NotFound):
            await enter(core, user, lobby)
    assert await everything(core.database, SPECTATOR_SEATS) == []
    assert await broken_invariants(core.database) == []


async def test_a_block_with_any_member_keeps_a_player_out(core: Core) -> None:
    host, member, other = await players(core, 3)
    lobby = await opened(core, host, settings={"visibility": "public"})
    await enter(core, member, lobby)
    await core.blocks.block(other, ToBlock(user_id=member))
    assert (await core.browser.browse(other, Browse())).items == []
    with pytest.raises(NotFound):
        await core.lobbies.join(other, JoinLobby(lobby_id=lobby.id))
    await core.lobbies.leave(member)
    await core.lobbies.join(other, JoinLobby(lobby_id=lobby.id))


async def test_wrong_codes_are_limited(open_core: OpenCore) -> None:
    async with open_core(rate_limit_scale=0.1) as core:
        host, guesser = await players(core, 2)
        lobby = await opened(core, host)
        wrong = JoinLobby(join_code="WRONG234")
        tried = [await outcome(core.lobbies.join(guesser, wrong)) for _ in range(3)]
        assert tried == [NotFound, NotFound, RateLimited]
        with pytest.raises(RateLimited):  # also the right one
            await enter(core, guesser, lobby)


async def test_the_browser_finds_by_game_mode_and_region_in_pages(core: Core) -> None:
    *hosts, user = await players(core, 9)
    made: list[LobbyId] = []
    for number, host in enumerate(hosts):
        fields = {"gameId": ("valorant", "apex")[number % 2], "region": ("EU", "NA")[number // 4]}
        made.append((await opened(core, host, settings={"visibility": "public"}, **fields)).id)
    found: list[LobbyId] = []
    query = Browse(limit=3)
    while True:
        page = await core.browser.browse(user, query)
        found += [lobby.id for lobby in page.items]
        if page.next_cursor is None:
            break
        query = Browse(limit=3, cursor=page.next_cursor)
    assert found == made[::-1]
    wanted = Browse.parse({"gameId": "apex", "region": "na", "mode": "custom"})
    assert [lobby.id for lobby in (await core.browser.browse(user, wanted)).items] == [made[7], made[5]]
    assert (await core.browser.browse(user, Browse(mode="ranked"))).items == []
    await core.lobbies.leave(hosts[7])  # closed
    await core.lobbies.update_settings(hosts[5], UpdateSettings(visibility="private"))
    assert (await core.browser.browse(user, wanted)).items == []
    with pytest.raises(ValidationFailed):
        await core.browser.browse(user, Browse(cursor="abc"))


async def test_who_watches_sees_all_but_the_way_in_and_is_in_the_chat_only_if_the_host_says_so(core: Core) -> None:
    host, member, watcher = await players(core, 3)
    lobby = await opened(core, host, settings={"visibility": "public", "allowSpectators": True})
    watched = await core.lobbies.spectate(watcher, Spectate(lobby_id=lobby.id))
    assert watched == await core.lobbies.spectate(watcher, Spectate(lobby_id=lobby.id))
    assert (watched.spectators, watched.settings.join_code) == ([watcher], None)
    await core.matchmaking.enqueue(watcher, criteria("rocket-league"))  # one may search meanwhile
    assert await core.lobbies.streams_of(watcher) == [watch_stream(lobby.id)]
    await enter(core, member, lobby)
    await core.lobbies.update_settings(host, UpdateSettings(spectator_chat=True))
    (channel,) = await everything(core.database, CHANNELS)
    assert channel.member_ids == (host, member, watcher)
    with pytest.raises(NotInLobby):
        await core.lobbies.set_ready(watcher, SetReady(ready=True))
    await core.lobbies.kick(host, AboutPlayer(user_id=watcher))
    with pytest.raises(LobbyBanned):
        await core.lobbies.spectate(watcher, Spectate(lobby_id=lobby.id))
    (channel,) = await everything(core.database, CHANNELS)
    assert channel.member_ids == (host, member)
    inside, outside = await told(core, lobby_stream(lobby.id)), await told(core, watch_stream(lobby.id))
    assert str(lobby.settings.join_code) in str(inside)
    assert "joinCode" not in str(outside)
    seen: Any = None
    for name, data in outside:
        seen = apply(seen, name, data)
    now = await core.lobbies.get(lobby.id)
    assert now is not None
    assert seen == outside_view(now).wire()


async def test_one_watches_one_lobby_and_joins_it_from_there(core: Core) -> None:
    ann, bob, cid = await players(core, 3)
    public = {"visibility": "public", "allowSpectators": True}
    ours, theirs = await opened(core, ann, settings=public), await opened(core, bob, settings=public)
    tried = await asyncio.gather(
        *(outcome(core.lobbies.spectate(cid, Spectate(lobby_id=lobby.id))) for lobby in (ours, theirs))
    )
    assert [found for found in tried if not isinstance(found, LobbyView)] == [AlreadySpectating]
    (seat,) = await everything(core.database, SPECTATOR_SEATS)
    other = theirs if seat.lobby_id == ours.id else ours
    await core.lobbies.join(cid, JoinLobby(lobby_id=other.id))  # a seat in one, watching the other
    assert {view.id for view in (await core.lobbies.sync(cid), await core.lobbies.sync(cid, seat.lobby_id))} == {
        ours.id,
        theirs.id,
    }
    await core.lobbies.leave(cid)
    joined = await core.lobbies.join(cid, JoinLobby(lobby_id=seat.lobby_id))
    assert (joined.spectators, cid in [member.user_id for member in joined.members]) == ([], True)
    assert await everything(core.database, SPECTATOR_SEATS) == []
    with pytest.raises(AlreadyInLobby):
        await core.lobbies.spectate(cid, Spectate(lobby_id=seat.lobby_id))
    assert await broken_invariants(core.database) == []


async def test_a_lobby_of_a_match_takes_nobody_and_keeps_its_teams(core: Core) -> None:
    ann, bob, cid = await players(core, 3)
    lobby_id = await a_lobby(core, ann, bob, match_id=MatchId("m1"))
    with pytest.raises(NotFound):
        await core.lobbies.join(cid, JoinLobby(lobby_id=lobby_id))
    with pytest.raises(LobbyFromMatch):
        await core.lobbies.set_team(ann, SetTeam(user_id=bob, team=1))
    with pytest.raises(LobbyFromMatch):
        await core.lobbies.update_settings(ann, UpdateSettings(visibility="public"))


async def test_a_game_that_runs_takes_nobody_in(core: Core, clock: ManualClock) -> None:
    ann, bob, cid = await players(core, 3)
    lobby = await opened(core, ann)
    await enter(core, bob, lobby)
    for user in (ann, bob):
        await core.lobbies.set_ready(user, SetReady(ready=True))
    with pytest.raises(LobbyStartedAlready):
        await enter(core, cid, lobby)
    clock.advance(core.settings.lobby_countdown_s)
    await core.worker.run_deadlines()
    assert (await core.lobbies.sync(ann)).status == "active"
    with pytest.raises(LobbyStartedAlready):
        await enter(core, cid, lobby)
    assert await core.lobbies.seat_of(cid) is None


async def test_teams_are_balanced_on_joining(core: Core) -> None:
    host, *others = await players(core, 6)
    lobby = await core.lobbies.create(host, CreateLobby(game_id=GameId("valorant"), mode="competitive"))
    assert (lobby.capacity.max, lobby.teams is not None) == (10, True)
    for user in others:
        lobby = await enter(core, user, lobby)
    assert [member.team for member in lobby.members] == [1, 2, 1, 2, 1, 2]


async def test_a_game_or_mode_that_nobody_knows_is_named(core: Core) -> None:
    (host,) = await players(core, 1)
    for fields, fault in (
        ({"gameId": "nosuch"}, "gameId"),
        ({"gameId": "rocket-league", "mode": "nosuch"}, "mode"),
        ({"capacity": {"max": 100}}, "capacity.max"),
        ({"capacity": {"min": 9, "max": 3}}, "capacity.min"),
        ({"name": " "}, "name"),
        ({"settings": {"custom": {"k" * 65: 1}}}, f"settings.custom.{'k' * 64}"),
        ({"settings": {"custom": {str(n): n for n in range(17)}}}, "settings.custom"),
        ({"settings": {"custom": {"text": "x" * 2048}}}, "settings.custom"),
        ({"settings": {"custom": {"list": []}}}, None),
    ):
        with pytest.raises(ValidationFailed) as refused:
            await opened(core, host, **fields)
        assert fault is None or [fault] == [found["field"] for found in refused.value.faults]
    assert await everything(core.database, SEATS) == []


async def test_rest_names_the_lobby_that_must_be_the_callers(core: Core) -> None:
    ann, bob = await players(core, 2)
    ours, theirs = await opened(core, ann), await opened(core, bob)
    with pytest.raises(NotInLobby):
        await core.lobbies.set_ready(ann, SetReady(ready=True), theirs.id)
    with pytest.raises(NotInLobby):
        await core.lobbies.leave(ann, theirs.id)
    assert (await core.lobbies.set_ready(ann, SetReady(ready=True), ours.id)).members[0].ready
