"""From the end of the countdown to the game server: over a real allocator, whatever it answers and whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web

from clients.python.state import apply
from clients.python.types import Lobby
from domain.core.ids import GameId, LobbyId, UserId
from domain.jobs.model import JOBS, Job
from domain.lobbies.commands import CreateLobby, JoinLobby, SetCapacity, SetReady, SetSettings, Spectate, UpdateSettings
from domain.lobbies.events import lobby_stream, watch_stream
from domain.lobbies.model import LobbyView
from domain.matchmaking.commands import AnswerMatch
from maoga.bootstrap import Core
from tests.integration.matchmaking.test_main_job import proposed
from tests.support.allocator import CONNECTION, SECRET, Answer, GameServers, game_servers
from tests.support.clock import ManualClock
from tests.support.cores import a_core, players
from tests.support.invariants import broken_invariants, everything
from tests.support.lobbies import told

COUNTDOWN_S = 5
Open = Callable[..., Awaitable[tuple[Core, GameServers]]]


@pytest.fixture
def clock() -> ManualClock:
    """The time of the test."""
    return ManualClock()


@pytest.fixture
async def world(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Open]:
    """Opens a core and an allocator that answers as it is told: `core, servers = await world(500, 200)`.

    On the embedded default, unless the test asks for `real` servers.
    """
    stack = AsyncExitStack()
    urls: dict[str, Any] = {}
    if getattr(request, "param", "embedded") == "real":
        urls = {
            "database_url": request.getfixturevalue("mongodb_url"),
            "redis_url": request.getfixturevalue("redis_url"),
        }

    async def opened(*answers: Answer | int, secret: str = SECRET, **changes: Any) -> tuple[Core, GameServers]:
        servers = await stack.enter_async_context(game_servers(*answers))
        core = await stack.enter_async_context(
            a_core(tmp_path, clock, allocator_url=servers.url, allocator_secret=secret, **urls, **changes)
        )
        return core, servers

    async with stack:
        yield opened


async def a_lobby(core: Core) -> tuple[list[UserId], LobbyId]:
    """Two players in a lobby of their own, which anybody may watch."""
    users = await players(core, 2)
    settings = SetSettings(visibility="public", allow_spectators=True)
    lobby = await core.lobbies.create(
        users[0], CreateLobby(game_id=GameId("rocket-league"), mode="casual", settings=settings)
    )
    await core.lobbies.join(users[1], JoinLobby(lobby_id=lobby.id))
    return users, lobby.id


async def count_down(core: Core, clock: ManualClock, users: list[UserId]) -> LobbyView:
    """Everybody is ready, and the countdown is over."""
    for user in users:
        await core.lobbies.set_ready(user, SetReady(ready=True))
    clock.advance(COUNTDOWN_S)
    await core.worker.run_deadlines()
    return await core.lobbies.sync(users[0])


async def work(core: Core) -> None:
    """Does all jobs that are due."""
    await core.runner.poll()
    await core.runner.idle()


async def names(core: Core, lobby_id: LobbyId) -> list[str]:
    return [name for name, _ in await told(core, lobby_stream(lobby_id))]


@pytest.mark.parametrize("world", ["embedded", "real"], indirect=True)
async def test_a_lobby_waits_for_its_server_through_failures_and_starts_on_it(world: Open, clock: ManualClock) -> None:
    core, servers = await world(500, 503, 200)
    users, lobby_id = await a_lobby(core)
    waiting = await count_down(core, clock, users)
    assert (waiting.status, waiting.allocating, waiting.connection) == ("countdown", True, None)
    await core.recovery.sweep()
    for _ in range(3):
        assert (await core.lobbies.sync(users[1])).status == "countdown"
        await work(core)
        clock.advance(10)
    lobby = await core.lobbies.sync(users[1])
    assert (lobby.status, lobby.allocating) == ("active", False)
    assert lobby.connection is not None
    assert lobby.connection.wire() == CONNECTION
    started = [data for name, data in await told(core, lobby_stream(lobby_id)) if name == "lobby_started"]
    assert [data["connection"] for data in started] == [CONNECTION]
    assert {request.headers["Idempotency-Key"] for request, _ in servers.requests} == {lobby_id}
    assert [job.status for job in await everything(core.database, JOBS)] == ["done"]
    assert await broken_invariants(core.database) == []


@pytest.mark.parametrize(("answers", "asked"), [([400], 1), ([500] * 9, 4)])
async def test_a_lobby_without_a_server_forms_again_and_can_try_again(
    world: Open, clock: ManualClock, answers: list[int], asked: int
) -> None:
    """Refused at once, or after the last attempt. Nobody is ready, so that it does not begin anew by itself."""
    core, servers = await world(*answers)
    users, lobby_id = await a_lobby(core)
    await count_down(core, clock, users)
    for _ in range(6):
        await work(core)
        clock.advance(10)
    assert len(servers.requests) == asked
    lobby = await core.lobbies.sync(users[0])
    assert (lobby.status, lobby.allocating, lobby.starts_at) == ("forming", False, None)
    assert not any(member.ready for member in lobby.members)
    cancelled = [data for name, data in await told(core, lobby_stream(lobby_id)) if name == "countdown_cancelled"]
    assert [data["reason"] for data in cancelled] == ["allocation_failed"]
    assert [job.status for job in await everything(core.database, JOBS)] == ["dead"]
    servers.answers.clear()
    await count_down(core, clock, users)
    await work(core)
    assert (await core.lobbies.sync(users[0])).status == "active"


async def test_a_wrong_secret_is_told_and_not_tried_again(world: Open, clock: ManualClock) -> None:
    core, servers = await world(secret="not" + SECRET)
    users, _ = await a_lobby(core)
    await count_down(core, clock, users)
    await work(core)
    assert servers.requests == []
    assert (await core.lobbies.sync(users[0])).status == "forming"
    (job,) = await everything(core.database, JOBS)
    assert (job.status, "401" in job.error) == ("dead", True)


@pytest.mark.parametrize("what", ["is not ready", "leaves", "all leave"])
async def test_what_members_do_while_a_server_is_being_found_counts(world: Open, clock: ManualClock, what: str) -> None:
    """The answer comes for a countdown that is no more, and is dropped."""
    asked, answer = asyncio.Event(), asyncio.Event()

    async def late(_: web.Request) -> web.Response:
        asked.set()
        await answer.wait()
        return web.json_response(CONNECTION)

    core, _ = await world(late)
    users, lobby_id = await a_lobby(core)
    await count_down(core, clock, users)
    await core.runner.poll()
    await asked.wait()
    if what == "is not ready":
        await core.lobbies.set_ready(users[1], SetReady(ready=False))
    for user in {"is not ready": [], "leaves": users[:1], "all leave": users}[what]:
        await core.lobbies.leave(user)
    answer.set()
    await core.runner.idle()
    lobby = await core.lobbies.get(lobby_id)
    assert lobby is not None
    assert (lobby.status, lobby.allocating) == ("closed" if what == "all leave" else "forming", False)
    assert lobby.connection is None
    assert "lobby_started" not in await names(core, lobby_id)
    assert await broken_invariants(core.database) == []


async def test_who_is_alone_and_leaves_while_a_server_is_being_found_closes_the_lobby(
    world: Open, clock: ManualClock
) -> None:
    core, _ = await world()
    (user,) = await players(core, 1)
    made = CreateLobby(game_id=GameId("rocket-league"), mode="custom", capacity=SetCapacity(min=1, max=2))
    lobby = await core.lobbies.create(user, made)
    mine = cast(Lobby, (await count_down(core, clock, [user])).wire())
    assert mine["allocating"]
    await core.lobbies.leave(user)
    await work(core)
    closed = await core.lobbies.get(lobby.id)
    assert closed is not None
    assert (closed.status, closed.allocating, closed.connection) == ("closed", False, None)
    for name, data in await told(core, lobby_stream(lobby.id)):
        mine = cast(Lobby, apply(mine, name, data))
    assert (mine["status"], mine["allocating"]) == ("closed", False)


async def test_a_host_has_so_many_servers_asked_for_whatever_lobbies_they_open(world: Open, clock: ManualClock) -> None:
    """Two in five minutes, here. The next countdown comes to nothing, and another host's to a server."""
    core, servers = await world(rate_limit_scale=0.2)
    greedy, other = await players(core, 2)
    made = CreateLobby(game_id=GameId("rocket-league"), mode="custom", capacity=SetCapacity(min=1, max=2))
    for _ in range(2):
        await core.lobbies.create(greedy, made)
        assert (await count_down(core, clock, [greedy])).allocating
        await core.lobbies.leave(greedy)
    lobby = await core.lobbies.create(greedy, made)
    refused = await count_down(core, clock, [greedy])
    assert (refused.status, refused.allocating, refused.members[0].ready) == ("forming", False, False)
    cancelled = [data for name, data in await told(core, lobby_stream(lobby.id)) if name == "countdown_cancelled"]
    assert [data["reason"] for data in cancelled] == ["rate_limited"]
    await core.lobbies.create(other, made)
    assert (await count_down(core, clock, [other])).allocating
    await work(core)
    assert (await core.lobbies.sync(other)).status == "active"
    assert len(servers.requests) == 1, "the others were left before they were asked for"


async def test_the_lobby_of_a_match_starts_whatever_its_host_has_spent(world: Open, clock: ManualClock) -> None:
    core, _ = await world(rate_limit_scale=0.1)
    host, other = await players(core, 2)
    made = CreateLobby(game_id=GameId("rocket-league"), mode="custom", capacity=SetCapacity(min=1, max=2))
    await core.lobbies.create(host, made)
    assert (await count_down(core, clock, [host])).allocating
    await core.lobbies.leave(host)
    match = await proposed(core, [host, other])
    for user in (host, other):
        await core.matchmaking.accept(user, AnswerMatch(match_id=match.match_id))
    assert (await count_down(core, clock, [host, other])).allocating


async def test_a_job_speaks_for_its_own_countdown_only(world: Open, clock: ManualClock) -> None:
    """The first countdown's job fails for good while the second countdown waits for its server."""
    core, _ = await world(500)
    users, _ = await a_lobby(core)
    await count_down(core, clock, users)
    (first,) = await everything(core.database, JOBS)
    await work(core)
    await core.lobbies.set_ready(users[0], SetReady(ready=False))
    await count_down(core, clock, users)
    await core.allocation.give_up(first)
    await core.allocation.run(first)
    lobby = await core.lobbies.sync(users[0])
    assert (lobby.status, lobby.allocating) == ("countdown", True)
    await work(core)
    assert (await core.lobbies.sync(users[0])).status == "active"


@pytest.mark.parametrize("world", ["embedded", "real"], indirect=True)
async def test_two_workers_with_one_job_start_the_lobby_once(world: Open, clock: ManualClock) -> None:
    """The lease of a worker that hangs runs out, and another one is quicker; then the first comes back."""
    core, servers = await world()
    users, lobby_id = await a_lobby(core)
    await count_down(core, clock, users)
    job = cast(Job, (await everything(core.database, JOBS))[0])
    await asyncio.gather(*(core.allocation.run(job) for _ in range(3)), core.allocation.run(job))
    await core.allocation.run(job)
    await core.allocation.give_up(job)
    assert (await names(core, lobby_id)).count("lobby_started") == 1
    assert (await core.lobbies.sync(users[0])).status == "active"
    assert len(servers.requests) <= 4


async def test_the_way_into_the_game_is_for_members_only(world: Open, clock: ManualClock) -> None:
    core, _ = await world()
    users, lobby_id = await a_lobby(core)
    watcher = UserId((await core.users.create(username="watcher", display_name="W")).id)
    await core.lobbies.spectate(watcher, Spectate(lobby_id=lobby_id))
    await count_down(core, clock, users)
    await work(core)
    await core.lobbies.update_settings(users[0], UpdateSettings(name="Now playing"))
    seen = await told(core, watch_stream(lobby_id))
    assert [name for name, _ in seen][-2:] == ["lobby_started", "lobby_updated"]
    shown: list[object] = [
        await core.lobbies.sync(watcher),
        await core.lobbies.view(watcher, lobby_id),
        await core.lobbies.leave(users[0]),
        seen,
        await told(core, f"social:user:{watcher}"),
        *await core.trail.of(lobby_id, 100),
    ]
    for answer in shown:
        assert CONNECTION["token"] not in str(answer)
        assert CONNECTION["host"] not in str(answer)
    assert CONNECTION["token"] in str(await core.lobbies.view(users[1], lobby_id))


@pytest.mark.parametrize("answer", [200, 400])
async def test_the_events_lead_from_an_old_snapshot_to_the_present_one(
    world: Open, clock: ManualClock, answer: int
) -> None:
    """A member's, and that of somebody who watches."""
    core, _ = await world(answer)
    users, lobby_id = await a_lobby(core)
    watcher = UserId((await core.users.create(username="watcher", display_name="W")).id)
    mine = cast(Lobby, (await core.lobbies.sync(users[1])).wire())
    theirs = cast(Lobby, (await core.lobbies.spectate(watcher, Spectate(lobby_id=lobby_id))).wire())
    await count_down(core, clock, users)
    await work(core)
    for name, data in await told(core, lobby_stream(lobby_id)):
        mine = cast(Lobby, apply(mine, name, data))
    for name, data in await told(core, watch_stream(lobby_id)):
        theirs = cast(Lobby, apply(theirs, name, data))
    assert mine == (await core.lobbies.sync(users[1])).wire()
    assert theirs == (await core.lobbies.sync(watcher)).wire()
