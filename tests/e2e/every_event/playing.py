"""Acts about playing: a party, a match from the search to its result, and a lobby that players make."""

from typing import Any

from tests.e2e.every_event.players import Player, World

TRIO = {"games": [{"gameId": "rocket-league"}], "mode": "casual", "groupSize": {"min": 3, "max": 3}}
ALONE = {"games": [{"gameId": "apex"}], "mode": "casual"}


def members(group: Any) -> list[str]:
    """The ids of the members of a party or a lobby."""
    return [member["userId"] for member in group["members"]]


async def party(world: World) -> None:
    """Ann invites two; one comes, and throws her out."""
    ann, bob, cid = await world.guests(0, 1, 1)
    founded = await ann.call("matchmaking", "party_create")
    for friend in (bob, cid):
        await ann.call("matchmaking", "party_invite", userId=friend.id)
        invited = await friend.hears("matchmaking", "party_invited", fromUserId=ann.id)
        assert invited["party"]["id"] == founded["id"]
    await bob.call("matchmaking", "party_join", partyId=founded["id"])
    await ann.hears("matchmaking", "party_updated", lambda party: members(party) == [ann.id, bob.id])
    await cid.call("matchmaking", "party_decline", partyId=founded["id"])
    await ann.call("matchmaking", "party_promote", userId=bob.id)
    await bob.hears("matchmaking", "party_updated", leaderId=bob.id)
    assert (await bob.call("matchmaking", "party_sync"))["leaderId"] == bob.id
    await bob.call("matchmaking", "party_kick", userId=ann.id)
    await ann.hears("matchmaking", "party_left", reason="kicked")
    await bob.call("matchmaking", "party_leave")
    await bob.hears("matchmaking", "party_left", reason="left")


async def match(world: World) -> None:
    """Three look for each other, one declines at first; they play, one leaves early. A fourth finds nobody."""
    ann, bob, cid, dan = players = await world.guests(0, 1, 1, 0)
    unlucky = await dan.call("matchmaking", "enqueue", **ALONE)
    await changes_her_mind(ann)
    trio = players[:3]
    for player in trio:
        await player.call("matchmaking", "enqueue", **TRIO)
    proposed = (await cid.hears("matchmaking", "match_proposed"))["match"]["id"]
    await cid.call("matchmaking", "decline", matchId=proposed)
    for player in (ann, bob):
        await player.hears("matchmaking", "match_proposed", lambda told: told["match"]["id"] == proposed)
        await player.hears("matchmaking", "match_cancelled", matchId=proposed, reason="declined", requeued=True)
    await cid.call("matchmaking", "enqueue", **TRIO)
    match_id, lobby_id = await accept(*trio)
    stayed = await play(lobby_id, *trio)
    for player in trio:
        places = [[one.id] for one in trio]
        await player.call("matchmaking", "report_result", matchId=match_id, result={"places": places})
    for player in trio:
        await player.hears("matchmaking", "match_result", lambda told: told["match"]["id"] == match_id)
    for player in stayed:
        await player.hears("lobby", "lobby_closed", lobbyId=lobby_id, reason="finished")
    met = await ann.call("social", "recent_players")
    assert {other["userId"] for other in met["items"]} == {bob.id, cid.id}
    await dan.hears("matchmaking", "ticket_expired", ticketId=unlucky["id"])


async def changes_her_mind(player: Player) -> None:
    """A player searches, and stops."""
    ticket = await player.call("matchmaking", "enqueue", **TRIO)
    assert (await player.call("matchmaking", "status"))["id"] == ticket["id"]
    await player.call("matchmaking", "cancel", ticketId=ticket["id"])
    await player.hears("matchmaking", "ticket_updated", id=ticket["id"], status="cancelled")


async def accept(*players: Player) -> tuple[str, str]:
    """All accept the match that is proposed; its id, and its lobby's."""
    proposals = [await player.hears("matchmaking", "match_proposed") for player in players]
    (match_id,) = {proposal["match"]["id"] for proposal in proposals}
    for player in players:
        await player.call("matchmaking", "accept", matchId=match_id)
    for player in players:
        await player.hears("matchmaking", "match_accepted", matchId=match_id, userId=players[0].id)
        confirmed = await player.hears("matchmaking", "match_confirmed")
    return match_id, confirmed["lobbyId"]


async def play(lobby_id: str, *players: Player) -> list[Player]:
    """The game begins; a player leaves it, and the host asks for another one. Nobody comes; those who have stayed."""
    lobby = await players[0].call("lobby", "sync")
    assert (lobby["id"], lobby["status"]) == (lobby_id, "forming")
    for player in players:
        await player.call("lobby", "set_ready", ready=True)
    for player in players:
        await player.hears("lobby", "lobby_started", lobbyId=lobby_id)
    host = next(player for player in players if player.id == lobby["hostId"])
    leaver = next(player for player in players if player is not host)
    await leaver.call("lobby", "leave")
    await host.hears("lobby", "member_left", userId=leaver.id, reason="left")
    opening = await host.call("matchmaking", "backfill", lobbyId=lobby_id)
    assert opening["status"] == "queued"
    return [player for player in players if player is not leaver]


async def lobby(world: World) -> None:
    """Ann's lobby from its beginning to its end, watched by Eve."""
    ann, bob, cid, eve = await world.guests(0, 1, 0, 1)
    opened = await ann.call(
        "lobby",
        "create",
        gameId="overwatch-2",
        mode="competitive",
        capacity={"min": 2},
        settings={"visibility": "public", "allowSpectators": True, "autoStart": False},
    )
    id = opened["id"]
    await come_and_go(id, ann, bob, cid, eve)
    await arrange(id, ann, bob, eve)
    bob = await lose_and_find(world, id, bob, ann, eve)
    await get_ready_and_start(id, ann, bob, eve)
    for player in (ann, bob):
        await player.call("lobby", "leave")
    for event in ("host_changed", "member_left", "lobby_closed"):
        await eve.hears("lobby", event, lobbyId=id)


async def come_and_go(id: str, ann: Player, bob: Player, cid: Player, eve: Player) -> None:
    """Eve watches; Cid watches, is invited, comes, and is kicked; Bob stays."""
    await watch(id, eve)
    await watch(id, cid)
    await cid.call("lobby", "leave")
    for player in (ann, eve):
        await player.hears("lobby", "spectator_joined", userId=cid.id)
        await player.hears("lobby", "spectator_left", userId=cid.id, reason="left")
    await ann.call("lobby", "invite", userId=cid.id)
    await cid.hears("lobby", "lobby_invited", lambda told: told["lobby"]["id"] == id)
    assert [one["lobby"]["id"] for one in await cid.call("lobby", "invites")] == [id]
    await cid.call("lobby", "decline_invite", lobbyId=id)
    await come(id, cid, ann, eve)
    await come(id, bob, ann, eve, cid)
    await ann.call("lobby", "kick", userId=cid.id)
    for player in (ann, bob, eve):
        await player.hears("lobby", "member_left", userId=cid.id, reason="kicked")


async def watch(id: str, watcher: Player) -> None:
    """Somebody watches."""
    await watcher.call("lobby", "spectate", lobbyId=id)
    await watcher.hears("lobby", "lobby_updated", lambda lobby: watcher.id in lobby["spectators"])


async def come(id: str, newcomer: Player, *others: Player) -> None:
    """Somebody finds the lobby in the browser, and takes a place."""
    shown = await newcomer.call("lobby", "browse", gameId="overwatch-2")
    assert [one["id"] for one in shown["items"]] == [id]
    await newcomer.call("lobby", "join", lobbyId=id)
    await newcomer.hears("lobby", "lobby_updated", lambda lobby: newcomer.id in members(lobby))
    for other in others:
        await other.hears("lobby", "member_joined", lambda told: told["member"]["userId"] == newcomer.id)


async def arrange(id: str, ann: Player, bob: Player, eve: Player) -> None:
    """Teams, roles, settings, and who the host is."""
    await ann.call("lobby", "set_team", userId=bob.id, team=1)
    await bob.call("lobby", "set_role", userId=bob.id, role="tank")
    await ann.call("lobby", "update_settings", name="Friday")
    for player in (bob, eve):
        told = await player.hears("lobby", "lobby_updated", name="Friday")
        assert [(member["team"], member.get("role")) for member in told["members"]] == [(1, None), (1, "tank")]
    for old, new in ((ann, bob), (bob, ann)):
        await old.call("lobby", "transfer_host", userId=new.id)
        for player in (ann, bob, eve):
            await player.hears("lobby", "host_changed", lobbyId=id, hostId=new.id)


async def lose_and_find(world: World, id: str, lost: Player, *others: Player) -> Player:
    """A member loses the connection, and comes back on the other instance."""
    await lost.wire.close()
    for other in others:
        await other.hears("lobby", "member_connection", userId=lost.id, connection="grace")
    found = await world.enter(lost.session, 0)
    for other in others:
        await other.hears("lobby", "member_connection", userId=lost.id, connection="connected")
    assert (await found.call("lobby", "sync"))["id"] == id
    return found


async def get_ready_and_start(id: str, ann: Player, bob: Player, eve: Player) -> None:
    """Bob is not ready after all, twice."""
    everybody = (ann, bob, eve)
    assert "readyBy" in await ann.call("lobby", "ready_check")
    for player in (ann, bob):
        await player.call("lobby", "set_ready", ready=True)
        for other in everybody:
            await other.hears("lobby", "member_ready", userId=player.id, ready=True)
    for told in ("lobby_unready", "countdown_cancelled"):
        if told == "countdown_cancelled":
            await ann.call("lobby", "start")
        await bob.call("lobby", "set_ready", ready=False)
        for player in everybody:
            await player.hears("lobby", "lobby_ready", lobbyId=id)
            await player.hears("lobby", told, lobbyId=id)
        await bob.call("lobby", "set_ready", ready=True)
    await ann.call("lobby", "start")
    for _ in range(2):
        for player in everybody:
            await player.hears("lobby", "countdown_started", lobbyId=id)
    for player in everybody:
        await player.hears("lobby", "lobby_started", lobbyId=id)
