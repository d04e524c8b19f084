"""What moderators and administrators do on one server counts on all of them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from clients.python.rest import MaogaRest
from tests.e2e.conftest import DUEL, Enter, Start, a_guest
from tests.e2e.staff import Caller, log_in, make_staff
from tests.support.wait import eventually

NAMESPACES = ["chat", "lobby", "matchmaking", "social"]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def two(
    start: Start, shared: dict[str, str], folder: Path, http: aiohttp.ClientSession
) -> tuple[str, str, Caller]:
    """Two servers, and an administrator who is logged in at the first."""
    await make_staff(folder, shared, ["admin"])
    a, b = start(**shared), start(**shared)
    return a.url, b.url, await log_in(a.url, http, "admin")


async def refusal(http: aiohttp.ClientSession, url: str, token: str) -> dict[str, object]:
    """What a CONNECT is refused with; empty when it is let in."""
    async with http.ws_connect(f"{url}/socket.io/?EIO=4&transport=websocket") as socket:
        await socket.receive(timeout=10)
        await socket.send_str("40/chat," + json.dumps({"token": token}))
        answer = (await socket.receive(timeout=10)).data
    return {} if answer.startswith("40") else dict(json.loads(answer.partition(",")[2])["data"])


async def test_a_suspension_on_one_server_cuts_its_player_off_on_the_other(
    start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    a, b, admin = await two(start, shared, tmp_path, http)
    session = await a_guest(b)
    ann, bob = await enter(b, session), await enter(a)
    kicked: list[str] = []
    ann.on("kicked", lambda event: kicked.append(event.data["reason"]))
    for player in (ann, bob):
        await player.enqueue(DUEL)
    await bob.wait_for("match_proposed", timeout=20)
    body = {"kind": "suspension", "reason": "vile words", "durationMs": 3_600_000}
    imposed = (await admin.call(a, "POST", f"/admin/users/{ann.user_id}/sanctions", body)).data
    await eventually(lambda: "suspended" in kicked)
    cancelled = (await bob.wait_for("match_cancelled")).data
    assert (cancelled["reason"], cancelled["requeued"]) == ("declined", True)
    details = {"until": imposed["until"]}
    suspended = {"code": "ACCOUNT_SUSPENDED", "details": details}

    async def said_why() -> bool:  # for a second it is TOKEN_REVOKED
        return await refusal(http, b, session.access_token) == suspended

    await eventually(said_why)
    at_rest = await Caller(http, ann.user_id, session.access_token).call(b, "GET", "/users/me")
    assert (at_rest.status, at_rest.code, at_rest.body["error"]["details"]) == (403, "ACCOUNT_SUSPENDED", details)
    detail = (await admin.call(b, "GET", f"/admin/users/{ann.user_id}")).data
    assert (detail["account"]["status"], detail["connections"]) == ("suspended", 0)
    assert "ticketId" not in detail
    await admin.call(b, "POST", f"/admin/sanctions/{imposed['id']}/lift", {"reason": "a mistake"})

    async def let_in_again() -> bool:
        return await refusal(http, a, session.access_token) == {"code": "TOKEN_REVOKED"}

    await eventually(let_in_again)  # the account is; that session was ended


async def test_maintenance_holds_everybody_off_everywhere_but_administrators(
    start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    a, b, admin = await two(start, shared, tmp_path, http)
    session = await a_guest(b)
    player, inside = Caller(http, session.user_id, session.access_token), await enter(b)
    switch = {"enabled": True, "message": "Back at noon.", "retryInMs": 5000}
    await admin.call(a, "PUT", "/admin/flags/maintenance", switch)

    async def refused() -> bool:
        return (await player.call(b, "POST", "/reports", {})).status == 503

    await eventually(refused)
    answer = await player.call(b, "POST", "/blocks", {"userId": admin.user_id})
    assert (answer.code, answer.headers["Retry-After"]) == ("MAINTENANCE", "5")
    assert answer.body["error"]["message"] == "Back at noon."
    assert await refusal(http, b, session.access_token) == {"code": "MAINTENANCE", "details": {"retryInMs": 5000}}
    async with MaogaRest(b, http) as rest:
        with pytest.raises(MaogaError, match="MAINTENANCE"):
            await rest.guest()
    assert (await player.call(b, "GET", "/users/me")).status == 200
    await inside.call("matchmaking", "ping")  # who is here may stay
    again = await log_in(b, http, "admin")
    assert await refusal(http, b, again.token) == {}
    assert (await again.call(b, "PUT", "/admin/flags/maintenance", {"enabled": False})).data == []

    async def open_again() -> bool:
        return await refusal(http, a, session.access_token) == {}

    await eventually(open_again)


async def test_what_is_said_and_switched_on_one_server_reaches_the_other(
    start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    a, b, admin = await two(start, shared, tmp_path, http)
    players = [await enter(a), await enter(b)]
    await _broadcast(admin, a, players)
    assert len((await admin.call(b, "GET", "/admin/sockets")).data["instances"]) == 2
    await admin.call(a, "PUT", "/admin/queues/rocket-league", {"mode": "casual", "enabled": False})
    await eventually(lambda: _enqueued(players[1], "QUEUE_DISABLED"))
    assert [queue["enabled"] for queue in (await admin.call(b, "GET", "/admin/queues")).data] == [False]
    channel = (await players[1].call("chat", "create_group", {"name": "Us", "userIds": []}))["id"]
    await players[1].send(channel, "one")
    mute = {"kind": "mute", "reason": "so"}
    await admin.call(a, "POST", f"/admin/users/{players[1].user_id}/sanctions", mute)
    await eventually(lambda: _silenced(players[1], channel))

    async def in_all_four() -> bool:  # a beat after it came
        of_one = (await admin.call(b, "GET", f"/admin/users/{players[0].user_id}/sockets")).data
        return [sorted(one["namespaces"]) for one in of_one["connections"]] == [NAMESPACES]

    await eventually(in_all_four, timeout=15)


async def _broadcast(admin: Caller, url: str, players: list[MaogaClient]) -> None:
    """What an administrator says is heard by all players, once in each namespace."""
    heard: list[list[object]] = [[] for _ in players]

    def listen(player: MaogaClient, told: list[object]) -> None:
        player.on("announcement", lambda event: told.append(event.data))

    for player, told in zip(players, heard, strict=True):
        listen(player, told)
    said = {"title": "Soon", "body": "We restart at noon."}
    sent = await admin.call(url, "POST", "/admin/broadcast", said)
    assert sent.status == 202
    await eventually(lambda: all(len(told) == len(NAMESPACES) for told in heard))
    assert [event for told in heard for event in told] == [{**said, "id": sent.data["id"]}] * 8


async def _enqueued(player: MaogaClient, code: str) -> bool:
    """Whether `enqueue` answers that code; a ticket that it makes is cancelled."""
    try:
        await player.cancel((await player.enqueue(DUEL))["id"])
    except MaogaError as error:
        return error.code == code
    return False


async def _silenced(player: MaogaClient, channel: str) -> bool:
    try:
        await player.send(channel, "more")
    except MaogaError as error:
        return error.code == "MUTED"
    return False


async def test_a_report_goes_from_the_player_to_the_verdict(
    start: Start, enter: Enter, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    storage = {"MAOGA_DATABASE_URL": f"sqlite:///{tmp_path}/maoga.db"}
    await make_staff(tmp_path, storage, ["moderator"])
    url = start(**storage).url
    session, bad = await a_guest(url), await enter(url)
    reporter, ann = Caller(http, session.user_id, session.access_token), await enter(url, session)
    lobby = await bad.call(
        "lobby", "create", {"gameId": "rocket-league", "mode": "custom", "settings": {"visibility": "public"}}
    )
    await ann.call("lobby", "join", {"lobbyId": lobby["id"]})
    message = await bad.send(lobby["chatId"], "something vile")
    body = {
        "userId": bad.user_id,
        "reason": "harassment",
        "evidence": [{"messageId": message["id"]}, {"lobbyId": lobby["id"]}],
    }
    made = await reporter.call(url, "POST", "/reports", body)
    assert (made.status, made.data["status"], made.data["evidence"]) == (201, "open", 2)
    moderator = await log_in(url, http, "moderator")
    (case,) = (await moderator.call(url, "GET", "/admin/reports")).data
    assert (
        await moderator.call(url, "POST", f"/admin/reports/{case['id']}/assign", {"assigneeId": moderator.user_id})
    ).data
    assert (await moderator.call(url, "POST", f"/admin/reports/{case['id']}/notes", {"text": "clear"})).data["notes"]
    verdict = {"action": "ban", "reason": "Vile words.", "durationMs": 60_000}
    resolved = (await moderator.call(url, "POST", f"/admin/reports/{case['id']}/resolve", verdict)).data
    assert (resolved["status"], resolved["sanctions"][0]["kind"]) == ("resolved", "ban")
    left = (await ann.wait_for("member_left")).data
    assert (left["userId"], left["reason"]) == (bad.user_id, "banned")
    told: Any = (await ann.wait_for("notification")).data
    assert (told["type"], told["data"]["reportId"]) == ("report_outcome", made.data["id"])
    (mine,) = (await reporter.call(url, "GET", "/reports/mine")).data
    assert (mine["status"], mine["outcome"]) == ("resolved", "action")
    assert (await moderator.call(url, "GET", "/admin/audit")).code == "FORBIDDEN"


async def test_the_export_is_streamed_to_administrators(
    start: Start, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    storage = {"MAOGA_DATABASE_URL": f"sqlite:///{tmp_path}/maoga.db"}
    await make_staff(tmp_path, storage, ["admin", "moderator"])
    url = start(**storage).url
    admin = await log_in(url, http, "admin")
    answer = await admin.call(url, "GET", "/admin/users/export?format=ndjson")
    assert [json.loads(line)["username"] for line in answer.body.splitlines()] == ["admin", "moderator"]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="users.ndjson"'
    assert answer.headers["Transfer-Encoding"] == "chunked"
    (entry,) = (await admin.call(url, "GET", "/admin/audit?action=users.exported&page=1")).data
    assert (entry["actor"]["id"], entry["actor"]["address"]) == (admin.user_id, "127.0.0.1")
