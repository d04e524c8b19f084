"""Lobbies that players make, over real sockets on two instances."""

import asyncio
from typing import Any

import pytest

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from clients.python.types import Lobby
from tests.e2e.conftest import Enter, Start, a_guest
from tests.support.wait import eventually

QUICK = {"MAOGA_LOBBY_COUNTDOWN_S": "1", "MAOGA_LOBBY_READY_CHECK_S": "2"}


async def ask(player: MaogaClient, event: str, **payload: Any) -> Any:
    call: Any = player.call
    return await call("lobby", event, payload)


async def a_lobby(host: MaogaClient, *members: MaogaClient, **settings: Any) -> Lobby:
    """A public lobby in two teams, which the members have joined by its code."""
    public = {"visibility": "public", "allowSpectators": True, **settings}
    lobby = await ask(host, "create", gameId="valorant", mode="competitive", settings=public, capacity={"min": 2})
    for member in members:
        lobby = await ask(member, "join", joinCode=lobby["settings"]["joinCode"])
    return await up_to_date(host, *members)


async def up_to_date(*members: MaogaClient) -> Lobby:
    """What all members have made of the events, which is what the server says."""
    lobby = await members[0].sync()
    for member in members:
        await eventually(lambda member=member: member.lobby == lobby, timeout=20)  # type: ignore[misc]
    return lobby


async def refusal(player: MaogaClient, event: str, **payload: Any) -> str:
    with pytest.raises(MaogaError) as refused:
        await ask(player, event, **payload)
    return refused.value.code


async def test_friends_on_two_instances_make_a_lobby_and_play(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared, **QUICK), start(**shared, **QUICK)
    ann, bob, cid, eve = [await enter(url) for url in (a.url, b.url, a.url, b.url)]
    lobby = await a_lobby(ann, bob)
    (shown,) = (await ask(cid, "browse", gameId="valorant", mode="competitive"))["items"]
    assert (shown["id"], shown["players"], shown["hostId"]) == (lobby["id"], 2, ann.user_id)
    await ask(cid, "join", lobbyId=lobby["id"])
    joined = await ann.wait_for("member_joined", lambda event: event["member"]["userId"] == cid.user_id)
    assert joined.data["member"]["team"] == 1
    watched = await ask(eve, "spectate", lobbyId=lobby["id"])
    assert "joinCode" not in watched["settings"]
    await ask(ann, "update_settings", name="Friday", custom={"map": "ascent"}, autoStart=False)
    await ask(bob, "set_team", userId=bob.user_id, team=1)
    await ask(ann, "kick", userId=cid.user_id)
    kicked = await cid.wait_for("member_left", lambda event: event["userId"] == cid.user_id)
    assert kicked.data["reason"] == "kicked"
    assert cid.lobby is None
    assert await refusal(cid, "join", lobbyId=lobby["id"]) == "LOBBY_BANNED"
    assert await refusal(cid, "sync") == "NOT_IN_LOBBY"
    assert await refusal(bob, "kick", userId=ann.user_id) == "FORBIDDEN"
    await ask(ann, "transfer_host", userId=bob.user_id)
    changed = await up_to_date(ann, bob)
    assert (changed["name"], changed["hostId"], changed["settings"]["custom"]) == (
        "Friday",
        bob.user_id,
        {"map": "ascent"},
    )
    assert [member["team"] for member in changed["members"]] == [1, 1]
    await ask(bob, "ready_check")
    for player in (ann, bob):
        await player.set_ready()
    await eve.wait_for("lobby_ready")
    await bob.start()
    for player in (ann, bob, eve):
        await player.wait_for("lobby_started", timeout=20)
    playing = await up_to_date(ann, bob)
    assert playing["status"] == "active"
    seen = await eve.sync()
    await eventually(lambda: eve.watched == seen, timeout=20)
    assert {**playing, "settings": seen["settings"]} == seen
    assert eve.lobby is None


async def test_an_instance_is_killed_and_its_members_and_spectators_go_on_elsewhere(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    steady, doomed = start(**shared, MAOGA_GRACE_S="60"), start(**shared, MAOGA_ROLE="gateway")
    session, watching = await a_guest(steady.url), await a_guest(steady.url)
    ann, bob, eve = await enter(steady.url), await enter(doomed.url, session), await enter(doomed.url, watching)
    lobby = await a_lobby(ann, bob)
    await ask(eve, "spectate", lobbyId=lobby["id"])
    doomed.kill()
    await ask(ann, "update_settings", name="meanwhile")
    bob, eve = await enter(steady.url, session), await enter(steady.url, watching)
    await eventually(lambda: bob.lobby and bob.lobby["name"] == "meanwhile", timeout=20)
    await eventually(lambda: eve.watched and eve.watched["name"] == "meanwhile", timeout=20)
    await bob.set_ready()
    await ann.wait_for("member_ready", lambda event: event["userId"] == bob.user_id)
    await eve.wait_for("member_ready", lambda event: event["userId"] == bob.user_id)
    await up_to_date(ann, bob)


async def test_who_is_not_ready_in_time_is_out_and_an_unready_stops_the_countdown(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    slow = QUICK | {"MAOGA_LOBBY_COUNTDOWN_S": "30"}
    a, b = start(**shared, **slow), start(**shared, **slow)
    ann, bob, cid = [await enter(url) for url in (a.url, b.url, a.url)]
    await a_lobby(ann, bob, cid, removeUnready=True)
    asked = await ask(ann, "ready_check")
    assert "readyBy" in asked
    for player in (ann, bob):
        await player.set_ready()
    gone = await bob.wait_for("member_left", timeout=20)
    assert (gone.data["userId"], gone.data["reason"]) == (cid.user_id, "not_ready")
    await bob.wait_for("countdown_started", timeout=20)
    await bob.set_ready(False)
    await ann.wait_for("countdown_cancelled")
    forming = await up_to_date(ann, bob)
    assert (forming["status"], "startsAt" in forming) == ("forming", False)
    await ask(cid, "create", gameId="valorant", mode="custom")


async def test_a_gateway_dies_before_anybody_hears_of_who_joined(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    steady = start(**shared, MAOGA_GRACE_S="60")
    doomed = start(**shared, MAOGA_ROLE="gateway", MAOGA_FAULT_POINT="lobby_changed")
    session = await a_guest(steady.url)
    ann, bob = await enter(steady.url), await enter(doomed.url, session)
    lobby = await a_lobby(ann)
    last_words = asyncio.create_task(ask(bob, "join", joinCode=lobby["settings"]["joinCode"]))
    await eventually(lambda: doomed.process.poll() is not None, timeout=20)
    last_words.cancel()
    joined = await ann.wait_for("member_joined", timeout=20)
    assert joined.data["member"]["userId"] == bob.user_id
    said = await ann.wait_for("message", timeout=20)
    assert said.data["system"] == {"type": "member_joined", "userId": bob.user_id}
    bob = await enter(steady.url, session)
    await up_to_date(ann, bob)
