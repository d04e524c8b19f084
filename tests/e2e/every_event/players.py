"""Players on two instances, whose every word goes on record."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from clients.python.rest import MaogaRest
from clients.python.session import Session
from tests.e2e.every_event.clients import PATIENCE_S, Connect, Wire
from tests.e2e.every_event.registry import Record
from tests.support.accounts import PASSWORD

Predicate = Callable[[Any], object]


class Player:
    """Somebody who is connected."""

    def __init__(self, session: Session, url: str, record: Record) -> None:
        self.session, self.url, self._record = session, url, record
        self.id = session.user_id
        self.wire: Wire
        self._heard: list[tuple[str, str, Any]] = []
        self._news = asyncio.Event()

    async def call(self, namespace: str, event: str, **payload: Any) -> Any:
        """Emits an event; the data of its ack. Raises `MaogaError`."""
        data = await self.wire.call(namespace, event, payload, PATIENCE_S)
        self._record.say(namespace, event, data)
        return data

    async def hears(self, namespace: str, event: str, meant: Predicate | None = None, /, **fields: Any) -> Any:
        """Takes the oldest event of that name with these fields that `meant` holds of, or waits for it; its data."""

        def fits(data: Any) -> object:
            return all(data.get(name) == value for name, value in fields.items()) and (meant is None or meant(data))

        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    for heard in self._heard:
                        if heard[:2] == (namespace, event) and fits(heard[2]):
                            self._heard.remove(heard)
                            return heard[2]
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            told = [data for *name, data in self._heard if name == [namespace, event]]
            raise AssertionError(f"no such /{namespace} {event} {fields}, but {told}") from None

    async def request(self, method: str, path: str, **options: Any) -> Any:
        """The data of an answer over REST."""
        headers = {"Authorization": f"Bearer {self.session.access_token}"}
        async with aiohttp.request(method, f"{self.url}/api/v1{path}", headers=headers, **options) as response:
            assert response.ok, await response.text()
            return (await response.json())["data"] if response.status != 204 else None

    def receive(self, namespace: str, name: str, data: Any, meta: dict[str, Any]) -> None:
        """Called with each event."""
        self._record.hear(name, data, meta)
        self._heard.append((namespace, name, data))
        self._news.set()


class World:
    """urls: of the two instances. key: what they sign tokens with."""

    def __init__(self, urls: Sequence[str], key: str, connect: Connect, record: Record) -> None:
        self.urls, self.key, self._connect, self._record = urls, key, connect, record
        self.players: list[Player] = []

    async def guests(self, *instances: int) -> list[Player]:
        """A new guest on each of these instances."""
        sessions = []
        for instance in instances:
            async with MaogaRest(self.urls[instance]) as rest:
                sessions.append(await rest.guest())
        return [await self.enter(session, instance) for session, instance in zip(sessions, instances, strict=True)]

    async def log_in(self, name: str, instance: int) -> Player:
        """Somebody with an account."""
        async with MaogaRest(self.urls[instance]) as rest:
            session = await rest.login(name, PASSWORD)
        return await self.enter(session, instance)

    async def enter(self, session: Session, instance: int, token: str | None = None) -> Player:
        """Somebody connects to that instance; with another token than the session's, if given."""
        player = Player(session, self.urls[instance], self._record)
        player.wire = await self._connect(player.url, token or session.access_token, player.receive)
        self.players.append(player)
        return player


@asynccontextmanager
async def a_world(urls: Sequence[str], key: str, connect: Connect, record: Record) -> AsyncIterator[World]:
    """A world whose players part in the end."""
    world = World(urls, key, connect, record)
    try:
        yield world
    finally:
        for player in world.players:
            await player.wire.close()
