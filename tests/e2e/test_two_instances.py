"""Two server processes on real MongoDB and Redis: players on different ones notice nothing."""

import asyncio

import pytest

from clients.python.errors import MaogaError
from clients.python.rest import MaogaRest
from tests.e2e.conftest import DUEL, Enter, Start, a_guest, accept_all, meet
from tests.support.wait import eventually


async def test_players_on_different_instances_meet_talk_and_start(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared), start(**shared)
    ann, bob = await enter(a.url), await enter(b.url)
    lobby = await meet(ann, bob)
    said = [await ann.send(lobby["chatId"], "hi"), await bob.send(lobby["chatId"], "hello")]
    assert [message["seq"] for message in said] == [1, 2]
    for player in (ann, bob):
        heard = [(await player.wait_for("message")).data for _ in said]
        assert said == heard
    await ann.set_ready()
    readiness = await bob.wait_for("member_ready")
    assert (ann.user_id, True) == (readiness.data["userId"], readiness.data["ready"])
    assert f"lobby:{lobby['id']}" == readiness.meta["stream"]
    await bob.set_ready()
    for player in (ann, bob):
        await player.wait_for("lobby_started")
    assert "active" == (await ann.sync())["status"] == (await bob.sync())["status"]
    assert ann.lobby == bob.lobby == await ann.sync()


async def test_players_on_different_instances_meet_over_a_redis_cluster(
    start: Start, enter: Enter, shared: dict[str, str], cluster_url: str
) -> None:
    clustered = shared | {"MAOGA_REDIS_URL": cluster_url}
    a, b = start(**clustered), start(**clustered)
    ann, bob = await enter(a.url), await enter(b.url)
    lobby = await meet(ann, bob)
    await ann.send(lobby["chatId"], "hi")
    await bob.wait_for("message")
    for player in (ann, bob):
        await player.set_ready()
    for player in (ann, bob):
        await player.wait_for("lobby_started")


async def test_who_leaves_hears_no_more_on_any_instance(start: Start, enter: Enter, shared: dict[str, str]) -> None:
    a, b = start(**shared), start(**shared)
    ann, bob = await enter(a.url), await enter(b.url)
    lobby = await meet(ann, bob)
    await bob.leave()
    left = await ann.wait_for("member_left")
    assert (bob.user_id, "left") == (left.data["userId"], left.data["reason"])
    await ann.wait_for("channel_updated", lambda channel: channel["memberIds"] == [ann.user_id])
    await ann.send(lobby["chatId"], "alone")
    with pytest.raises(MaogaError, match="NOT_FOUND"):
        await bob.send(lobby["chatId"], "me too")
    with pytest.raises(TimeoutError):
        await bob.wait_for("message", timeout=0.5)


async def test_a_decline_on_one_instance_requeues_the_player_on_the_other(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared), start(**shared)
    ann, bob = await enter(a.url), await enter(b.url)
    for player in (ann, bob):
        await player.enqueue(DUEL)
    match_id = (await ann.wait_for("match_proposed")).data["match"]["id"]
    await bob.wait_for("match_proposed")
    await bob.decline(match_id)
    cancelled = await ann.wait_for("match_cancelled")
    assert (cancelled.data["reason"], cancelled.data["requeued"]) == ("declined", True)
    await bob.enqueue(DUEL)
    await accept_all(ann, bob)


async def test_a_player_of_a_killed_instance_comes_back_on_the_other_and_finds_everything(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared), start(**shared)
    session = await a_guest(a.url)
    ann, bob = await enter(a.url, session), await enter(b.url)
    lobby = await meet(ann, bob)
    said = await ann.send(lobby["chatId"], "before the crash")
    a.kill()
    while_away = await bob.send(lobby["chatId"], "are you there?")
    await bob.wait_for("member_connection", lambda event: event["connection"] == "grace", timeout=20)
    ann = await enter(b.url, session)
    await bob.wait_for("member_connection", lambda event: event["connection"] == "connected")
    assert [said, while_away] == (await ann.history(lobby["chatId"]))["messages"]
    await asyncio.gather(ann.set_ready(), bob.set_ready())
    for player in (ann, bob):
        await player.wait_for("lobby_started")


async def test_a_logout_on_one_instance_cuts_the_connection_on_the_other(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared), start(**shared)
    session = await a_guest(a.url)
    ann = await enter(b.url, session)
    kicked: list[str] = []
    ann.on("kicked", lambda event: kicked.append(event.data["reason"]))
    async with MaogaRest(a.url) as rest:
        await rest.logout(session.access_token)
    await eventually(lambda: "logged_out" in kicked)
    with pytest.raises(MaogaError):
        await ann.status()
