"""The child process that pairs large pools, so that sockets and deadlines here need not wait for it.

Requests and answers are JSON in frames: four bytes of length, then the message. They go over the child's standard input
and output, and come in order. The child ends when its input does: it never outlives its parent.
"""

import asyncio
import os
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from itertools import count
from typing import cast

from loguru import logger

from domain.core.ids import TicketId
from domain.games.model import Mode
from domain.matchmaking.matching import MatcherLost, PoolMatcher
from domain.matchmaking.pairing.matcher import Explanation, Group
from domain.matchmaking.pool import Change, PoolKey
from maoga.pairing_messages import (
    LENGTH_BYTES,
    Answer,
    Apply,
    Close,
    Explain,
    Free,
    Groups,
    Open,
    Request,
    framed,
    length_of,
)

STOP_LIMIT_S = 5.0

ANSWER_LIMIT_S = 30.0
"""A child that says nothing for so long, or reads nothing, hangs: it is killed, and its pools are paired anew. Loading
a hundred thousand tickets takes it some seconds."""


class PairingProcess:
    """At most one child, started when a pool first needs it, and again after it has died."""

    def __init__(self) -> None:
        self._child: _Child | None = None
        self._starting = asyncio.Lock()
        self._pools = count(1)

    @property
    def pid(self) -> int | None:
        """That of the child, if there is one."""
        return self._child.pid if self._child else None

    async def open(self, key: PoolKey, mode: Mode) -> PoolMatcher:
        """A matcher in the child, empty yet."""
        async with self._starting:
            if self._child is None or self._child.lost:
                await self.close()
                self._child = await _Child.start()
        matcher = _ChildMatcher(self._child, next(self._pools))
        await self._child.send(Open(pool=matcher.pool, game_id=key.game_id, mode=mode))
        return matcher

    async def close(self) -> None:
        """Ends the child, if there is one."""
        child, self._child = self._child, None
        if child:
            await child.stop()


class _ChildMatcher(PoolMatcher):
    """A matcher in the child. After groups that nobody took it is given up: they would never be formed again."""

    def __init__(self, child: "_Child", pool: int) -> None:
        self.pool = pool
        self._child = child
        self._stretch, self._given_up = 1.0, False

    async def apply(self, changes: Sequence[Change]) -> None:
        self._check()
        await self._child.send(
            Apply(
                pool=self.pool,
                entries=tuple(change.entry for change in changes if change.entry),
                gone=tuple(change.ticket_id for change in changes if not change.entry),
            )
        )

    async def free(self, ticket_ids: Sequence[TicketId]) -> None:
        await self._child.send(Free(pool=self.pool, tickets=tuple(ticket_ids)))

    async def groups(self, now: datetime) -> AsyncGenerator[Group, None]:
        self._check()
        whole = False
        try:
            async with aclosing(self._child.ask(Groups(pool=self.pool, now=now))) as answers:
                async for answer in answers:
                    for group in answer.groups:
                        yield group
                    self._stretch, whole = answer.stretch, answer.last
        finally:
            self._given_up = not whole

    async def explain(self, ticket_ids: Sequence[TicketId], now: datetime) -> dict[TicketId, Explanation]:
        async with aclosing(self._child.ask(Explain(pool=self.pool, tickets=tuple(ticket_ids), now=now))) as answers:
            return (await anext(answers)).explained

    async def stretch(self, now: datetime) -> float:
        return self._stretch

    async def close(self) -> None:
        with suppress(MatcherLost):
            await self._child.send(Close(pool=self.pool))

    def _check(self) -> None:
        if self._given_up:
            raise MatcherLost("groups were left behind")


class _Child:
    """One life of the process."""

    def __init__(self, process: Process, to: StreamWriter, back: StreamReader) -> None:
        self._process, self._input, self._output = process, to, back
        self._calls: dict[int, asyncio.Queue[Answer | None]] = {}
        self._numbers = count(1)
        self._listening = asyncio.create_task(self._listen(), name="pairing child")
        self.pid, self.lost = process.pid, False

    @classmethod
    async def start(cls) -> "_Child":
        """A new process; it speaks when it has read its code, which takes it a second or so."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "maoga.pairing_child"),
            stdin=PIPE,
            stdout=PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        logger.info("large pools are paired by the child process {}", process.pid)
        return cls(process, cast(StreamWriter, process.stdin), cast(StreamReader, process.stdout))

    async def send(self, request: Request) -> None:
        """Sends a request; waits while too much is under way. Raises `MatcherLost`."""
        if self.lost:
            raise MatcherLost("the pairing child is gone")
        try:
            self._input.write(framed(request))
            async with asyncio.timeout(ANSWER_LIMIT_S):
                await self._input.drain()
        except TimeoutError as error:
            raise self._hung() from error
        except (ConnectionError, RuntimeError) as error:
            raise MatcherLost("the pairing child is gone") from error

    async def ask(self, request: Request) -> AsyncGenerator[Answer, None]:
        """Sends a request, and gives the parts of its answer as they come. Raises `MatcherLost`."""
        request = request.model_copy(update={"call": (call := next(self._numbers))})
        answers = self._calls[call] = asyncio.Queue()
        try:
            await self.send(request)
            last = False
            while not last:
                try:
                    answer = await asyncio.wait_for(answers.get(), ANSWER_LIMIT_S)
                except TimeoutError as error:
                    raise self._hung() from error
                if answer is None or answer.failed:
                    raise MatcherLost("the pairing child is gone" if answer is None else "the matcher failed")
                yield answer
                last = answer.last
        finally:
            del self._calls[call]

    def _hung(self) -> MatcherLost:
        """Makes an end of a child that does not answer."""
        self.lost = True
        with suppress(ProcessLookupError):
            self._process.kill()
        return MatcherLost("the pairing child hung")

    async def stop(self) -> None:
        """Ends the process, by force if need be."""
        self._input.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_LIMIT_S)
        except TimeoutError:
            self._process.kill()
        await self._process.wait()
        await self._listening

    async def _listen(self) -> None:
        """Hands out the answers, until the process ends."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = length_of(await self._output.readexactly(LENGTH_BYTES))
                answer = Answer.model_validate_json(await self._output.readexactly(size))
                if waiting := self._calls.get(answer.call):  # or nobody wants it any more
                    waiting.put_nowait(answer)
                await asyncio.sleep(0)  # what has come already is read without waiting
        self.lost = True
        for waiting in self._calls.values():
            waiting.put_nowait(None)
        logger.info("the pairing child has ended with {}", await self._process.wait())
