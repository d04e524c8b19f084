"""Frames and packets that make no sense."""

import tracemalloc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any

from tests.integration.realtime.attacks.attack import CLOSED, GAINED, attack, fate, service
from tests.integration.realtime.attacks.raw import BINARY, TEXT, frame, upgraded
from tests.integration.realtime.attacks.victim import Victim
from tests.support.wait import eventually

A_MEGABYTE = 1_000_000
DEEP = "[" * 20_000

Frame = str | bytes


async def _for_each(frames: Sequence[Frame], outcome: Callable[[Frame], Awaitable[str]]) -> str:
    """The outcome of every frame on a connection of its own; they must agree."""
    outcomes = {repr(frame[:30]): await outcome(frame) for frame in frames}
    return outcomes.popitem()[1] if len(set(outcomes.values())) == 1 else str(outcomes)


async def _ghost(victim: Victim, garbage: Frame) -> str:
    """GAINED when the application takes the sender to be there after the connection was dropped."""
    async with victim.enter() as client:
        gone = victim.count("disconnect")
        await client.send(garbage)
        await fate(client)
    with suppress(AssertionError):
        await eventually(lambda: victim.count("disconnect") > gone, timeout=1)
        return CLOSED
    return GAINED


async def _uproar(victim: Victim, garbage: Frame) -> str:
    """GAINED when frame after frame costs an error in the log and the sender stays."""
    before = len(victim.errors)
    async with victim.enter() as client:
        with suppress(ConnectionError):
            for _ in range(3):
                await client.send(garbage)
        ended = await service(client)
    return GAINED if ended == GAINED and len(victim.errors) >= before + 3 else ended


@attack(gain="a ghost until the ping timeout")
async def no_engine_io(victim: Victim) -> str:
    """Sends what is no Engine.IO packet, deep JSON and an empty frame among it, and goes."""
    return await _for_each(["", "x", "é", "4" + DEEP], lambda frame: _ghost(victim, frame))


@attack(gain="a traceback in the log for each, without end")
async def no_socket_io(victim: Victim) -> str:
    """Sends what is no Socket.IO packet, or has no sense in it."""
    frames = ["4x", "47", "4{}", "44/lobby,{}", '42/lobby,["unfinished', "42/lobby," + "9" * 200 + '["x"]']
    return await _for_each(frames, lambda frame: _uproar(victim, frame))


@attack(gain="a traceback in the log for each, without end")
async def no_event(victim: Victim) -> str:
    """Sends events without a name: nothing, an object, an empty list."""
    return await _for_each(["42/lobby,", "42/lobby,{}", "42/lobby,[]"], lambda frame: _uproar(victim, frame))


@attack(gain="a traceback in the log for each, without end")
async def deep_json(victim: Victim) -> str:
    """Sends JSON that is 20,000 lists deep."""
    return await _for_each(["42/lobby," + DEEP, "40/chat," + DEEP], lambda frame: _uproar(victim, frame))


@attack(gain="a traceback in the log for each, without end")
async def binary_of_nothing(victim: Victim) -> str:
    """Sends binary frames that no event has announced."""
    return await _for_each([b"\x00\x01", b'42/lobby,["x"]'], lambda frame: _uproar(victim, frame))


@attack(gain="it reaches the handlers")
async def event_named_by_a_number(victim: Victim) -> str:
    """Sends an event whose name is a number."""
    async with victim.enter() as client:
        await client.send("42/lobby,[1]")
        ended = await service(client)
    return GAINED if any(not isinstance(call[1], str) for call in victim.notes.calls) else ended


@attack(gain="what other clients get is no JSON: a browser drops its connection")
async def not_a_number(victim: Victim) -> str:
    """Says `NaN`, which the application passes on to others."""

    async def pass_on(name: str, arguments: Sequence[Any]) -> None:
        await victim.broadcast(name, *arguments)

    victim.notes.answer = pass_on
    async with victim.enter() as bystander, victim.enter() as client:
        await client.send('42/lobby,["said",NaN]')
        ended = await service(client)
        await victim.broadcast("over")
        while (heard := await bystander.frame()) and '"over"' not in heard:
            if "NaN" in heard:
                return GAINED
        return ended


@contextmanager
def _memory() -> Iterator[Callable[[], int]]:
    """Bytes that Python has allocated since the block began."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@attack(gain="20 MB and more in memory, as long as it likes")
async def attachments_without_end(victim: Victim) -> str:
    """Announces 9,999,999,999 attachments and sends them."""
    with _memory() as memory:
        async with victim.enter() as client:
            await client.send('459999999999-/lobby,["x",{"_placeholder":true,"num":0}]')
            with suppress(ConnectionError):
                for _ in range(30):
                    await client.send(bytes(900_000))
            ended = await fate(client)
            return GAINED if ended == GAINED and memory() > 20 * A_MEGABYTE else ended


@attack(gain="8 MB in memory, as long as it likes")
async def attachments_held(victim: Victim) -> str:
    """Announces 8 attachments, sends 7, and waits; 20 times over."""
    announcement = '458-/lobby,["x"' + ',{"_placeholder":true,"num":0}' * 8 + "]"
    with _memory() as memory:
        async with AsyncExitStack() as stack:
            before = memory()
            for _ in range(20):
                client = await stack.enter_async_context(victim.enter())
                with suppress(ConnectionError):
                    await client.send(announcement)
                    for _ in range(7):
                        await client.send(bytes(60_000))
            with suppress(AssertionError):
                await eventually(lambda: memory() - before > 4 * A_MEGABYTE, timeout=1)
                return GAINED
            return await fate(client)


@attack(gain="60 KB in, 60 MB out")
async def attachments_that_multiply(victim: Victim) -> str:
    """Names one attachment 1,000 times in an event that is passed on."""

    async def pass_on(name: str, arguments: Sequence[Any]) -> Any:
        return arguments

    victim.notes.answer = pass_on
    async with victim.enter(max_msg_size=0) as client:
        places = ",".join(['{"_placeholder":true,"num":0}'] * 1_000)
        with suppress(ConnectionError):
            await client.send(f'451-/lobby,1["x",{places}]')
            await client.send(bytes(60_000))
        ended = await service(client)
    return GAINED if ("event", "x") in victim.notes.calls else ended


@attack(gain="it reaches the handlers")
async def attachments_out_of_place(victim: Victim) -> str:
    """Names the attachment before the first one: number -1."""
    async with victim.enter() as client:
        await client.send('451-/lobby,["x",{"_placeholder":true,"num":-1}]')
        await client.send(b"?")
        ended = await service(client)
    return GAINED if ("event", "x") in victim.notes.calls else ended


@attack(gain=None)
async def message_too_long(victim: Victim) -> str:
    """Sends a message of 2 MB."""
    async with victim.enter() as client:
        with suppress(ConnectionError):
            await client.send('42/lobby,["x","' + "y" * 2 * A_MEGABYTE + '"]')
        ended = await fate(client)
    return GAINED if victim.count("event") else ended


@attack(gain=None)
async def frame_without_end(victim: Victim) -> str:
    """Announces a frame of 2^62 bytes, and sends some of them."""
    async with upgraded(victim.url) as raw:
        await raw.send(frame(TEXT, b"4", length=2**62))
        for _ in range(30):
            await raw.send(bytes(A_MEGABYTE))
        return await raw.fate()


@attack(gain=None)
async def fragments_without_end(victim: Victim) -> str:
    """Sends a message in fragments that never end."""
    async with upgraded(victim.url) as raw:
        await raw.send(frame(TEXT, b"4", last=False))
        for _ in range(300):
            await raw.send(frame(0, bytes(100_000), last=False))
        return await raw.fate()


@attack(gain=None)
async def invalid_utf8(victim: Victim) -> str:
    """Sends text that is no UTF-8."""
    async with upgraded(victim.url) as raw:
        await raw.send(frame(TEXT, b'40/lobby,"\xff\xfe"'))
        return await raw.fate()


@attack(gain=None)
async def unknown_opcode(victim: Victim) -> str:
    """Sends frames of kinds that do not exist."""
    async with upgraded(victim.url) as raw:
        await raw.send(frame(BINARY + 2, b"?"))
        return await raw.fate()
