"""One player of the demo: from the entry to the started game, checking on the way what a player can check."""

import asyncio
import random
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from clients.python.event import Event
from clients.python.rest import MaogaRest
from clients.python.session import Session
from clients.python.types import Lobby, Ticket
from maoga.demo.casting import Part
from maoga.demo.checks import Memory
from maoga.demo.figures import Figures
from maoga.demo.story import Story

ALONE_S = 8.0
"""How long somebody waits who will find nobody."""

ENTRIES_AT_ONCE = 16
CONNECT_S = 30.0
GREETINGS = ("hello!", "hi all", "good luck", "have fun", "ready when you are", "first time here", "let's go", "gg")


@dataclass(slots=True)
class Stage:
    """What the players share. deadline: of the loop's clock, after which nobody plays on. sent: when, by message."""

    url: str
    http: aiohttp.ClientSession
    story: Story
    figures: Figures
    seed: int
    deadline: float
    sent: dict[str, float] = field(default_factory=dict)
    door: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ENTRIES_AT_ONCE))


class Player:
    """Plays a `Part`. memory: what it saw."""

    def __init__(self, part: Part, stage: Stage) -> None:
        self.part, self._stage = part, stage
        self.memory = Memory(part.name)
        self._rng = random.Random(f"{stage.seed}:{part.number}")
        self._doing = "entering"
        self._ticket_id = ""
        self._client: MaogaClient | None = None

    async def play(self) -> None:
        """Plays to the end; what goes wrong is told to the figures."""
        figures = self._stage.figures
        try:
            async with asyncio.timeout_at(self._stage.deadline):
                await self._play()
        except MaogaError as error:
            figures.error(error.code, f"{self.part.name} while {self._doing}: {error.message} {error.details or ''}")
        except TimeoutError:
            figures.error("TIMEOUT", f"{self.part.name} while {self._doing}{self._standing()}")
        except Exception as error:
            figures.error("BUG", f"{self.part.name} while {self._doing}: {error!r}")

    async def _play(self) -> None:
        async with self._stage.door:
            session = await self._enter()
        client = self._client = MaogaClient(self._stage.url, session, http=self._stage.http, name="maoga-demo")
        client.on("*", self._note)
        try:
            self._doing = "connecting"
            async with self._stage.door:
                await client.connect(CONNECT_S)
            self.memory.user_id = client.user_id
            self._stage.story.joined(self.part.name, self.part.registers)
            if self.part.alone:
                await self._wait_in_vain(client)
                return
            lobby = await self._find_match(client)
            await self._talk(client, lobby)
            await self._get_ready(client)
            await self._see_the_start(client, lobby)
        finally:
            self._stage.figures.repeated += client.repeats
            await client.close()

    async def _enter(self) -> Session:
        """Opens an account, patiently: a server limits how many may do so from one address."""
        rest = MaogaRest(self._stage.url, self._stage.http)
        name = f"{self.part.name.replace(' ', '-')}-{secrets.token_hex(5)}"
        while True:
            try:
                if self.part.registers:
                    return await rest.register(f"{name}@demo.test", name, secrets.token_urlsafe(12), self.part.name)
                return await rest.guest(self.part.name)
            except MaogaError as error:
                if error.code != "RATE_LIMITED":
                    raise
                self._stage.story.crowded()
                await asyncio.sleep(error.pause_s() + self._rng.random())

    async def _find_match(self, client: MaogaClient) -> Lobby:
        """Queues and accepts until there is a lobby; the lobby."""
        self._doing = "looking for a match"
        since = await self._look(client)
        if self.part.quirk == "cancels":
            since = await self._change_mind(client) or since
        if self.part.quirk == "drops in the queue":
            self._drop(client)
        found_s = await self._accept(client) - since
        lobby = await client.sync()
        await client.wait_for("match_confirmed", lambda data: data["lobbyId"] == lobby["id"], self._left_s())
        self.memory.members = frozenset(member["userId"] for member in lobby["members"])
        self._stage.figures.match_ms.append(found_s * 1000)
        self._stage.figures.matches.add(lobby["id"])
        self._stage.story.matched(lobby)
        return lobby

    async def _look(self, client: MaogaClient) -> float:
        """Queues; the moment it did."""
        ticket = await client.enqueue(self.part.criteria)
        self._ticket_id = ticket["id"]
        return time.perf_counter()

    async def _change_mind(self, client: MaogaClient) -> float | None:
        """Cancels and queues again; the moment it did, None when it is matched already."""
        await self._pause(0.1, 0.6)
        ticket = await client.cancel(self._ticket_id)
        if ticket["status"] == "matched":
            return None
        self._stage.story.say(f"{self.part.name} cancels, thinks again and queues once more", "yellow")
        return await self._look(client)

    async def _accept(self, client: MaogaClient) -> float:
        """Accepts what is proposed until there is a lobby; the moment of the last proposal."""
        answered: set[str] = set()
        proposed_at = time.perf_counter()
        while not client.lobby:
            await client.wait_until(lambda: client.lobby or self._to_answer(client, answered), self._left_s())
            ticket = self._to_answer(client, answered)
            if ticket is None:
                continue  # there is a lobby
            if ticket["status"] == "cancelled":
                self._stage.story.say(f"{self.part.name} was too late to accept and queues again", "yellow")
                self._stage.figures.late += 1
                await self._look(client)
                continue
            answered.add(ticket["matchId"])
            proposed_at = time.perf_counter()
            try:
                await client.accept(ticket["matchId"])
            except MaogaError as error:
                if error.code != "MATCH_OVER":  # another player declined just now, or it took too long
                    raise
        return proposed_at

    def _to_answer(self, client: MaogaClient, answered: set[str]) -> Ticket | None:
        """The player's ticket, when a match is proposed or the ticket has ended."""
        ticket = client.ticket
        if ticket is None or ticket["id"] != self._ticket_id:
            return None
        proposed = ticket["status"] == "proposed" and ticket["matchId"] not in answered
        return ticket if proposed or ticket["status"] == "cancelled" else None

    async def _talk(self, client: MaogaClient, lobby: Lobby) -> None:
        self._doing = "talking"
        for number, text in enumerate(self._rng.sample(GREETINGS, self._rng.randint(1, 3))):
            await self._pause(0.1, 0.8)
            message_id = uuid4().hex
            self._stage.sent[message_id] = time.perf_counter()
            await client.send(lobby["chatId"], text, message_id)
            self._stage.figures.sent += 1
            self._stage.story.said(lobby, self.part.name, text)
            if self.part.quirk == "drops in the lobby" and number == 0:
                self._drop(client)

    async def _get_ready(self, client: MaogaClient) -> None:
        self._doing = "getting ready"
        await self._pause(0.1, 0.5)
        await client.set_ready()
        if self.part.quirk == "wavers":
            await self._pause(0.1, 0.5)
            await self._waver(client)

    async def _waver(self, client: MaogaClient) -> None:
        try:
            await client.set_ready(False)
        except MaogaError as error:
            if error.code != "LOBBY_STARTED":  # a server with a short countdown
                raise
            return
        self._stage.story.say(f"{self.part.name} was ready, is not, and is again", "yellow")
        await self._pause(0.1, 0.5)
        await client.set_ready()

    async def _see_the_start(self, client: MaogaClient, lobby: Lobby) -> None:
        """Sees the lobby start, reads the chat to its end, and leaves."""
        figures, chat_id = self._stage.figures, lobby["chatId"]
        self._doing = "waiting for the start"
        await client.wait_until(lambda: client.lobby and client.lobby["status"] == "active", self._left_s())
        self.memory.started = True
        figures.started += 1
        figures.lobbies.add(lobby["id"])
        self._stage.story.started(lobby)
        self._doing = "reading the chat to its end"
        # Everybody spoke before they were ready, so nothing is said any more, but by the system of those who leave.
        newest = (await client.history(chat_id, limit=100))["messages"]
        self.memory.last_seq = max((m["seq"] for m in newest if m["contentType"] != "system"), default=0)
        await client.wait_until(lambda: client.last_seq(chat_id) >= self.memory.last_seq)
        self._doing = "leaving"
        await self._pause(0.1, 1.0)
        await client.leave()
        await client.wait_until(lambda: client.lobby is None)

    async def _wait_in_vain(self, client: MaogaClient) -> None:
        self._stage.story.say(f"{self.part.name} queues, but nobody else is there to play with", "yellow")
        self._stage.figures.alone += 1
        self._doing = "waiting in vain"
        await self._look(client)
        await client.wait_for("ticket_updated")
        await asyncio.sleep(ALONE_S)
        await client.cancel(self._ticket_id)
        self._stage.story.say(f"{self.part.name} gives up", "yellow")

    def _drop(self, client: MaogaClient) -> None:
        self._stage.story.say(f"{self.part.name} loses the connection", "yellow")
        client.cut()

    def _note(self, event: Event[Any]) -> None:
        """Remembers an event."""
        memory, data = self.memory, event.data
        memory.events[event.name] += 1
        if event.name == "lobby_updated":
            memory.lobby_ids.add(data["id"])
        elif event.name == "message" and data["contentType"] != "system":
            memory.messages.append((data["seq"], data["id"]))
            if data["senderId"] != memory.user_id:
                self._stage.figures.received += 1
                said_at = self._stage.sent.get(data["clientMessageId"])
                if said_at and self._client and self._client.connected:  # else it was missed, and comes late
                    self._stage.figures.delivery_ms.append((time.perf_counter() - said_at) * 1000)

    def _standing(self) -> str:
        """Where the player stands, for whoever has to find out why it did not get on."""
        ticket, lobby = (self._client.ticket, self._client.lobby) if self._client else (None, None)
        return "".join(
            f", {what} {thing['id']} {thing['status']}"
            for what, thing in (("ticket", ticket), ("lobby", lobby))
            if thing
        )

    async def _pause(self, least: float, most: float) -> None:
        await asyncio.sleep(self._rng.uniform(least, most))

    def _left_s(self) -> float:
        """Seconds until nobody plays on."""
        return max(0.0, self._stage.deadline - asyncio.get_running_loop().time())
