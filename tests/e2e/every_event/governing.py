"""An act about those who run the servers: what they change and say reaches players on every instance."""

from clients.python.connection import NAMESPACES
from tests.e2e.every_event.players import World

DUEL = {"games": [{"gameId": "chess"}], "mode": "casual"}
CHESS = {"name": "Chess", "modes": [{"mode": "ranked", "teams": {"count": 2, "size": 1}}]}
NEWS = {"title": "Tonight", "body": "We are away for five minutes."}


async def govern(world: World) -> None:
    """An administrator takes away the mode that Ann waits in, and announces something to everybody."""
    (ann,) = await world.guests(0)
    admin = await world.log_in("admin", 1)
    ticket = await ann.call("matchmaking", "enqueue", **DUEL)
    await admin.request("PUT", "/admin/games/chess", json=CHESS)
    await ann.hears("matchmaking", "ticket_cancelled", ticketId=ticket["id"], reason="mode_disabled")
    await admin.request("POST", "/admin/broadcast", json=NEWS)
    for player in (ann, admin):
        for namespace in NAMESPACES:
            await player.hears(namespace, "announcement", **NEWS)
