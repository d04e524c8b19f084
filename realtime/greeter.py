"""Makes up to clients for what this process has missed."""

import asyncio
import random
from collections.abc import Iterable
from typing import NoReturn, Protocol

from loguru import logger

from domain.core.errors import AppError, Unavailable
from realtime.auth import Session, Sessions
from realtime.engine import Client, Engine, First

GREETINGS_AT_ONCE = 20
RETRY_S = (0.5, 1.5)


class Door(Protocol):
    """Knows what clients are told on entering."""

    async def refresh(self, session: Session, client: Client) -> bool:
        """Reads anew which streams the client follows; whether they are others than before."""
        ...

    def hello(self, client: Client) -> First:
        """Where the client's streams stand."""
        ...


class Greeter:
    """Sends `hello` again: to clients of streams that have lost events, and to those whose streams have changed.

    Kicks, joins and leaves may be among what was missed, so tokens and memberships are read again.
    """

    def __init__(self, engine: Engine, sessions: Sessions) -> None:
        self._engine, self._sessions = engine, sessions
        self._doubtful: set[str] = set()
        self._lost: set[str] = set()
        self._everybody = False
        self._wake = asyncio.Event()

    def check(self, sids: Iterable[str]) -> None:
        """These clients may follow the wrong streams."""
        self._doubtful.update(sids)
        self._wake.set()

    def check_everybody(self) -> None:
        """All of them may, and some may have been kicked."""
        self._everybody = True
        self._wake.set()

    def greet(self, sids: Iterable[str]) -> None:
        """These clients have lost events."""
        self._lost.update(sids)
        self.check(sids)

    async def run(self, door: Door) -> NoReturn:
        """Works for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            doubtful, self._doubtful = self._doubtful, set()
            everybody, self._everybody = self._everybody, False
            waiting = [session for session in self._sessions if everybody or not doubtful.isdisjoint(session.clients)]
            while batch := [waiting.pop() for _ in range(min(GREETINGS_AT_ONCE, len(waiting)))]:
                await asyncio.gather(*(self._make_up(session, door) for session in batch))
            self._lost.difference_update(doubtful)  # those who are gone

    async def _make_up(self, session: Session, door: Door) -> None:
        while session.clients:
            try:
                await self._sessions.recheck(session)
                for client in list(session.clients.values()):
                    if await door.refresh(session, client) or client.sid in self._lost:
                        self._lost.discard(client.sid)
                        self._engine.send(client.sid, *door.hello(client))
                return
            except Unavailable:
                await asyncio.sleep(random.uniform(*RETRY_S))
            except AppError as error:
                self._sessions.end(session, error.code.lower())
                return
            except Exception:  # one session that cannot be greeted must not take the others with it
                logger.exception("a session could not be greeted again")
                self._sessions.end(session, "internal")
                return
