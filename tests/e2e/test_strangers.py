"""What others have is nobody's business: an answer does not tell whether there is such a thing at all."""

from typing import Any

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from domain.core.ids import new_id
from tests.e2e.conftest import DUEL, Enter, Start, accept_all


async def refusal(player: MaogaClient, event: str, data: dict[str, Any]) -> tuple[str, str, Any]:
    """What the player is refused an event with."""
    call: Any = player.call
    try:
        await call("matchmaking", event, data)
    except MaogaError as error:
        return error.code, str(error), error.details
    raise AssertionError(f"{event} was not refused")


async def test_what_is_there_and_what_is_not_are_refused_alike(start: Start, enter: Enter) -> None:
    url = start().url
    ann, bob, cat, eve = [await enter(url) for _ in range(4)]
    for player in (ann, bob):
        await player.enqueue(DUEL)
    lobby = await accept_all(ann, bob)
    ticket = await cat.enqueue({**DUEL, "games": [{"gameId": "apex"}]})
    party = await cat.call("matchmaking", "party_create")
    places = [[ann.user_id], [bob.user_id]]
    for event, field, id, more in (
        ("cancel", "ticketId", ticket["id"], {}),
        ("accept", "matchId", lobby["id"], {}),
        ("decline", "matchId", lobby["id"], {}),
        ("backfill", "lobbyId", lobby["id"], {}),
        ("report_result", "matchId", lobby["id"], {"result": {"places": places}}),
        ("report_result", "matchId", lobby["id"], {"result": {"places": [[eve.user_id]]}}),
        ("party_join", "partyId", party["id"], {}),
        ("party_decline", "partyId", party["id"], {}),
    ):
        found = await refusal(eve, event, {field: id, **more})
        assert found == await refusal(eve, event, {field: new_id(), **more}), event
        assert found[0] == "NOT_FOUND"
    waiting = await cat.status()
    assert waiting is not None
    assert waiting["status"] == "queued"
    assert (await ann.sync())["members"] == lobby["members"]


async def test_who_was_kicked_can_do_nothing_any_more(start: Start, enter: Enter) -> None:
    url = start().url
    ann, bob, eve = [await enter(url) for _ in range(3)]
    code = (await ann.call("matchmaking", "party_create"))["joinCode"]
    for player in (bob, eve):
        party = await player.call("matchmaking", "party_join", {"joinCode": code})
    criteria: Any = {"games": [{"gameId": "rocket-league"}], "mode": "ranked", "party": [bob.user_id, eve.user_id]}
    assert (await refusal(eve, "enqueue", criteria))[0] == "NOT_PARTY_LEADER"
    ticket = await ann.enqueue(criteria)
    await ann.call("matchmaking", "party_kick", {"userId": eve.user_id})
    for event, data, refused in (
        ("cancel", {"ticketId": ticket["id"]}, "NOT_FOUND"),
        ("party_join", {"joinCode": code}, "NOT_FOUND"),
        ("party_join", {"partyId": party["id"]}, "NOT_FOUND"),
        ("party_invite", {"userId": eve.user_id}, "NOT_IN_PARTY"),
        ("party_kick", {"userId": bob.user_id}, "NOT_IN_PARTY"),
        ("party_promote", {"userId": eve.user_id}, "NOT_IN_PARTY"),
        ("party_leave", {}, "NOT_IN_PARTY"),
    ):
        assert (await refusal(eve, event, data))[0] == refused, event
    assert await eve.status() is None
    assert await eve.call("matchmaking", "party_sync") is None
    waiting = await bob.status()
    assert waiting is not None
    assert waiting["partyIds"] == [ann.user_id, bob.user_id]
