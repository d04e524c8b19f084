"""Backfill: a lobby that lost players gets others, and whatever goes wrong leaves it and the tickets whole."""

import asyncio
from typing import Any

import orjson
import pytest

from clients.python.state import apply
from domain.core.errors import Forbidden, NotFound
from domain.core.ids import LobbyId, TicketId, UserId
from domain.lobbies.commands import AboutPlayer, SetReady
from domain.lobbies.events import lobby_stream
from domain.lobbies.model import LOBBIES, LobbyView
from domain.lobbies.rules import LobbyFull, LobbyOver
from domain.matchmaking.commands import AnswerMatch, BackfillLobby, CancelTicket
from domain.matchmaking.cooldowns import COOLDOWNS, OnCooldown
from domain.matchmaking.model import MATCHES, TICKETS, Match, MatchPlayer, Quality, Ticket, TicketView
from domain.matchmaking.pairing.matcher import Group
from domain.matchmaking.pool import PoolKey
from maoga.bootstrap import Core
from realtime import packet
from tests.support.builders import criteria
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.invariants import broken_invariants, everything

TEAMS = criteria("rocket-league", "competitive", regions=["EU"])
EVEN = Quality(overall=1, skill=1, region=1, language=1, wait=1)


async def a_game(core: Core, *, without: int = 1) -> tuple[list[UserId], LobbyView, list[UserId]]:
    """Four players in two teams, of whom so many have left: the others, their lobby, and as many players who look."""
    users = await players(core, 4 + without)
    for user in users[:4]:
        await core.matchmaking.enqueue(user, TEAMS)
    assert await core.tick.run() == 1
    (match,) = await everything(core.database, MATCHES)
    await asyncio.gather(*(core.matchmaking.accept(u, AnswerMatch(match_id=match.match_id)) for u in users[:4]))
    lobby = await core.lobbies.sync(users[0])
    gone = [member.user_id for member in lobby.members if member.user_id != lobby.host_id][:without]
    for user in gone:
        await core.lobbies.leave(user)
    for user in users[4:]:
        await core.matchmaking.enqueue(user, TEAMS)
    lobby = await core.lobbies.sync(lobby.host_id)
    stay = [lobby.host_id, *(user for user in users[:4] if user not in gone and user != lobby.host_id)]
    return stay, lobby, users[4:]


async def asked(core: Core, host: UserId, lobby: LobbyView) -> TicketView:
    """The backfill ticket of the lobby."""
    return await core.matchmaking.backfill(host, BackfillLobby(lobby_id=lobby.id))


async def ticket_of(core: Core, ticket_id: str) -> Ticket:
    ticket = await core.database.collection(TICKETS).get(ticket_id)
    assert ticket is not None
    return ticket


async def proposed(core: Core, lobby: LobbyView, ticket: TicketView, newcomers: list[UserId]) -> Match:
    """The newcomers are proposed the free places."""
    opening = (await ticket_of(core, ticket.id)).opening
    assert opening is not None
    teams = [list(team) for team in opening.teams]
    joining = []
    for user in newcomers:
        min(teams, key=len).append(user)
        seat = await core.lobbies.seat_of(user)
        assert seat is not None
        assert seat.ticket_id is not None
        joining.append(MatchPlayer(user_id=user, ticket_id=seat.ticket_id))
    group = Group(
        players=tuple(joining),
        teams=tuple(map(tuple, teams)),
        region="EU",
        min_size=4,
        quality=EVEN,
        levels={},
        lobby_id=LobbyId(lobby.id),
        backfill=ticket.id,
    )
    match = await core.proposals.propose(PoolKey(lobby.game_id, "competitive"), group)
    assert match is not None
    return match


async def accept(core: Core, match: Match) -> list[Any]:
    return [await core.matchmaking.accept(user, AnswerMatch(match_id=match.match_id)) for user in match.player_ids]


async def waits(core: Core, user: UserId) -> bool:
    status = await core.matchmaking.status(user)
    return status is not None and status.status == "queued" and status.match_id is None


async def test_a_newcomer_takes_the_free_place_in_the_lobby_its_team_and_its_chat(core: Core) -> None:
    (host, *_), lobby, (newcomer,) = await a_game(core)
    ticket = await asked(core, host, lobby)
    opening = (await ticket_of(core, ticket.id)).opening
    assert opening is not None
    assert (opening.free, sorted(map(len, opening.teams))) == (1, [1, 2])
    assert (ticket.criteria.regions, ticket.criteria.region_preference) == (["EU"], "strict")
    match = await proposed(core, lobby, ticket, [newcomer])
    (confirmed,) = await accept(core, match)
    assert (confirmed.status, confirmed.lobby_id) == ("confirmed", lobby.id)
    filled = await core.lobbies.sync(newcomer)
    teams = [member.team for member in filled.members]
    assert (len(filled.members), teams.count(1), teams.count(2)) == (4, 2, 2)
    assert newcomer in (await core.chats.reads.channels(newcomer))[0].member_ids
    ended = await ticket_of(core, ticket.id)
    assert (ended.status, ended.lobby_id, ended.backfill_of) == ("matched", lobby.id, None)
    assert await broken_invariants(core.database) == []
    with pytest.raises(LobbyFull):
        await asked(core, host, lobby)


async def test_a_lobby_with_more_free_places_goes_on_asking(core: Core) -> None:
    (host, *_), lobby, (first, second) = await a_game(core, without=2)
    ticket = await asked(core, host, lobby)
    await accept(core, await proposed(core, lobby, ticket, [first]))
    renewed = await ticket_of(core, ticket.id)
    assert renewed.opening is not None
    assert (renewed.status, renewed.match_id, renewed.opening.free) == ("queued", None, 1)
    assert {first, host} <= {player.user_id for player in renewed.players}
    assert await core.pool.unknown([ticket.id]) == []
    before = renewed.version
    await core.recovery.sweep()
    assert (await ticket_of(core, ticket.id)).version == before, "it says already what the lobby says"
    await accept(core, await proposed(core, lobby, ticket, [second]))
    assert (await ticket_of(core, ticket.id)).status == "matched"
    assert len((await core.lobbies.sync(host)).members) == 4
    assert await broken_invariants(core.database) == []


async def test_a_game_that_runs_is_filled_up_and_goes_on(core: Core, clock: ManualClock) -> None:
    stay, lobby, (newcomer,) = await a_game(core)
    await core.database.collection(LOBBIES).update(lobby.id, {"$set": {"status": "active", "active_at": clock.now()}})
    ticket = await asked(core, stay[0], lobby)
    await accept(core, await proposed(core, lobby, ticket, [newcomer]))
    assert (await core.lobbies.sync(newcomer)).status == "active"


async def test_only_the_host_asks_and_only_once(core: Core) -> None:
    (host, other, *_), lobby, (stranger,) = await a_game(core)
    answers = await asyncio.gather(*(asked(core, host, lobby) for _ in range(5)))
    assert len({answer.id for answer in answers}) == 1
    with pytest.raises(Forbidden):
        await asked(core, other, lobby)
    for nobody, error in [(stranger, NotFound), (UserId("nobody"), NotFound)]:
        with pytest.raises(error):
            await asked(core, nobody, lobby)
    with pytest.raises(NotFound):
        await core.matchmaking.cancel(other, CancelTicket(ticket_id=answers[0].id))
    assert (await core.matchmaking.cancel(host, CancelTicket(ticket_id=answers[0].id))).status == "cancelled"
    assert (await core.lobbies.sync(host)).id == lobby.id
    assert (await asked(core, host, lobby)).id != answers[0].id
    assert await broken_invariants(core.database) == []


async def test_a_refusal_costs_the_newcomer_and_the_lobby_asks_on(core: Core) -> None:
    (host, *_), lobby, (newcomer,) = await a_game(core)
    ticket = await asked(core, host, lobby)
    match = await proposed(core, lobby, ticket, [newcomer])
    await core.matchmaking.decline(newcomer, AnswerMatch(match_id=match.match_id))
    assert [cooldown.id for cooldown in await everything(core.database, COOLDOWNS)] == [newcomer]
    assert ((await ticket_of(core, ticket.id)).status, await core.pool.unknown([ticket.id])) == ("queued", [])
    assert await broken_invariants(core.database) == []


async def test_a_host_who_asks_no_more_sends_the_newcomers_back_at_no_cost_but_to_the_host(core: Core) -> None:
    (host, *_), lobby, (newcomer,) = await a_game(core)
    for _ in range(2):  # the first refusal is free
        ticket = await asked(core, host, lobby)
        match = await proposed(core, lobby, ticket, [newcomer])
        assert (await core.matchmaking.cancel(host, CancelTicket(ticket_id=ticket.id))).status == "cancelled"
        cancelled = await core.database.collection(MATCHES).get(match.id)
        assert cancelled is not None
        assert (cancelled.status, cancelled.refused_by) == ("cancelled", (host,))
        assert await waits(core, newcomer)
    assert [cooldown.id for cooldown in await everything(core.database, COOLDOWNS)] == [host]
    with pytest.raises(OnCooldown):
        await asked(core, host, lobby)
    assert await broken_invariants(core.database) == []


async def test_a_lobby_that_closes_during_the_ready_check_sends_the_newcomers_back(core: Core) -> None:
    stay, lobby, (newcomer,) = await a_game(core)
    ticket = await asked(core, stay[0], lobby)
    match = await proposed(core, lobby, ticket, [newcomer])
    for user in stay:
        await core.lobbies.leave(user)
    (answer,) = await accept(core, match)
    assert answer.status == "cancelled"
    assert await waits(core, newcomer)
    await core.recovery.sweep()
    ended = await ticket_of(core, ticket.id)
    assert (ended.status, await core.pool.unknown([ticket.id])) == ("cancelled", [ticket.id])
    assert await broken_invariants(core.database) == []
    with pytest.raises((LobbyOver, NotFound)):
        await asked(core, stay[0], lobby)


async def test_the_ticket_follows_its_lobby(core: Core) -> None:
    """Another member leaves, the host among them; a place more is free, and the new host's word counts."""
    (host, *others), lobby, _ = await a_game(core)
    ticket = await asked(core, host, lobby)
    await core.lobbies.leave(host)
    await core.recovery.sweep()
    followed = await ticket_of(core, ticket.id)
    assert followed.opening is not None
    assert followed.opening.free == 2
    assert {player.user_id for player in followed.players} == set(others)
    heir = (await core.lobbies.sync(others[0])).host_id
    assert (followed.user_id, followed.player_ids) == (heir, (heir,))
    assert (await core.matchmaking.cancel(heir, CancelTicket(ticket_id=TicketId(ticket.id)))).status == "cancelled"
    assert await broken_invariants(core.database) == []


async def test_a_member_who_leaves_during_the_ready_check_does_not_keep_the_newcomer_out(core: Core) -> None:
    (host, leaver, _), lobby, (newcomer,) = await a_game(core)
    ticket = await asked(core, host, lobby)
    match = await proposed(core, lobby, ticket, [newcomer])
    await asyncio.gather(core.lobbies.leave(leaver), accept(core, match))
    members = {member.user_id for member in (await core.lobbies.sync(host)).members}
    assert newcomer in members
    assert leaver not in members
    assert await broken_invariants(core.database) == []


async def test_who_was_kicked_is_not_found_for_the_place_that_is_free(core: Core) -> None:
    (host, kicked, _), lobby, (newcomer,) = await a_game(core)
    waiting = await core.matchmaking.status(newcomer)
    assert waiting is not None
    await core.matchmaking.cancel(newcomer, CancelTicket(ticket_id=waiting.id))
    await core.lobbies.kick(host, AboutPlayer(user_id=kicked))
    await core.matchmaking.enqueue(kicked, TEAMS)
    ticket = await asked(core, host, lobby)
    assert await core.tick.run() == 0
    await core.acquaintances.renew(TicketId(ticket.id))
    assert await core.tick.run() == 0
    await core.matchmaking.enqueue(newcomer, TEAMS)
    assert await core.tick.run() == 1
    assert [match.player_ids for match in await everything(core.database, MATCHES) if match.backfill] == [(newcomer,)]


async def test_newcomers_stop_the_countdown_until_they_are_ready(core: Core) -> None:
    stay, lobby, (newcomer,) = await a_game(core)
    ticket = await asked(core, stay[0], lobby)
    await accept(core, await proposed(core, lobby, ticket, [newcomer]))
    for user in [*stay, newcomer]:
        assert (await core.lobbies.sync(user)).status == "forming"
        await core.lobbies.set_ready(user, SetReady(ready=True))
    assert (await core.lobbies.sync(newcomer)).status == "countdown"


async def test_who_is_in_a_full_lobby_by_the_time_of_the_last_accept_waits_on(core: Core) -> None:
    """Two workers proposed the same place: the ticket is in one match only, so the lobby is made full by hand."""
    (host, *_), lobby, (newcomer,) = await a_game(core)
    ticket = await asked(core, host, lobby)
    match = await proposed(core, lobby, ticket, [newcomer])
    document = await core.database.collection(LOBBIES).get(lobby.id)
    assert document is not None
    smaller = document.capacity.model_copy(update={"max": len(document.members)})
    await core.database.collection(LOBBIES).update(lobby.id, {"$set": {"capacity": smaller}})
    (answer,) = await accept(core, match)
    assert answer.status == "cancelled"
    assert await waits(core, newcomer)
    await core.recovery.sweep()
    assert (await ticket_of(core, ticket.id)).status == "cancelled"
    assert await broken_invariants(core.database) == []


@pytest.mark.parametrize("ending", ["the lobby empties", "the host asks no more", "the newcomer cancels"])
async def test_whatever_meets_the_last_accept_one_of_the_two_comes_first(core: Core, ending: str) -> None:
    """The newcomer sits in the lobby or waits on, as the answer says, and never both or neither."""
    stay, lobby, (newcomer,) = await a_game(core)
    ticket = await asked(core, stay[0], lobby)
    match = await proposed(core, lobby, ticket, [newcomer])
    others: list[Any]
    if ending == "the lobby empties":
        others = [core.lobbies.leave(user) for user in stay]
    elif ending == "the host asks no more":
        others = [core.matchmaking.cancel(stay[0], CancelTicket(ticket_id=ticket.id))]
    else:
        others = [core.matchmaking.cancel(newcomer, CancelTicket(ticket_id=match.players[0].ticket_id))]
    await asyncio.gather(accept(core, match), *others, return_exceptions=True)
    await core.recovery.sweep()
    after = await core.database.collection(MATCHES).get(match.id)
    seat = await core.lobbies.seat_of(newcomer)
    assert after is not None
    if after.status == "confirmed":
        assert seat is not None
        assert seat.lobby_id == lobby.id
    elif ending == "the newcomer cancels":
        assert seat is None
    else:
        assert await waits(core, newcomer)
    assert await broken_invariants(core.database) == []


async def test_the_events_of_a_filling_lead_members_and_newcomers_to_the_same_lobby(core: Core) -> None:
    """Members put `member_joined` on what they have; a newcomer follows from a whole `lobby_updated` on."""
    (host, *_), lobby, (newcomer,) = await a_game(core)
    stream = lobby_stream(LobbyId(lobby.id))
    stood = (await core.streams.positions([stream]))[stream]
    ticket = await asked(core, host, lobby)
    await accept(core, await proposed(core, lobby, ticket, [newcomer]))
    entries = await core.streams.read(stream, stood, 100)
    assert entries is not None
    theirs, joined = lobby.wire(), None
    names = []
    for entry in entries:
        header, body = packet.opened(entry.packet)
        name, data = orjson.loads(b"[" + body + b"]")
        names.append(name)
        theirs = apply(theirs, name, data)  # type: ignore[arg-type, assignment]
        if newcomer in header.join:
            joined = apply(None, name, data)
    assert names == ["member_joined", "lobby_updated"]
    assert (await core.lobbies.sync(newcomer)).wire() == theirs == joined
