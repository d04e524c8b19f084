"""Below Socket.IO: the upgrade, compression, foreign pages."""

from aiohttp import WSServerHandshakeError

from tests.integration.realtime.attacks.attack import GAINED, attack
from tests.integration.realtime.attacks.raw import UPGRADE, tcp
from tests.integration.realtime.attacks.victim import Setting, Victim
from tests.integration.realtime.wire import wire

WITH_POLLING = Setting(
    engine={"transports": ("websocket", "polling"), "ping_interval_s": 0.1, "ping_timeout_s": 0.2},
    stock={"ping_interval": 0.1, "ping_timeout": 0.2},
)


@attack(gain="the server inflates, about 100 KiB for each connection", ours="declined")
async def deflate(victim: Victim) -> str:
    """Offers permessage-deflate."""
    async with victim.enter(compress=15) as client:
        return GAINED if client.websocket.compress else "declined"


@attack(gain=None, ours="`403`")
async def foreign_page(victim: Victim) -> str:
    """Connects from a page of another origin."""
    try:
        async with wire(victim.url, headers={"Origin": "https://evil.example"}):
            return GAINED
    except WSServerHandshakeError as refusal:
        return f"`{refusal.status}`"


@attack(gain="its WebSocket stays open long after the session is over", setting=WITH_POLLING)
async def upgrade_in_silence(victim: Victim) -> str:
    """Upgrades a polling session and says nothing on the WebSocket."""
    async with tcp(victim.url) as poll, tcp(victim.url) as silent:
        await poll.send(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n")
        opening = await poll.reader.readuntil(b"}")
        sid = opening.partition(b'"sid":"')[2].partition(b'"')[0].decode()
        await silent.send(f"{UPGRADE.replace('websocket ', f'websocket&sid={sid} ', 1)}\r\n".encode())
        assert (await silent.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        return await silent.fate(4)
