"""What the examples of the OpenAPI document are about, made for real: each made-up id stands for a thing to make."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp

from clients.python.client import MaogaClient
from clients.python.rest import MaogaRest
from clients.python.session import Session
from rest import examples
from rest.examples import Example
from rest.routes import Route
from tests.support.accounts import PASSWORD
from tests.support.administrator import DEAD_JOB, USERNAME
from tests.support.images import an_image
from tests.support.issuer import Issuer
from tests.support.wait import eventually

DUEL: Any = {
    "games": [{"gameId": "rocket-league"}],
    "mode": "casual",
    "groupSize": {"min": 2, "max": 2},
    "skillPreference": "any",
}


@dataclass
class World:
    """A server, the caller of the example, another player, and what they have.

    key: an API key with every scope. issuer: who vouches for players, called `studio`. mails: the folder they go to.
    """

    url: str
    http: aiohttp.ClientSession
    key: str
    issuer: Issuer
    mails: Path
    admin: Session
    caller: Session
    other: Session
    made: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def create(cls, url: str, http: aiohttp.ClientSession, key: str, issuer: Issuer, mails: Path) -> "World":
        """Two new players on the server."""
        async with MaogaRest(url, http) as rest:
            names = [f"p{uuid4().hex[:12]}" for _ in range(2)]
            caller, other = [await rest.register(f"{name}@example.test", name, PASSWORD) for name in names]
            admin = await rest.login(USERNAME, PASSWORD)
        made = {
            examples.CALLER: caller.user["id"],
            examples.PLAYER: other.user["id"],
            examples.OTHERS_EMAIL: f"{names[1]}@example.test",
            examples.REFRESH_TOKEN: str(caller.refresh_token),
            examples.MODERATOR: admin.user["id"],
            examples.JOB: DEAD_JOB,
            examples.PROVIDER_TOKEN: issuer.token(names[0]),
        }
        return cls(url, http, key, issuer, mails, admin, caller, other, made)

    async def call(self, session: Session, method: str, path: str, **request: Any) -> Any:
        """The data of an answer that must be a success."""
        headers = {"Authorization": f"Bearer {session.access_token}"}
        async with self.http.request(method, f"{self.url}/api/v1{path}", headers=headers, **request) as response:
            assert response.status < 300, await response.text()
            return (await response.json())["data"] if response.status != 204 else None

    async def send(self, route: Route, example: Example) -> tuple[int, str, Any]:
        """Sends an example: status, content type, and the body (of JSON, decoded)."""
        path = route.path if example.id is None else route.path.partition("{")[0] + "{}" + route.path.partition("}")[2]
        text = json.dumps([example.id, dict(example.query), example.body])
        for id, make in MAKERS.items():
            if id in text:
                self.made[id] = await make(self)
        if prepare := BEFORE.get(f"{route.method} {route.path}"):
            await prepare(self)
        for id, real in self.made.items():
            text = text.replace(id, real)
        id, query, body = json.loads(text)
        query = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
        sent: dict[str, Any] = {"params": query, "json": body}
        if route.upload:
            sent = {"data": _picture()}
        url = f"{self.url}/api/v1{path.format(id)}"
        async with self.http.request(route.method, url, headers=self._credentials(route), **sent) as response:
            content = await response.json() if response.content_type == "application/json" else await response.read()
            return response.status, response.content_type, content

    def _credentials(self, route: Route) -> dict[str, str]:
        if route.auth == "key":
            return {"X-Api-Key": self.key}
        session = self.admin if route.permission else self.caller
        return {"Authorization": f"Bearer {session.access_token}"} if route.auth else {}


def _picture() -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", an_image(), filename="a.png")
    return form


async def _lobby(world: World) -> str:
    made = await world.call(world.caller, "POST", "/lobbies", json=examples.LOBBIES["POST /lobbies"].body)
    return str(made["id"])


async def _channel(world: World) -> str:
    await _be_friends(world)
    opened = await world.call(world.caller, "POST", "/chats/direct", json={"userId": world.made[examples.PLAYER]})
    return str(opened["id"])


async def _media(world: World) -> str:
    path = f"/chats/{await _channel(world)}/media"
    return str((await world.call(world.caller, "POST", path, data=_picture()))["id"])


async def _notification(world: World) -> str:
    await _be_asked(world)
    return str((await world.call(world.caller, "GET", "/notifications"))[0]["id"])


async def _match(world: World) -> str:
    async with MaogaClient(world.url, world.caller) as one, MaogaClient(world.url, world.other) as two:
        for player in (one, two):
            await player.enqueue(DUEL)
        match = (await one.wait_for("match_proposed", timeout=20)).data["match"]["id"]
        for player in (one, two):
            await player.accept(match)
        await two.wait_for("match_confirmed", timeout=20)
    return str(match)


async def _game(world: World) -> str:
    id = f"game-{uuid4().hex}"
    await world.call(world.admin, "POST", "/admin/games", json={"id": id, **examples.SPACE_CHESS})
    return id


async def _session(world: World) -> str:
    async with MaogaRest(world.url, world.http) as rest:
        await rest.login(world.caller.user["username"], PASSWORD)
    return str((await world.call(world.caller, "GET", "/auth/sessions"))[0]["id"])


async def _device(world: World) -> str:
    body = examples.PROFILES["POST /users/me/devices"].body
    return str((await world.call(world.caller, "POST", "/users/me/devices", json=body))["id"])


async def _avatar(world: World) -> str:
    me = await world.call(world.caller, "PUT", "/users/me/avatar", data=_picture())
    return str(urlsplit(me["avatarUrl"]).path.rpartition("/")[2])


async def _case(world: World) -> str:
    body = {"userId": world.made[examples.PLAYER], "reason": "cheating"}
    await world.call(world.caller, "POST", "/reports", json=body)
    (case,) = await world.call(world.admin, "GET", "/admin/reports", params={"userId": body["userId"]})
    return str(case["id"])


async def _evidence(world: World) -> str:
    media, channel = await _media(world), await _channel(world)
    shown = {"clientMessageId": "1", "content": "", "contentType": "image", "mediaId": media}
    await world.call(world.caller, "POST", f"/chats/{channel}/messages", json=shown)
    body = {"userId": world.made[examples.PLAYER], "reason": "inappropriate_content", "evidence": [{"mediaId": media}]}
    await world.call(world.caller, "POST", "/reports", json=body)
    return media


async def _sanction(world: World) -> str:
    path = f"/admin/users/{world.made[examples.PLAYER]}/sanctions"
    return str((await world.call(world.admin, "POST", path, json={"kind": "mute", "reason": "Loud."}))["id"])


async def _verification_code(world: World) -> str:
    return await _mailed(world, "Confirm your email address")


async def _reset_code(world: World) -> str:
    await world.call(world.caller, "POST", "/auth/reset-password", json={"email": world.caller.user["email"]})
    return await _mailed(world, "Choose a new password")


async def _mailed(world: World, subject: str) -> str:
    """The code in the mail to the caller with that subject, once it is there."""

    def found() -> str | None:
        for path in world.mails.glob("*.eml"):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            if (mail["To"], mail["Subject"]) == (world.caller.user["email"], subject):
                body = mail.get_body(("plain",))
                code = re.search(r"Your code: ([A-Za-z0-9_-]{43})\s", body.get_content() if body else "")
                return code and code[1]
        return None

    return str(await eventually(found, timeout=15))


async def _api_key(world: World) -> str:
    body = examples.ADMIN["POST /admin/api-keys"].body
    return str((await world.call(world.admin, "POST", "/admin/api-keys", json=body))["id"])


MAKERS: dict[str, Callable[[World], Awaitable[str]]] = {
    examples.LOBBY: _lobby,
    examples.CHANNEL: _channel,
    examples.MEDIA: _media,
    examples.NOTIFICATION: _notification,
    examples.MATCH: _match,
    examples.API_KEY: _api_key,
    examples.GAME: _game,
    examples.SESSION: _session,
    examples.DEVICE: _device,
    examples.AVATAR: _avatar,
    examples.CASE: _case,
    examples.EVIDENCE: _evidence,
    examples.SANCTION: _sanction,
    examples.VERIFICATION_CODE: _verification_code,
    examples.RESET_CODE: _reset_code,
}


async def _be_asked(world: World) -> None:
    await world.call(world.other, "POST", "/friends/requests", json={"userId": world.made[examples.CALLER]})


async def _be_friends(world: World) -> None:
    await _be_asked(world)
    path = f"/friends/requests/{world.made[examples.PLAYER]}"
    await world.call(world.caller, "PATCH", path, json={"accept": True})


async def _stand_outside(world: World) -> None:
    """The lobby goes to the other player, so that the caller is free to join it."""
    path = f"/lobbies/{world.made[examples.LOBBY]}"
    await world.call(world.other, "POST", f"{path}/join", json={})
    await world.call(world.caller, "POST", f"{path}/leave")


async def _all_be_ready(world: World) -> None:
    path = f"/lobbies/{world.made[examples.LOBBY]}"
    await world.call(world.other, "POST", f"{path}/join", json={})
    for player in (world.caller, world.other):
        await world.call(player, "POST", f"{path}/ready", json={"ready": True})


async def _be_a_guest(world: World) -> None:
    async with MaogaRest(world.url, world.http) as rest:
        world.caller = await rest.guest()


async def _be_linked(world: World) -> None:
    body = {"token": world.issuer.token(world.caller.user["username"])}
    await world.call(world.caller, "POST", "/users/me/identities/studio", json=body)


BEFORE: dict[str, Callable[[World], Awaitable[None]]] = {
    "POST /auth/upgrade": _be_a_guest,
    "DELETE /users/me/identities/{provider}": _be_linked,
    "PATCH /friends/requests/{id}": _be_asked,
    "POST /chats/direct": _be_friends,
    "POST /lobbies/{id}/join": _stand_outside,
    "POST /lobbies/{id}/start": _all_be_ready,
}
"""What must be so for the route to make sense, besides that the things are there."""
