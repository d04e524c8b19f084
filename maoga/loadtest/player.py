"""One player of a load test, who does over and over what players of its role do."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any, TypeVar

from clients.python.errors import MaogaError
from clients.python.event import Event
from clients.python.rest import MaogaRest
from clients.python.session import Session
from clients.python.types import Lobby, Ticket
from maoga.loadtest.client import LoadClient, measured
from maoga.loadtest.options import Role
from maoga.loadtest.stage import Stage, Table

T = TypeVar("T")

CONNECT_S = 30.0
WAIT_LIMIT_S = 60.0
SEEN_LIMIT_S = 10.0
LINES = 3
"""Messages of a player in a lobby it was matched into."""

CHECK_EVERY = 100
"""Own messages after which who talks looks for them in the history."""

PAGE = 100
TRIES = 5
TEXT = "the quick brown fox waits for the last player"


class Player:
    """A player. table: where one sits who talks; for others of no use."""

    def __init__(self, number: int, role: Role, table: Table, stage: Stage) -> None:
        urls = stage.options.urls
        self._url = urls[number % len(urls)]
        self._number, self._role, self._table, self._stage = number, role, table, stage
        self._figures = stage.figures
        self._rest = MaogaRest(self._url, stage.http)
        self._client: LoadClient
        self._said = count()
        self._acked: dict[str, int] = {}
        self._seen: set[str] = set()

    async def play(self) -> None:
        """Plays until it is over; what goes wrong is told to the figures."""
        try:
            session = await self._enter()
            if session is None:
                return
            self._client = LoadClient(self._url, session, self._stage.http, self._figures)
            self._client.on("message", self._note)
            self._stage.clients.add(self._client)
            try:
                await self._client.connect(CONNECT_S)
                self._stage.known.append(self._client.user_id)
                await self._rounds()
            finally:
                self._stage.clients.discard(self._client)
                await self._client.close()
        except MaogaError as error:
            self._figures.gone[error.code] += 1
        except Exception as error:  # one player's fault must not end the test of all others
            self._figures.faults[repr(error)] += 1

    async def _enter(self) -> Session | str | None:
        """A session, patiently: a server limits how many guests may come from one address. None when it is over."""
        if tokens := self._stage.options.tokens:
            self._figures.entered += 1
            return tokens[self._number]
        tries = 0
        while not self._stage.over.is_set():
            try:
                async with self._stage.door:
                    with measured(self._figures.rest["POST /auth/guest"]):
                        session = await self._rest.guest(f"Load {self._number}")
            except MaogaError as error:
                if error.code != "RATE_LIMITED":
                    raise
                self._figures.delayed += not tries
                tries += 1
                await self._stage.rest(error.pause_s())
            else:
                self._figures.entered += 1
                return session
        return None

    async def _rounds(self) -> None:
        rounds = {"play": self._play, "talk": self._talk, "idle": self._idle}
        while not self._stage.over.is_set():
            try:
                await rounds[self._role]()
            except MaogaError as error:
                if error.final:
                    raise
                await self._stage.rest(error.pause_s())
                await self._tidy()
        await asyncio.sleep(random.uniform(0, self._stage.options.parting_s))
        await self._tidy()

    async def _tidy(self) -> None:
        """Gives up what the last round may have left."""
        try:
            if self._client.lobby:
                await self._leave(self._client.lobby)
            ticket = self._client.ticket
            if ticket and ticket["status"] in {"queued", "proposed"}:
                await self._client.ask("matchmaking", "cancel", {"ticketId": ticket["id"]})
        except MaogaError as error:
            if error.final:
                raise

    # Play: the main job.

    async def _play(self) -> None:
        """Looks for a match, talks with those who were found, gets ready, sees the start, and leaves."""
        await self._stage.pause()
        if self._stage.over.is_set():
            return
        began = time.perf_counter()
        ticket = await self._client.ask("matchmaking", "enqueue", self._stage.pool.criteria())
        lobby = await self._lobby_of(ticket["id"])
        if lobby is None:
            return
        self._figures.match.add((time.perf_counter() - began) * 1000)
        self._figures.matches.add(lobby["id"])
        for _ in range(LINES):
            await self._stage.pause()
            await self._say(lobby["chatId"])
        await self._look_around([member["userId"] for member in lobby["members"]])
        await self._get_ready()
        if await self._until(self._begun):
            self._figures.started.add(lobby["id"])
        await self._leave(lobby)

    async def _lobby_of(self, ticket_id: str) -> Lobby | None:
        """Accepts what is proposed until there is a lobby; None when the ticket has ended without one."""
        client, answered = self._client, set[str]()

        def news() -> Ticket | None:
            ticket = client.ticket
            if ticket is None or ticket["id"] != ticket_id or ticket.get("matchId") in answered:
                return None
            return ticket if ticket["status"] in {"proposed", "cancelled", "expired"} else None

        while True:
            await self._until(lambda: client.lobby or news())
            lobby, ticket = client.lobby, news()
            if lobby:
                return lobby
            if ticket is None:  # all is over
                ended = await client.ask("matchmaking", "cancel", {"ticketId": ticket_id})
                return await self._until(lambda: client.lobby, beyond=True) if ended["status"] == "matched" else None
            if ticket["status"] != "proposed":
                return None
            answered.add(ticket["matchId"])
            await self._accept(ticket["matchId"])

    async def _accept(self, match_id: str) -> None:
        try:
            await self._client.ask("matchmaking", "accept", {"matchId": match_id})
        except MaogaError as error:
            if error.code != "MATCH_OVER":  # another player was too late
                raise

    async def _get_ready(self) -> None:
        try:
            await self._client.ask("lobby", "set_ready", {"ready": True})
        except MaogaError as error:
            if error.code != "LOBBY_STARTED":
                raise

    def _begun(self) -> bool:
        return self._client.lobby is not None and self._client.lobby["status"] == "active"

    # Talk: in a lobby with always the same players.

    async def _talk(self) -> None:
        """Says something, as soon as there is a lobby to say it in."""
        lobby = self._client.lobby or await self._sit_down()
        await self._stage.pause()
        await self._say(lobby["chatId"])
        if len(self._acked) >= CHECK_EVERY:
            await self._check(lobby["chatId"])
            await self._look_around([member["userId"] for member in lobby["members"]])

    async def _sit_down(self) -> Lobby:
        table, pool = self._table, self._stage.pool
        async with table.lock:
            if table.lobby_id is None:
                settings = {"visibility": "public", "autoStart": False}
                wanted = {"gameId": pool.game_id, "mode": pool.mode, "settings": settings}
                lobby: Lobby = await self._client.ask("lobby", "create", wanted)
                table.lobby_id = lobby["id"]
                return lobby
        try:
            lobby = await self._client.ask("lobby", "join", {"lobbyId": table.lobby_id})
        except MaogaError as error:
            if error.code == "NOT_FOUND":  # all others have gone
                table.lobby_id = None
            raise
        return lobby

    # Idle: a player with the game in the background.

    async def _idle(self) -> None:
        """Looks who else is there, now and then."""
        await self._stage.pause(4)
        if not self._stage.over.is_set():
            await self._look_around(list(self._stage.known))

    async def _look_around(self, user_ids: list[str]) -> None:
        await self._client.ask("social", "watch_presence", {"userIds": user_ids})
        with measured(self._figures.rest["GET /users/me"]):
            await self._rest.me(self._client.access_token)

    # Messages.

    async def _say(self, channel_id: str) -> None:
        if self._stage.over.is_set():
            return
        # When it was sent stands in its id, for those who measure how long it took to come.
        message_id = f"{self._stage.run}-{time.perf_counter_ns()}-{self._number}-{next(self._said)}"
        said = {"channelId": channel_id, "clientMessageId": message_id, "content": TEXT}
        message = await self._client.ask("chat", "send", said)
        self._figures.acked += 1
        self._acked[message["id"]] = message["seq"]

    def _note(self, event: Event[Any]) -> None:
        """Somebody has said something."""
        message = event.data
        self._seen.add(message["id"])
        run, _, rest = (message.get("clientMessageId") or "").partition("-")
        if run == self._stage.run and message["senderId"] != self._client.user_id and event.meta:
            sent_ns = int(rest.partition("-")[0])
            self._figures.delivery.add((time.perf_counter_ns() - sent_ns) / 1e6)

    async def _check(self, channel_id: str) -> None:
        """Looks for what was acked in the history, and whether the player was told of all that stands there since."""
        if not self._acked:
            return
        first, last = min(self._acked.values()), max(self._acked.values())
        found: set[str] = set()
        after = first - 1
        while after < last:
            messages = await self._page(channel_id, after)
            if not messages:
                break
            found.update(message["id"] for message in messages if message["seq"] <= last)
            after = messages[-1]["seq"]
        await self._until(lambda: self._client.last_seq(channel_id) >= last, SEEN_LIMIT_S, beyond=True)
        self._figures.checked += len(self._acked)
        self._figures.lost += len(self._acked.keys() - found)
        self._figures.unseen += len(found - self._seen)
        self._acked.clear()
        self._seen -= found

    async def _page(self, channel_id: str, after: int) -> list[Any]:
        """Messages behind a seq; asked for again where that helps, for without them nothing is known."""
        for tries in range(1, TRIES + 1):
            try:
                page = await self._client.ask(
                    "chat", "history", {"channelId": channel_id, "after": after, "limit": PAGE}
                )
                return list(page["messages"])
            except MaogaError as error:
                if error.final or tries == TRIES:
                    raise
                await asyncio.sleep(error.pause_s())
        raise AssertionError

    async def _leave(self, lobby: Lobby) -> None:
        """Leaves the lobby, after a last look at what was said there."""
        await self._check(lobby["chatId"])
        self._seen.clear()
        await self._client.ask("lobby", "leave")
        await self._until(lambda: self._client.lobby is None, SEEN_LIMIT_S, beyond=True)

    async def _until(
        self, probe: Callable[[], T | None], limit_s: float = WAIT_LIMIT_S, *, beyond: bool = False
    ) -> T | None:
        """What `probe` says once that is true; None after the limit or, unless `beyond`, when all is over."""
        over = self._stage.over
        with suppress(TimeoutError):
            await self._client.wait_until(lambda: probe() or (not beyond and over.is_set()), limit_s)
        return probe() or None
