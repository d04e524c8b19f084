"""What the matrix is tried on: a lobby, a party, a match and more, their owners, and those who try their luck."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import aiohttp
import jwt

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from clients.python.rest import MaogaRest
from clients.python.session import Session
from tests.e2e.conftest import DUEL
from tests.support.accounts import PASSWORD
from tests.support.images import an_image

Role = Literal["stranger", "former", "blocked", "muted", "guest", "banned", "rival", "moderator", "admin"]
"""former: was a member of lobby and party, and has left both. blocked: by the host. muted: a member of the lobby who is
not its host; may do what any member may, but the host has muted them. guest: a stranger without an account.
banned: was kicked from the lobby. rival: the host of another lobby. moderator, admin: strangers with that role."""

ROLES: tuple[Role, ...] = get_args(Role)
STAFF: tuple[Literal["moderator", "admin"], ...] = ("moderator", "admin")
NEVER_MS = 4_000_000_000_000
OWNERS = ("host", "other", "one", "two", "waiting")


@dataclass(frozen=True)
class Scene:
    """What there is, and who tries it. lobby: private, of `host`, `other` and `muted`; party: of `host` and `other`.

    match: proposed to `one` and `two`. ticket: of `waiting`. notification: of `host`. group: of `host`, `other` and
    `muted`; `former` was in it. direct: of `host` and `other`. message, media: of `host`, in the group.
    """

    url: str
    players: dict[str, MaogaClient]
    sessions: dict[str, Session]
    http: aiohttp.ClientSession
    lobby: str
    chat: str
    party: str
    match: str
    ticket: str
    notification: str
    group: str
    direct: str
    message: str
    media: str

    def user(self, name: str) -> str:
        """The id of that player."""
        return self.players[name].user_id

    def session_id(self, name: str) -> str:
        """The id of that player's session."""
        return str(jwt.decode(self.sessions[name].access_token, options={"verify_signature": False})["sid"])

    def shows(self, answer: Any) -> bool:
        """Whether an answer has anything of the owners in it."""
        text = json.dumps(answer)
        channels = (self.chat, self.group, self.direct, self.media)
        ids = (self.lobby, self.party, self.match, self.ticket, self.notification, *channels)
        return any(id in text for id in ids)

    async def event(self, name: str, namespace: Any, event: str, data: dict[str, Any]) -> tuple[str | None, Any]:
        """What an event of that player comes to: an error code, or None and the data."""
        call: Any = self.players[name].call
        try:
            return None, await call(namespace, event, data)
        except MaogaError as error:
            return error.code, None

    async def request(
        self, name: str | None, method: str, path: str, body: dict[str, Any] | None
    ) -> tuple[str | None, Any]:
        """What a request of that player (None: of nobody) comes to: an error code, or None and the data."""
        headers = {"Authorization": f"Bearer {self.sessions[name].access_token}"} if name else {}
        url = f"{self.url}/api/v1{path}"
        async with self.http.request(method, url, json=body, headers=headers) as response:
            is_json = response.content_type == "application/json"
            answer: Any = await response.json() if is_json else {"data": await response.text()}
        return answer.get("error", {}).get("code"), answer.get("data")

    async def state(self) -> dict[str, Any]:
        """All that the owners have, as they see it."""
        host = self.players["host"]
        return {
            "lobby": await host.sync(),
            "channels": await host.call("chat", "channels"),
            "messages": [
                await host.call("chat", "history", {"channelId": id}) for id in (self.chat, self.group, self.direct)
            ],
            "party": await host.call("matchmaking", "party_sync"),
            "notifications": await host.call("social", "notifications"),
            "friends": await host.call("social", "friends"),
            "requests": await host.call("social", "friend_requests"),
            "blocks": await host.call("social", "blocks"),
            "privacy": await host.call("social", "privacy"),
            "proposed": _steady(await self.players["one"].status()),
            "waiting": _steady(await self.players["waiting"].status()),
        }


Join = Callable[[str, Session], Awaitable[MaogaClient]]


async def a_scene(url: str, enter: Join, http: aiohttp.ClientSession) -> Scene:
    """Everybody is there, and everything is as `Scene` says."""
    sessions: dict[str, Session] = {}
    async with MaogaRest(url, http) as rest:
        for name in (*OWNERS, *ROLES):
            sessions[name] = await _account(rest, name)
    players = {name: await enter(url, session) for name, session in sessions.items()}
    host = players["host"]
    settings = {"visibility": "private", "autoStart": False}
    lobby: Any = await _custom_lobby(host, settings=settings, capacity={"min": 2, "max": 8})
    for name in ("other", "former", "muted", "banned"):
        await players[name].call("lobby", "join", {"joinCode": lobby["settings"]["joinCode"]})
    await players["former"].leave()
    await host.call("lobby", "kick", {"userId": players["banned"].user_id})
    party = await host.call("matchmaking", "party_create")
    for name in ("other", "former"):
        await players[name].call("matchmaking", "party_join", {"joinCode": party["joinCode"]})
    await players["former"].call("matchmaking", "party_leave")
    await _custom_lobby(players["rival"])
    await players["other"].call("social", "friend_request", {"userId": host.user_id})
    await host.call("social", "block", {"userId": players["blocked"].user_id})
    ticket = await players["waiting"].enqueue({**DUEL, "games": [{"gameId": "apex"}]})
    for name in ("one", "two"):
        await players[name].enqueue(DUEL)
    match = (await players["one"].wait_for("match_proposed", timeout=20)).data["match"]
    channels = await _channels(players, lobby["chatId"])
    notifications: Any = await host.call("social", "notifications")
    return Scene(
        url=url,
        players=players,
        sessions=sessions,
        http=http,
        lobby=lobby["id"],
        chat=lobby["chatId"],
        party=party["id"],
        match=match["id"],
        ticket=ticket["id"],
        notification=notifications["items"][0]["id"],
        **channels,
        media=await _picture(url, sessions["host"], channels["group"], http),
    )


async def _account(rest: MaogaRest, name: str) -> Session:
    """The session of a new account, or of one of the staff, who were there before."""
    if name in STAFF:
        return await rest.login(name, PASSWORD)
    return await (rest.guest() if name == "guest" else rest.register(f"{name}@example.test", f"a-{name}", PASSWORD))


async def _channels(players: dict[str, MaogaClient], lobby: str) -> dict[str, str]:
    """A group with a message in it, and a direct channel; `muted` is muted in the group and in the lobby."""
    host = players["host"]
    for name in ("other", "former", "muted"):
        await players[name].call("social", "set_privacy", {"directMessages": "everyone"})
    members = [players[name].user_id for name in ("other", "former", "muted")]
    group = (await host.call("chat", "create_group", {"name": "Us", "userIds": members}))["id"]
    await host.call("chat", "remove_member", {"channelId": group, "userId": players["former"].user_id})
    message = await host.send(group, "secret")
    direct = await host.call("chat", "open_direct", {"userId": players["other"].user_id})
    await host.send(direct["id"], "more so")
    for channel in (group, lobby):
        muting: Any = {"channelId": channel, "userId": players["muted"].user_id, "mutedUntilMs": NEVER_MS}
        await host.call("chat", "moderate", muting)
    return {"group": group, "direct": direct["id"], "message": message["id"]}


async def _picture(url: str, session: Session, channel: str, http: aiohttp.ClientSession) -> str:
    """The id of an image that a player has uploaded."""
    form = aiohttp.FormData()
    form.add_field("file", an_image(), filename="a.png")
    headers = {"Authorization": f"Bearer {session.access_token}"}
    async with http.post(f"{url}/api/v1/chats/{channel}/media", data=form, headers=headers) as response:
        return str((await response.json())["data"]["id"])


async def _custom_lobby(host: MaogaClient, **fields: Any) -> Any:
    call: Any = host.call
    return await call("lobby", "create", {"gameId": "rocket-league", "mode": "custom", **fields})


def _steady(ticket: Any) -> Any:
    """A ticket without what changes while it waits."""
    return {name: ticket[name] for name in ("id", "status", "userId", "partyIds", "criteria")}
