"""A seat and its lobby say the same of the player's connection, whoever tells of it and however often."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from domain.core.ids import LobbyId, UserId
from domain.lobbies.model import LOBBIES, SEATS, Seat
from domain.matchmaking.commands import AnswerMatch
from maoga.bootstrap import Core
from tests.integration.matchmaking.test_main_job import DUEL, proposed, seated
from tests.support.clock import ManualClock
from tests.support.cores import a_core
from tests.support.invariants import broken_invariants


async def connections(core: Core, lobby_id: str, users: list[UserId]) -> tuple[dict[str, str], dict[str, str]]:
    """What the seats say, and what the lobby says."""
    seats = await core.database.collection(SEATS).get_many(users)
    lobby = await core.database.collection(LOBBIES).get(lobby_id)
    assert lobby is not None
    by_seat = {user: "grace" if seat.grace_until else "connected" for user, seat in seats.items()}
    return by_seat, {member.user_id: member.connection for member in lobby.members}


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_two_instances_tell_at_once_seat_and_lobby_agree(
    tmp_path: Path, mongodb_url: str, redis_url: str, seed: int
) -> None:
    """Sockets come and go on both while the members get ready; the last word, said alone, is heard."""
    randomness, clock = random.Random(seed), ManualClock()
    urls: dict[str, Any] = {"database_url": mongodb_url, "redis_url": redis_url}
    async with (
        a_core(tmp_path, clock, instance="a", **urls) as a,
        a_core(tmp_path, clock, instance="b", **urls) as b,
    ):
        users, lobby = await seated(a)
        seen = set()
        for _ in range(6):
            calls = []
            for user in users:
                for _ in range(randomness.randint(1, 4)):
                    grace = randomness.choice((a, b)).grace
                    calls.append(randomness.choice((grace.gone, grace.back))(user))
            async with asyncio.timeout(10):
                await asyncio.gather(*calls)
            by_seat, by_lobby = await connections(a, lobby.id, users)
            assert by_seat == by_lobby
            seen |= set(by_seat.values())
        assert seen == {"grace", "connected"}
        for tell in (a.grace.gone, b.grace.back):
            for user in users:
                await tell(user)
            by_seat, by_lobby = await connections(a, lobby.id, users)
            assert by_seat == by_lobby
            assert set(by_seat.values()) == {"grace" if tell == a.grace.gone else "connected"}
        assert await broken_invariants(a.database) == []


@pytest.mark.parametrize("event", ["gone", "back"])
async def test_who_comes_or_goes_while_their_lobby_is_made_is_not_shown_otherwise(
    tmp_path: Path, mongodb_url: str, redis_url: str, event: str
) -> None:
    """The last accept and the socket meet at all kinds of moments; who was not noted then is by the next sweep."""
    urls: dict[str, Any] = {"database_url": mongodb_url, "redis_url": redis_url}
    async with a_core(tmp_path, ManualClock(), **urls) as core:
        for number in range(25):
            users = [await a_player(core, f"player-{number}-{n}") for n in range(2)]
            match = await proposed(core, users)
            answer = AnswerMatch(match_id=match.match_id)
            await core.matchmaking.accept(users[0], answer)
            if event == "back":
                await core.grace.gone(users[0])
            tell = core.grace.gone if event == "gone" else core.grace.back
            accepted, _ = await asyncio.gather(
                core.matchmaking.accept(users[1], answer), after(number / 1500, tell, users[0])
            )
            assert accepted.status == "confirmed"
            by_seat, by_lobby = await connections(core, match.id, users)
            assert by_seat == by_lobby
            await tell(users[0])
            expected = {users[0]: "grace" if event == "gone" else "connected", users[1]: "connected"}
            assert (expected, expected) == await connections(core, match.id, users)
        assert await broken_invariants(core.database) == []


async def test_many_who_go_at_once_cost_one_commit_a_lobby_and_nothing_without_a_place(
    core: Core, clock: ManualClock
) -> None:
    (one, two), lobby = await seated(core)
    waiting, *strangers = [await a_player(core, f"more-{n}") for n in range(4)]
    await core.matchmaking.enqueue(waiting, DUEL)
    before = await core.database.collection(LOBBIES).get(lobby.id)
    await core.grace.gone(one, *strangers, two, waiting)
    after = await core.database.collection(LOBBIES).get(lobby.id)
    assert before is not None
    assert after is not None
    assert (after.version, after.revision) == (before.version + 1, before.revision + 2)
    assert {member.connection for member in after.members} == {"grace"}
    seats = await core.database.collection(SEATS).get_many([one, two, waiting, *strangers])
    assert {id: seat.grace_until is not None for id, seat in seats.items()} == {one: True, two: True, waiting: True}
    await core.grace.back(two, one, *strangers)
    assert ({one: "connected", two: "connected"},) * 2 == await connections(core, lobby.id, [one, two])
    await core.grace.gone(two)
    clock.advance(core.settings.grace_s)
    await core.worker.run_deadlines()
    assert [one] == [member.user_id for member in (await core.lobbies.sync(one)).members]
    assert await core.matchmaking.status(waiting) is None
    assert await broken_invariants(core.database) == []


async def test_a_seat_that_cannot_be_changed_keeps_nobody_waiting(core: Core) -> None:
    """It makes the commit of its whole lobby fail; then each member is told of alone."""
    users, lobby = await seated(core)
    left, lost = await a_player(core, "left"), await a_player(core, "lost")
    for user, place in ((left, lobby.id), (lost, LobbyId("no-such-lobby"))):
        await core.database.collection(SEATS).insert(Seat(id=user, lobby_id=place))
    await core.grace.gone(lost, users[0], left, users[1])
    assert (dict.fromkeys(users, "grace"),) * 2 == await connections(core, lobby.id, users)


async def a_player(core: Core, name: str) -> UserId:
    return UserId((await core.users.create(username=name, display_name=name)).id)


async def after(delay_s: float, tell: Callable[[UserId], Awaitable[None]], user: UserId) -> None:
    """Tells of the user in a moment."""
    await asyncio.sleep(delay_s)
    await tell(user)
