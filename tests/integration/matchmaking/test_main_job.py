"""From the ticket to the started lobby: the use cases together, on the embedded default and on real servers."""

import asyncio

import pytest

from domain.chat.chat import ChannelClosed
from domain.chat.commands import History, Send
from domain.core.errors import NotFound, ValidationFailed
from domain.core.ids import ChannelId, TicketId, UserId
from domain.lobbies.commands import SetReady
from domain.lobbies.model import LOBBIES, SEATS, LobbyView
from domain.lobbies.rules import NotInLobby
from domain.lobbies.seats import AlreadyInLobby, AlreadyQueued
from domain.matchmaking.commands import AnswerMatch, CancelTicket
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.model import MATCHES, TICKETS, Match
from domain.matchmaking.proposals import MatchOver
from maoga.bootstrap import Core
from tests.integration.matchmaking.conftest import OpenCore
from tests.support.builders import criteria
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.invariants import broken_invariants, everything

DUEL = criteria("rocket-league", "casual", groupSize={"min": 2, "max": 2})


async def proposed(core: Core, users: list[UserId]) -> Match:
    """The match that is proposed when these users queue for a duel."""
    for user in users:
        await core.matchmaking.enqueue(user, DUEL)
    assert await core.tick.run() == 1
    (match,) = await core.database.collection(MATCHES).find({"status": "proposed"}, limit=2)
    return match


async def seated(core: Core) -> tuple[list[UserId], LobbyView]:
    """Two players in a lobby."""
    users = await players(core, 2)
    match = await proposed(core, users)
    for user in users:
        await core.matchmaking.accept(user, AnswerMatch(match_id=match.match_id))
    return users, await core.lobbies.sync(users[0])


async def test_two_strangers_meet_talk_and_start(core: Core, clock: ManualClock) -> None:
    (one, two), lobby = await seated(core)
    channel = ChannelId(lobby.chat_id)
    said = await core.chat.send(one, Send(channel_id=channel, client_message_id="m1", content="hi"))
    assert (said.seq, said.content) == (1, "hi")
    assert [said] == (await core.chat.history(two, History(channel_id=channel))).messages
    for user in (one, two):
        await core.lobbies.set_ready(user, SetReady(ready=True))
    assert (await core.lobbies.sync(two)).status == "countdown"
    clock.advance(core.settings.lobby_countdown_s)
    await core.worker.run_deadlines()
    assert (await core.lobbies.sync(one)).status == "active"
    assert await broken_invariants(core.database) == []


async def test_leaving_frees_the_player_and_the_last_one_closes_the_lobby(core: Core) -> None:
    (one, two), lobby = await seated(core)
    with pytest.raises(AlreadyInLobby):
        await core.matchmaking.enqueue(one, DUEL)
    left = await core.lobbies.leave(one)
    assert [two] == [member.user_id for member in left.members]
    await core.matchmaking.enqueue(one, DUEL)
    with pytest.raises(NotFound):
        await core.chat.history(one, History(channel_id=lobby.chat_id))
    await core.lobbies.leave(two)
    with pytest.raises(NotInLobby):
        await core.lobbies.sync(two)
    closed = await core.database.collection(LOBBIES).get(lobby.id)
    assert closed is not None
    assert (closed.status, closed.close_reason) == ("closed", "empty")
    assert await broken_invariants(core.database) == []


async def test_an_idle_lobby_closes_and_its_chat_can_only_be_read(core: Core, clock: ManualClock) -> None:
    (one, _), lobby = await seated(core)
    await core.chat.send(one, Send(channel_id=lobby.chat_id, client_message_id="m1", content="anyone?"))
    clock.advance(core.settings.lobby_idle_s)
    await core.worker.run_deadlines()
    with pytest.raises(NotInLobby):
        await core.lobbies.sync(one)
    with pytest.raises(ChannelClosed):
        await core.chat.send(one, Send(channel_id=lobby.chat_id, client_message_id="m2", content="hello?"))
    assert len((await core.chat.history(one, History(channel_id=lobby.chat_id))).messages) == 1
    assert await broken_invariants(core.database) == []


async def test_one_of_ten_enqueues_at_once_succeeds(core: Core) -> None:
    (user,) = await players(core, 1)
    answers = await asyncio.gather(*(core.matchmaking.enqueue(user, DUEL) for _ in range(10)), return_exceptions=True)
    tickets = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(tickets) == 1
    refused = [answer for answer in answers if isinstance(answer, AlreadyQueued)]
    assert [{"ticketId": tickets[0].id}] * 9 == [error.details for error in refused]


async def test_a_decline_requeues_the_innocent_with_the_old_waiting_time(core: Core, clock: ManualClock) -> None:
    one, two = await players(core, 2)
    match = await proposed(core, [one, two])
    asked = await core.matchmaking.status(one)
    assert asked is not None
    assert ("proposed", match.match_id, match.accept_by) == (asked.status, asked.match_id, asked.accept_by)
    clock.advance(3)
    await core.matchmaking.accept(one, AnswerMatch(match_id=match.match_id))
    cancelled = await core.matchmaking.decline(two, AnswerMatch(match_id=match.match_id))
    assert cancelled.status == "cancelled"
    waiting = await core.matchmaking.status(one)
    assert waiting is not None
    assert (waiting.status, waiting.waited_ms, waiting.match_id) == ("queued", 3000, None)
    assert await core.matchmaking.status(two) is None
    with pytest.raises(MatchOver):
        await core.matchmaking.accept(one, AnswerMatch(match_id=match.match_id))
    await core.matchmaking.enqueue(two, DUEL)
    assert await core.tick.run() == 1
    assert await broken_invariants(core.database) == []


async def test_who_does_not_accept_in_time_is_out(core: Core, clock: ManualClock) -> None:
    one, two = await players(core, 2)
    match = await proposed(core, [one, two])
    await core.matchmaking.accept(one, AnswerMatch(match_id=match.match_id))
    clock.advance(core.settings.match_accept_s)
    with pytest.raises(MatchOver):
        await core.matchmaking.accept(two, AnswerMatch(match_id=match.match_id))
    await core.worker.run_deadlines()
    status = await core.matchmaking.status(one)
    assert status is not None
    assert status.status == "queued"
    assert await core.matchmaking.status(two) is None
    assert await broken_invariants(core.database) == []


async def test_the_last_accept_counts_even_if_its_process_died_before_the_lobby(core: Core, clock: ManualClock) -> None:
    users = await players(core, 2)
    match = await proposed(core, users)
    matches = core.database.collection(MATCHES)
    await matches.update(match.id, {"$addToSet": {"accepted": list(users)}})  # all that such a process had written
    clock.advance(core.settings.match_accept_s)
    await core.worker.run_deadlines()
    assert set(users) == {member.user_id for member in (await core.lobbies.sync(users[0])).members}
    assert await broken_invariants(core.database) == []


async def test_accepting_twice_is_one_accept_and_strangers_see_nothing(core: Core) -> None:
    one, two, stranger = await players(core, 3)
    answer = AnswerMatch(match_id=(await proposed(core, [one, two])).match_id)
    for _ in range(2):
        assert (await core.matchmaking.accept(one, answer)).status == "proposed"
    for refused in (core.matchmaking.accept, core.matchmaking.decline):
        with pytest.raises(NotFound):
            await refused(stranger, answer)
    confirmed = await core.matchmaking.accept(two, answer)
    assert ("confirmed", str(confirmed.id)) == (confirmed.status, confirmed.lobby_id)
    assert confirmed == await core.matchmaking.accept(one, answer)
    with pytest.raises(MatchOver):
        await core.matchmaking.decline(one, answer)


async def test_cancel_ends_a_waiting_ticket_declines_a_proposed_one_and_comes_too_late_after_that(core: Core) -> None:
    one, two = await players(core, 2)
    ticket = await core.matchmaking.enqueue(one, DUEL)
    assert (await core.matchmaking.cancel(one, CancelTicket(ticket_id=ticket.id))).status == "cancelled"
    assert await core.tick.run() == 0
    await proposed(core, [one, two])
    mine = await core.matchmaking.status(one)
    assert mine is not None
    with pytest.raises(NotFound):
        await core.matchmaking.cancel(two, CancelTicket(ticket_id=mine.id))
    assert (await core.matchmaking.cancel(one, CancelTicket(ticket_id=mine.id))).status == "cancelled"
    await core.matchmaking.enqueue(one, DUEL)
    assert await core.tick.run() == 1
    again = await core.matchmaking.status(one)
    assert again is not None
    assert again.match_id is not None
    for user in (one, two):
        await core.matchmaking.accept(user, AnswerMatch(match_id=again.match_id))
    late = await core.matchmaking.cancel(one, CancelTicket(ticket_id=again.id))
    assert ("matched", str(again.match_id)) == (late.status, late.lobby_id)


async def test_a_ticket_expires(core: Core, clock: ManualClock) -> None:
    (user,) = await players(core, 1)
    ticket = await core.matchmaking.enqueue(user, DUEL)
    clock.advance(core.settings.ticket_max_s)
    await core.tick.run()
    stored = await core.database.collection(TICKETS).get(ticket.id)
    assert stored is not None
    assert (stored.status, stored.unpublished) == ("expired", ())
    await core.matchmaking.enqueue(user, DUEL)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (criteria("no-such-game"), "games.0.gameId"),
        (criteria("apex", "competitive"), "mode"),
        (criteria("apex", "casual", groupSize={"min": 9, "max": 10}), "groupSize"),
    ],
)
async def test_criteria_no_game_can_meet_are_refused_by_field(core: Core, wanted: Criteria, field: str) -> None:
    (user,) = await players(core, 1)
    with pytest.raises(ValidationFailed) as refused:
        await core.matchmaking.enqueue(user, wanted)
    assert [field] == [fault["field"] for fault in refused.value.details or [] if isinstance(fault, dict)]
    assert await core.lobbies.seat_of(user) is None


async def test_cancels_that_race_with_matches_are_answered_consistently(core: Core) -> None:
    """Whoever was told `cancelled` is in no lobby, whoever was told `matched` is in one."""
    users = await players(core, 20)
    tickets = {user: (await core.matchmaking.enqueue(user, DUEL)).id for user in users}

    async def accept_whatever_comes(user: UserId) -> None:
        for _ in range(40):
            status = await core.matchmaking.status(user)
            if status is not None and status.match_id is not None:
                try:
                    await core.matchmaking.accept(user, AnswerMatch(match_id=status.match_id))
                except (MatchOver, NotFound):
                    continue

    async def cancel_soon(user: UserId) -> tuple[UserId, str]:
        for _ in range(int(tickets[user][-1], 16)):
            await asyncio.sleep(0.002)
        return user, (await core.matchmaking.cancel(user, CancelTicket(ticket_id=TicketId(tickets[user])))).status

    async def ticks() -> None:
        for _ in range(10):
            await core.tick.run()

    async with asyncio.TaskGroup() as tasks:
        cancels = [tasks.create_task(cancel_soon(user)) for user in users[::2]]
        tasks.create_task(ticks())
        for user in users:
            tasks.create_task(accept_whatever_comes(user))
    answers = [cancel.result() for cancel in cancels]
    seats = {seat.id: seat for seat in await everything(core.database, SEATS)}
    for user, answer in answers:
        assert (answer == "matched") == (user in seats), (user, answer)
    assert await broken_invariants(core.database) == []


async def test_messages_of_many_senders_are_gapless_and_retries_get_the_first_back(open_core: OpenCore) -> None:
    async with open_core(rate_limit_scale=0) as core:
        await _talk_much(core)


async def _talk_much(core: Core) -> None:
    users, lobby = await seated(core)
    sends = [
        (user, Send(channel_id=lobby.chat_id, client_message_id=f"{user}-{n}"[-60:], content=f"{n}"))
        for n in range(60)
        for user in users
    ]
    first = await asyncio.gather(*(core.chat.send(*send) for send in sends))
    again = await asyncio.gather(*(core.chat.send(*send) for send in sends[::7]))
    assert list(range(1, len(sends) + 1)) == sorted(message.seq for message in first)
    assert first[::7] == again
    page = await core.chat.history(users[0], History(channel_id=lobby.chat_id, limit=100))
    assert (list(range(21, 121)), True) == ([m.seq for m in page.messages], page.has_more)
    older = await core.chat.history(users[0], History(channel_id=lobby.chat_id, before=21, limit=100))
    assert (list(range(1, 21)), False) == ([m.seq for m in older.messages], older.has_more)
    newer = await core.chat.history(users[0], History(channel_id=lobby.chat_id, after=118))
    assert ([m.seq for m in newer.messages], newer.has_more) == ([119, 120], False)


async def test_ten_who_are_ready_at_the_same_time_are_all_heard(core: Core) -> None:
    """Their conditional writes meet, and each takes its turn: nobody is told `CONFLICT`."""
    users = await players(core, 10)
    wish = criteria("valorant", "competitive")
    for user in users:
        await core.matchmaking.enqueue(user, wish)
    assert await core.tick.run() == 1
    (match,) = await everything(core.database, MATCHES)
    await asyncio.gather(*(core.matchmaking.accept(u, AnswerMatch(match_id=match.match_id)) for u in users))
    await asyncio.gather(*(core.lobbies.set_ready(user, SetReady(ready=True)) for user in users))
    lobby = await core.lobbies.sync(users[0])
    assert all(member.ready for member in lobby.members)
    assert lobby.status == "countdown"
    assert {team: [m.team for m in lobby.members].count(team) for team in (1, 2)} == {1: 5, 2: 5}
