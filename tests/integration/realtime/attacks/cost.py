"""What one client costs all others."""

import gc
import time

from tests.integration.realtime.attacks.attack import GAINED, attack
from tests.integration.realtime.attacks.victim import Setting, Victim
from tests.integration.realtime.wire import CONNECT, Wire

FEW, MANY = 10, 20_000
TIMES = 60
MOST = 4.0
"""So many times the cost may vary by chance. A loop over all rooms makes it more than 10 times as much."""


async def _cost_of_leaving(client: Wire) -> float:
    """CPU seconds of entering and leaving the namespace so many times; the client's own part is in it."""
    gc.collect()
    gc.disable()  # which would look at every room there is
    try:
        started = time.process_time()
        for _ in range(TIMES):
            assert (await client.connect("/lobby")).kind == CONNECT  # which waits for the last goodbye
            await client.send("41/lobby,")
        return time.process_time() - started
    finally:
        gc.enable()


@attack(
    gain="10 times the CPU and more: it grows with the rooms of all others",
    ours="the same, however many rooms there are",
    setting=Setting(engine={"rate_limit_scale": 0}),
)
async def leaves_among_many_rooms(victim: Victim) -> str:
    """Enters and leaves again and again where others have 20,000 rooms."""
    async with victim.enter(), victim.enter() as client:
        resident = victim.sid(0)
        await client.send("41/lobby,")
        for number in range(FEW):
            await victim.join(resident, f"room {number}")
        among_few = min([await _cost_of_leaving(client) for _ in range(3)])
        for number in range(MANY):
            await victim.join(resident, f"other room {number}")
        among_many = min([await _cost_of_leaving(client) for _ in range(3)])
    return GAINED if among_many > MOST * among_few else "the same, however many rooms there are"
