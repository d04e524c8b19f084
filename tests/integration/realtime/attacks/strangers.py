"""Getting in where one has no business: reserved events, and what comes before CONNECT is through."""

import asyncio
from contextlib import suppress

from tests.integration.realtime.attacks.attack import GAINED, attack, fate
from tests.integration.realtime.attacks.victim import Setting, Victim
from tests.integration.realtime.wire import CONNECT, CONNECT_ERROR, EVENT, Wire, wire
from tests.support.wait import eventually

IN_A_HURRY = Setting(engine={"connect_timeout_s": 0.3})
LONGER_S = 1.5


async def _send_reserved(victim: Victim, name: str) -> str:
    """GAINED when the application was called, else the code in the ack."""
    async with victim.enter() as client:
        calls = len(victim.notes.calls)
        await client.send(f'42/lobby,["{name}",{{}}]')
        await client.send(f'42/lobby,7["{name}",{{}}]')
        await client.send('42/lobby,8["are you done?"]')
        acks = {}
        while 8 not in acks:
            packet = await client.packet()
            acks[packet.id] = packet.data
        if any(call[-1] != "are you done?" for call in victim.notes.calls[calls:]):
            return GAINED
        return f"`{acks[7][0]['error']['code']}`"


@attack(gain="`on_connect` runs again", ours="`UNKNOWN_EVENT`")
async def reserved_connect(victim: Victim) -> str:
    """Sends `connect` as an event."""
    return await _send_reserved(victim, "connect")


@attack(gain="`on_disconnect` runs, the client stays", ours="`UNKNOWN_EVENT`")
async def reserved_disconnect(victim: Victim) -> str:
    """Sends `disconnect` as an event."""
    return await _send_reserved(victim, "disconnect")


@attack(gain="it reaches the handlers", ours="`UNKNOWN_EVENT`")
async def reserved_connect_error(victim: Victim) -> str:
    """Sends `connect_error` as an event."""
    return await _send_reserved(victim, "connect_error")


@attack(gain="it hears what the namespace is told", ours="nothing is sent before CONNECT is answered")
async def listens_before_connect(victim: Victim) -> str:
    """Listens to broadcasts while `on_connect` is still looking at its token."""
    may_go_on = asyncio.Event()
    victim.notes.let_in = lambda _: may_go_on.wait()
    async with wire(victim.url) as client:
        await client.send("40/lobby,")
        await eventually(lambda: victim.notes.clients)
        await victim.broadcast("secret")
        may_go_on.set()
        first = await client.packet()
        return GAINED if first.kind != CONNECT else "nothing is sent before CONNECT is answered"


async def _fail(_: object) -> None:
    raise ZeroDivisionError("a bug that some auth payload sets off")


@attack(gain="it hears every broadcast without being let in", ours="`INTERNAL`, and nothing is sent", noisy=True)
async def listens_after_exception(victim: Victim) -> str:
    """Makes `on_connect` raise, and listens on."""
    victim.notes.let_in = _fail
    async with wire(victim.url) as client:
        await client.send("40/lobby,")
        await eventually(lambda: victim.notes.clients)
        await asyncio.sleep(0.1)
        await victim.broadcast("secret")
        packet = await client.packet()
        if packet.kind != CONNECT_ERROR:
            return GAINED
        return f"`{packet.data['data']['code']}`, and {'nothing' if await client.silent() else 'something'} is sent"


async def _ghosts(victim: Victim) -> str:
    """GAINED when broadcasts still go to a client whose connection is long gone."""
    with suppress(AssertionError):
        await eventually(lambda: _nobody(victim), timeout=1)
        return "it is forgotten"
    return GAINED


async def _nobody(victim: Victim) -> bool:
    return await victim.broadcast("anybody there?") == 0


@attack(gain="a ghost that no timeout removes, one for each try", ours="it is forgotten", noisy=True)
async def ghost_by_exception(victim: Victim) -> str:
    """Makes `on_connect` raise, and goes."""
    victim.notes.let_in = _fail
    async with wire(victim.url) as client:
        await client.send("40/lobby,")
        await eventually(lambda: victim.notes.clients)
    return await _ghosts(victim)


@attack(
    gain="a ghost that no timeout removes, one for each try",
    ours="it is forgotten",
    setting=Setting(
        engine={"ping_interval_s": 0.1, "ping_timeout_s": 0.1}, stock={"ping_interval": 0.1, "ping_timeout": 0.1}
    ),
)
async def ghost_by_patience(victim: Victim) -> str:
    """Makes `on_connect` last longer than the ping timeout, and goes."""
    may_go_on = asyncio.Event()
    victim.notes.let_in = lambda _: may_go_on.wait()
    async with wire(victim.url) as client:
        await client.send("40/lobby,")
        await eventually(lambda: victim.notes.clients)
        await asyncio.sleep(0.5)
    may_go_on.set()
    await eventually(lambda: victim.count("connect") == 1)
    return await _ghosts(victim)


@attack(gain="a ghost that no timeout removes, one for each try", ours="it is forgotten")
async def ghost_by_closing_first(victim: Victim) -> str:
    """Says that it closes (Engine.IO `1`), then sends CONNECT."""
    async with wire(victim.url) as client:
        await client.send("1")
        with suppress(ConnectionError):
            await client.send("40/lobby,")
        await asyncio.sleep(0.1)
    return await _ghosts(victim)


@attack(gain="it stays for ever", ours="`UNAVAILABLE`, then closed", setting=IN_A_HURRY)
async def hangs_in_connect(victim: Victim) -> str:
    """Makes `on_connect` hang."""
    victim.notes.let_in = lambda _: asyncio.Event().wait()
    async with wire(victim.url) as client:
        await client.send("40/lobby,")
        try:
            async with asyncio.timeout(LONGER_S):
                code = (await client.packet()).data["data"]["code"]
        except TimeoutError:
            return GAINED
        return f"`{code}`, then {await fate(client)}"


@attack(gain="it stays for ever", setting=IN_A_HURRY)
async def never_connects(victim: Victim) -> str:
    """Opens a WebSocket, answers heartbeats and never sends CONNECT."""
    async with wire(victim.url) as client:
        return await fate(client, LONGER_S)


@attack(gain="it stays for ever", setting=IN_A_HURRY)
async def leaves_but_stays(victim: Victim) -> str:
    """Leaves its only namespace and keeps the WebSocket."""
    async with victim.enter() as client:
        await client.send("41/lobby,")
        return await fate(client, LONGER_S)


@attack(gain="it guesses for ever", ours="closed after 64 refusals")
async def guesses_tokens(victim: Victim) -> str:
    """Sends CONNECT with one token after the other."""
    async with wire(victim.url) as client:
        for _ in range(200):
            await client.send('40/lobby,"refuse me"')
        refusals = 0
        while frame := await client.frame():
            refusals += frame.startswith("44")
            if refusals == 200:
                return GAINED
        return f"closed after {refusals} refusals"


@attack(gain="`KeyError` in the application, whenever it asks that client again", ours="the next question is answered")
async def ack_zero(victim: Victim) -> str:
    """Acks a question of the server as number 0, which is where the counter is kept."""
    async with victim.enter() as client:
        asking = asyncio.create_task(victim.call(victim.sid(), "ready?"))
        question = await _question(client)
        await client.send("43/lobby,0[]")
        await client.send(f'43/lobby,{question}["yes"]')
        assert await asking == ["yes"]
        asking = asyncio.create_task(victim.call(victim.sid(), "ready?"))
        try:
            async with asyncio.timeout(1):
                question = await _question(client)
        except TimeoutError:
            with suppress(KeyError):
                await asking
            return GAINED
        await client.send(f'43/lobby,{question}["yes"]')
        assert await asking == ["yes"]
        return "the next question is answered"


async def _question(client: Wire) -> int:
    """The number of the next question of the server."""
    while True:
        packet = await client.packet()
        if packet.kind == EVENT and packet.id is not None:
            return packet.id
