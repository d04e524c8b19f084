"""The audit trail: every change of a lobby is in it, once, with who made it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.core.ids import LobbyId
from domain.lobbies.commands import SetReady
from domain.lobbies.events import lobby_stream
from domain.lobbies.model import LOBBIES
from domain.lobbies.trail import TRAIL, VALUE_LENGTH
from maoga.bootstrap import Core
from tests.support.clock import ManualClock
from tests.support.cores import a_core, players
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


async def test_every_event_of_a_lobby_is_in_its_trail_with_who_caused_it(core: Core, clock: ManualClock) -> None:
    host, other = await players(core, 2)
    lobby_id = await a_lobby(core, host, other)
    for user in (host, other):
        await core.lobbies.set_ready(user, SetReady(ready=True))
    clock.advance(core.settings.lobby_countdown_s)
    await core.lobby_upkeep.elapse_countdown(lobby_id)
    await core.lobbies.leave(host)
    entries = await core.trail.of(lobby_id, 100)
    assert [(entry.by, entry.what) for entry in entries] == [
        (host, ("member_ready",)),
        (other, ("member_ready", "lobby_ready", "countdown_started")),
        (None, ("lobby_started",)),
        (host, ("member_left", "host_changed")),
    ]
    events = [name for name, _ in await told(core, lobby_stream(lobby_id))]
    assert [name for entry in entries for name in entry.what] == events
    ready = {change.field: (change.before, change.after) for change in entries[1].changes}
    assert (ready["status"], ready[f"members.{other}.ready"]) == (('"forming"', '"countdown"'), ("false", "true"))
    left = {change.field: (change.before, change.after) for change in entries[3].changes}
    assert left["host_id"] == (f'"{host}"', f'"{other}"')
    assert left[f"members.{host}"] == ('"player-0"', None)


async def test_changes_at_the_same_moment_are_each_in_the_trail_once(core: Core) -> None:
    """Those that meet are tried again; what did not come to pass left nothing."""
    users = await players(core, 6)
    lobby_id = await a_lobby(core, *users)
    turns = [core.lobbies.set_ready(user, SetReady(ready=ready)) for ready in (True, False, True) for user in users]
    await asyncio.gather(*turns, core.lobbies.leave(users[0]), return_exceptions=True)
    entries = await core.trail.of(lobby_id, 1000)
    events = await told(core, lobby_stream(lobby_id))
    assert [name for entry in entries for name in entry.what] == [name for name, _ in events]
    assert [entry.revision for entry in entries] == sorted({entry.revision for entry in entries})
    lobby = await core.lobbies.get(lobby_id)
    assert lobby is not None
    assert entries[-1].revision == lobby.revision


async def test_what_changed_nothing_leaves_no_trace_and_what_was_refused_neither(core: Core) -> None:
    (host,) = await players(core, 1)
    lobby_id = await a_lobby(core, host)
    await core.lobbies.set_ready(host, SetReady(ready=False))
    assert await core.trail.of(lobby_id, 100) == []


async def test_a_trail_is_kept_for_ninety_days(core: Core, clock: ManualClock) -> None:
    (host,) = await players(core, 1)
    lobby_id = await a_lobby(core, host)
    await core.lobbies.set_ready(host, SetReady(ready=True))
    (entry,) = await core.trail.of(lobby_id, 100)
    assert (TRAIL.expires, entry.expires_at) == ("expires_at", clock.now() + timedelta(days=90))


async def test_long_values_are_cut(core: Core, clock: ManualClock) -> None:
    (host,) = await players(core, 1)
    lobby = await core.lobbies.get(LobbyId(await a_lobby(core, host)))
    assert lobby is not None
    renamed = lobby.changed(name="x" * 1000)
    entry = core.trail.changed(lobby, renamed, ("lobby_updated",), host, clock.now()).document
    ((field, after),) = [(change.field, change.after) for change in entry.changes]
    assert (field, len(after or "")) == ("name", VALUE_LENGTH)


async def test_a_closed_lobby_goes_with_its_trail_and_an_open_one_stays(core: Core, clock: ManualClock) -> None:
    host, other = await players(core, 2)
    closed, stays = await a_lobby(core, host), await a_lobby(core, other)
    await core.lobbies.leave(host)
    lobbies = await core.database.collection(LOBBIES).get_many([closed, stays])
    assert LOBBIES.expires == "expires_at"
    assert lobbies[closed].expires_at == clock.now() + timedelta(days=90)
    assert lobbies[stays].expires_at is None
