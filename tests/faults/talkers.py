"""People of one group who talk all the time, and remember what was acked, what they heard and how long they waited."""

import asyncio
import random
import time
from collections.abc import Sequence

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError

EXPECTED = {"DISCONNECTED", "RATE_LIMITED", "TIMEOUT", "UNAVAILABLE", "UNREACHABLE"}
"""What a player may be told while something is broken."""

PACE_S = (0.1, 0.3)


class Talker:
    """One of them. acked: the places of what they said, by its name. heard: the places of what they were told."""

    def __init__(self, client: MaogaClient, number: int, group: str) -> None:
        self.client, self.number, self._group = client, number, group
        self.acked: dict[str, int] = {}
        self.heard: list[int] = []
        self.longest_s = 0.0
        self._acks: list[float] = []
        client.on("message", self._hear)

    async def talk(self, over: asyncio.Event, words: str = "") -> None:
        """Says one thing after the other, each until it is acked."""
        while not over.is_set():
            await self.say(f"t{self.number}-{len(self.acked)}", words)
            await asyncio.sleep(random.uniform(*PACE_S))

    async def say(self, name: str, words: str = "") -> None:
        """Says one thing until it is acked."""
        began = time.monotonic()
        while name not in self.acked:
            try:
                self.acked[name] = (await self.client.send(self._group, words or name, name))["seq"]
            except MaogaError as error:
                assert error.code in EXPECTED, error
                await asyncio.sleep(0.05)
        self._acks.append(time.monotonic())
        self.longest_s = max(self.longest_s, self._acks[-1] - began)

    def served_since(self, moment: float) -> float:
        """How many seconds after that moment (of `time.monotonic`) the first ack came; 0 when none has."""
        return next((ack - moment for ack in self._acks if ack > moment), 0.0)

    def _hear(self, event: object) -> None:
        data = event.data  # type: ignore[attr-defined]
        if data["channelId"] == self._group:
            self.heard.append(data["seq"])


async def gather(players: Sequence[MaogaClient]) -> list[Talker]:
    """A group of these players."""
    owner, *others = players
    for player in others:
        await player.call("social", "set_privacy", {"directMessages": "everyone"})
    wish = {"name": "Talkers", "userIds": [player.user_id for player in others]}
    group = (await owner.call("chat", "create_group", wish))["id"]  # type: ignore[call-overload]
    return [Talker(player, number, group) for number, player in enumerate(players)]
