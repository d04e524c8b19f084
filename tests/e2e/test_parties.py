"""Parties over real sockets: friends on two instances gather, search and play as one."""

import asyncio
from typing import Any

import pytest

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from clients.python.types import Criteria, Party
from tests.e2e.conftest import Enter, Start, a_guest, accept_all
from tests.support.wait import eventually


def two_against_two(*party: MaogaClient) -> Criteria:
    """With these friends."""
    return {
        "games": [{"gameId": "rocket-league"}],
        "mode": "competitive",
        "skillPreference": "any",
        "party": [friend.user_id for friend in party],
    }


async def ask(player: MaogaClient, event: str, **payload: Any) -> Any:
    call: Any = player.call
    return await call("matchmaking", event, payload)


async def a_party(leader: MaogaClient, *friends: MaogaClient) -> Party:
    """The first friend comes by invitation, the others by the code; everybody has heard of everybody."""
    party: Party = await ask(leader, "party_create")
    if friends:
        await ask(leader, "party_invite", userId=friends[0].user_id)
        invited = await friends[0].wait_for("party_invited")
        assert (leader.user_id, party["id"]) == (invited.data["fromUserId"], invited.data["party"]["id"])
        await ask(friends[0], "party_join", partyId=party["id"])
    for friend in friends[1:]:
        await ask(friend, "party_join", joinCode=party["joinCode"].lower())
    everybody = [player.user_id for player in (leader, *friends)]
    for player in (leader, *friends):
        told = await player.wait_for("party_updated", lambda data: members(data) == everybody)
        assert told.data == await ask(player, "party_sync")
    return party


def members(party: Any) -> list[str]:
    return [member["userId"] for member in party["members"]]


def standing(party: Any) -> list[tuple[str, str]]:
    return [(member["userId"], member["connection"]) for member in party["members"]]


async def test_friends_on_two_instances_search_as_one_and_play_on_one_team(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared), start(**shared)
    ann, bob, cid, dan = [await enter(url) for url in (a.url, b.url, a.url, b.url)]
    await a_party(ann, bob)
    with pytest.raises(MaogaError, match="PARTY_MISMATCH"):
        await ann.enqueue(two_against_two())
    with pytest.raises(MaogaError, match="NOT_PARTY_LEADER"):
        await bob.enqueue(two_against_two(ann))
    ours = await ann.enqueue(two_against_two(bob))
    shown = await bob.wait_for("ticket_updated", lambda ticket: ticket["id"] == ours["id"])
    assert shown.data["partyIds"] == [ann.user_id, bob.user_id]
    for stranger in (cid, dan):
        await stranger.enqueue(two_against_two())
    lobby = await accept_all(ann, bob, cid, dan)
    team_of = {member["userId"]: member["team"] for member in lobby["members"]}
    assert team_of[ann.user_id] == team_of[bob.user_id] != team_of[cid.user_id] == team_of[dan.user_id]
    assert members(await ask(bob, "party_sync")) == [ann.user_id, bob.user_id]


async def test_any_member_cancels_the_search_and_a_leader_who_stays_away_is_succeeded(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    quick = shared | {"MAOGA_GRACE_S": "2"}
    a, b = start(**quick), start(**quick)
    session = await a_guest(a.url)
    ann, bob, cid = await enter(a.url, session), await enter(b.url), await enter(b.url)
    await a_party(ann, bob, cid)
    with pytest.raises(MaogaError, match="VALIDATION_ERROR"):
        await ann.enqueue(two_against_two(bob, cid))
    await ask(ann, "party_kick", userId=cid.user_id)
    assert (await cid.wait_for("party_left")).data["reason"] == "kicked"
    ticket = await ann.enqueue(two_against_two(bob))
    await asyncio.gather(
        bob.cancel(ticket["id"]),
        ann.wait_for("ticket_updated", lambda data: (data["id"], data["status"]) == (ticket["id"], "cancelled")),
    )
    ticket = await ann.enqueue(two_against_two(bob))
    await ann.close()
    away = [(ann.user_id, "grace"), (bob.user_id, "connected")]
    await bob.wait_for("party_updated", lambda party: standing(party) == away, timeout=20)
    alone = await bob.wait_for("party_updated", lambda party: members(party) == [bob.user_id], timeout=20)
    assert alone.data["leaderId"] == bob.user_id
    assert await bob.status() is None
    ann = await enter(b.url, session)
    assert await ask(ann, "party_sync") is None
    await ask(ann, "party_join", joinCode=alone.data["joinCode"])
    await bob.enqueue(two_against_two(ann))
    mine = await ann.status()
    assert mine is not None
    assert mine["userId"] == bob.user_id


async def test_a_gateway_dies_before_anybody_hears_of_a_friend_who_joined_the_search(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    steady = start(**shared, MAOGA_GRACE_S="60")
    doomed = start(**shared, MAOGA_ROLE="gateway", MAOGA_FAULT_POINT="party_changed")
    session = await a_guest(steady.url)
    ann, bob = await enter(steady.url), await enter(doomed.url, session)
    party = await a_party(ann)
    ticket = await ann.enqueue(two_against_two())
    last_words = asyncio.create_task(ask(bob, "party_join", joinCode=party["joinCode"]))
    await eventually(lambda: doomed.process.poll() is not None, timeout=10)
    last_words.cancel()
    together = [ann.user_id, session.user["id"]]
    await ann.wait_for("party_updated", lambda data: members(data) == together, timeout=20)
    bob = await enter(steady.url, session)
    assert members(await ask(bob, "party_sync")) == together
    mine = await bob.status()
    assert mine is not None
    assert (ticket["id"], together) == (mine["id"], mine["partyIds"])
    assert (await bob.cancel(ticket["id"]))["status"] == "cancelled"
