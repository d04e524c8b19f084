"""What waits in a ticket pool."""

from domain.core.ids import TicketId
from domain.matchmaking.pool import Changes, PoolEntry, PoolKey, Position, TicketPool


async def waiting(pool: TicketPool, key: PoolKey) -> list[PoolEntry]:
    """The tickets of one pool, oldest first."""
    entries = {
        change.ticket_id: change.entry async for page in pool.snapshot(key) for change in page.changes if change.entry
    }
    return sorted(entries.values(), key=lambda entry: (entry.queued_at, entry.ticket_id))


Known = dict[TicketId, PoolEntry]


async def follow(
    pool: TicketPool, key: PoolKey, known: Known | None = None, position: Position | None = None
) -> tuple[Known, Position]:
    """Who waits in a pool, and up to which position; read on from what was known, or anew where that cannot be."""
    known = dict(known or {})
    while position is not None:
        page = await pool.changes(key, position)
        if page is None or not page.changes:
            break
        _apply(known, page)
        position = page.position
    else:
        page = None
    if page is not None and position is not None:
        return known, position
    known.clear()
    async for page in pool.snapshot(key):
        _apply(known, page)
        position = page.position
    assert position is not None
    return known, position


def _apply(known: Known, page: Changes) -> None:
    for change in page.changes:
        if change.entry:
            known[change.ticket_id] = change.entry
        else:
            known.pop(change.ticket_id, None)
