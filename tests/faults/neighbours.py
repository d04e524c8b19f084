"""People who do whatever comes to their mind in lobbies, groups and among friends, and remember what was acked."""

import asyncio
import random
from collections import Counter
from typing import Any

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError

EXPECTED = {
    "ALREADY_IN_LOBBY",
    "ALREADY_SPECTATING",
    "CHANNEL_CLOSED",
    "CONFLICT",
    "DISCONNECTED",
    "FORBIDDEN",
    "LOBBY_BANNED",
    "LOBBY_CLOSED",
    "LOBBY_FULL",
    "LOBBY_NOT_READY",
    "LOBBY_STARTED",
    "NOT_FOUND",
    "NOT_IN_LOBBY",
    "RATE_LIMITED",
    "TEAM_FULL",
    "TIMEOUT",
    "UNAVAILABLE",
    "UNREACHABLE",
}
"""What somebody may be told who acts at random among others while servers die; anything else is a bug."""

SETTINGS = {"visibility": "public", "allowSpectators": True, "spectatorChat": True}


class Neighbour:
    """Somebody with a client. acked: by channel and `clientMessageId`, the place of what was said."""

    def __init__(self, client: MaogaClient, number: int, group: str) -> None:
        self.client, self.number, self.group = client, number, group
        self.others: list[str] = []
        self.acked: dict[tuple[str, str], int] = {}
        self.done: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        self._chance = random.Random(number)
        self._doings = [
            *(self._find_a_lobby, self._find_a_lobby, self._find_a_lobby, self._leave),
            *(self._get_ready, self._get_ready, self._talk, self._talk, self._talk_in_the_group),
            *(self._lead, self._invite, self._befriend, self._fall_out, self._cut),
        ]

    async def live(self, until: asyncio.Event) -> None:
        """Does one thing after the other until told to stop."""
        while not until.is_set():
            doing = self._chance.choice(self._doings)
            try:
                await doing()
                self.done[doing.__name__] += 1
            except MaogaError as error:
                assert error.code in EXPECTED, (doing.__name__, error)
                self.told[error.code] += 1
            await asyncio.sleep(0.2 * self._chance.random())

    async def _find_a_lobby(self) -> None:
        page = await self._do("lobby", "browse", {"limit": 100})
        lobby = self._chance.choice([*page["items"], None])
        if lobby is None:
            await self._do("lobby", "create", {"gameId": "rocket-league", "settings": SETTINGS, **self._any_mode()})
        elif self._chance.random() < 0.8:
            await self._do("lobby", "join", {"lobbyId": lobby["id"]})
        else:
            await self._do("lobby", "spectate", {"lobbyId": lobby["id"]})

    def _any_mode(self) -> dict[str, Any]:
        """One with teams, or one of a few players."""
        return self._chance.choice([{"mode": "ranked"}, {"mode": "custom", "capacity": {"min": 2, "max": 4}}])

    async def _leave(self) -> None:
        await self._do("lobby", "leave")

    async def _get_ready(self) -> None:
        await self._do("lobby", "set_ready", {"ready": self._chance.random() < 0.8})

    async def _talk(self) -> None:
        if lobby := self.client.lobby:
            await self._say(lobby["chatId"])

    async def _talk_in_the_group(self) -> None:
        await self._say(self.group)

    async def _lead(self) -> None:
        """What only a host may."""
        lobby = self.client.lobby
        members = lobby["members"] if lobby else []
        someone = {"userId": self._chance.choice([member["userId"] for member in members] or self.others)}
        in_a_team = any("team" in member for member in members)
        deeds: list[tuple[str, dict[str, Any]]] = [
            ("kick", someone),
            ("transfer_host", someone),
            ("set_team", {**someone, "team": 1}) if in_a_team else ("sync", {}),
            ("update_settings", {"name": f"Lobby of {self.number}", "custom": {"map": self._chance.randrange(9)}}),
            ("ready_check", {}),
            ("start", {}),
        ]
        await self._do("lobby", *self._chance.choice(deeds))

    async def _invite(self) -> None:
        await self._do("lobby", "invite", {"userId": self._chance.choice(self.others)})

    async def _befriend(self) -> None:
        await self._do("social", "friend_request", {"userId": self._chance.choice(self.others)})

    async def _fall_out(self) -> None:
        other = {"userId": self._chance.choice(self.others)}
        event = self._chance.choice(["friend_remove", "block", "unblock", "unblock", "unblock"])
        await self._do("social", event, other)

    async def _cut(self) -> None:
        self.client.cut()

    async def _say(self, channel: str) -> None:
        name = f"n{self.number}-{len(self.acked)}-{self._chance.randrange(10**9)}"
        said = await self._do("chat", "send", {"channelId": channel, "clientMessageId": name, "content": name})
        self.acked[channel, name] = said["seq"]
        emoji = {"messageId": said["id"], "emoji": "🎉", "on": True}
        await self._do("chat", "react", emoji)

    async def _do(self, namespace: str, event: str, data: dict[str, Any] | None = None) -> Any:
        return await self.client.call(namespace, event, data or {}, timeout=5)  # type: ignore[call-overload]
