"""Invitations and game servers over real sockets: friends on two instances, one of them offline, play on one server."""

from typing import Any

import pytest

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from tests.e2e.conftest import Enter, Start, a_guest
from tests.support.allocator import CONNECTION, SECRET, game_servers
from tests.support.wait import eventually


async def ask(player: MaogaClient, event: str, namespace: str = "lobby", **payload: Any) -> Any:
    call: Any = player.call
    return await call(namespace, event, payload)


async def test_invited_friends_meet_on_two_instances_and_are_sent_to_one_game_server(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    async with game_servers(503) as servers:  # the first attempt fails
        allocator = {"MAOGA_ALLOCATOR_URL": servers.url, "MAOGA_ALLOCATOR_SECRET": SECRET}
        settings = shared | allocator | {"MAOGA_LOBBY_COUNTDOWN_S": "0.2"}
        a, b = start(**settings), start(**settings)
        offline = await a_guest(a.url)
        ann, bob, eve = await enter(a.url), await enter(b.url), await enter(b.url)
        made = await ask(ann, "create", gameId="rocket-league", mode="casual", settings={"allowSpectators": True})
        with pytest.raises(MaogaError, match="NOT_FOUND"):
            await ask(bob, "join", lobbyId=made["id"])
        for user_id in (bob.user_id, offline.user["id"]):
            await ask(ann, "invite", userId=user_id)
        invited = await bob.wait_for("lobby_invited")
        assert (invited.data["fromUserId"], invited.data["lobby"]["id"]) == (ann.user_id, made["id"])
        note: Any = (await bob.wait_for("notification")).data
        assert (note["type"], note["data"]["lobbyId"]) == ("lobby_invite", made["id"])
        assert "joinCode" not in str(invited.data)
        cid = await enter(b.url, offline)
        (held,) = await ask(cid, "invites")
        assert held["lobby"]["id"] == made["id"]
        await ask(cid, "decline_invite", lobbyId=made["id"])
        assert await ask(cid, "invites") == []
        for friend in (bob, cid):
            await ask(friend, "join", lobbyId=made["id"])
        await ask(ann, "invite", userId=eve.user_id)
        watched = await ask(eve, "spectate", lobbyId=made["id"])
        assert "joinCode" not in watched["settings"]
        for player in (ann, bob, cid):
            await ask(player, "set_ready", ready=True)
        for player in (ann, bob, cid):
            started = await player.wait_for("lobby_started", timeout=20)
            assert started.data["connection"] == CONNECTION
            assert (await player.sync())["connection"] == CONNECTION
        assert "connection" not in (await eve.wait_for("lobby_started")).data
        assert "connection" not in await ask(eve, "sync")
        assert [request.headers["Idempotency-Key"] for request, _ in servers.requests] == [made["id"]] * 2


@pytest.mark.long  # a dead worker's job is another's after ten seconds
async def test_a_worker_that_is_killed_while_it_asks_leaves_the_lobby_to_another(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    """The game server of the dead worker's attempt is the one that the next attempt is given."""
    async with game_servers() as servers:
        settings = shared | {"MAOGA_ALLOCATOR_URL": servers.url, "MAOGA_ALLOCATOR_SECRET": SECRET}
        settings |= {"MAOGA_LOBBY_COUNTDOWN_S": "0.2"}
        gateway = start(**settings, MAOGA_ROLE="gateway")
        doomed = start(**settings, MAOGA_ROLE="worker", MAOGA_FAULT_POINT="allocated")
        ann, bob = await enter(gateway.url), await enter(gateway.url)
        made = await ask(ann, "create", gameId="rocket-league", mode="casual", settings={"visibility": "public"})
        await ask(bob, "join", lobbyId=made["id"])
        for player in (ann, bob):
            await ask(player, "set_ready", ready=True)
        await eventually(lambda: doomed.process.poll() is not None, timeout=20)
        assert (await ann.sync())["status"] == "countdown"
        start(**settings, MAOGA_ROLE="worker")
        for player in (ann, bob):
            started = await player.wait_for("lobby_started", timeout=30)
            assert started.data["connection"] == CONNECTION
        assert [request.headers["Idempotency-Key"] for request, _ in servers.requests] == [made["id"]] * 2
