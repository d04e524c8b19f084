"""Every attack fails on our server and succeeds on a stock one, so that we know that it bites."""

import pytest

from tests.integration.realtime.attacks.attack import GAINED, Attack
from tests.integration.realtime.attacks.every import ATTACKS
from tests.integration.realtime.attacks.victim import ours, stock
from tests.integration.realtime.wire import CONNECT, wire


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
async def test_ours_resists(attack: Attack) -> None:
    """The answer is the one in the table, nobody is woken up by the log, and the next client is served."""
    async with ours(attack.setting) as victim:
        assert await attack.run(victim) == attack.ours
        victim.notes.let_in = None
        async with wire(victim.url) as client:
            assert (await client.connect("/chat", victim.auth)).kind == CONNECT
        assert attack.noisy or victim.errors == []


@pytest.mark.long
@pytest.mark.parametrize("attack", ATTACKS, ids=str)
async def test_stock_falls(attack: Attack) -> None:
    """An attack that gains nothing there either says so in the table."""
    async with stock(attack.setting) as victim:
        assert (await attack.run(victim) == GAINED) is (attack.gain is not None)
