"""When the players of which waiting tickets are to be told how things stand. Pure."""

from collections.abc import Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush

from domain.core.ids import TicketId


class Updates:
    """Times of tickets, each ticket's one at most."""

    def __init__(self) -> None:
        self._at: dict[TicketId, datetime] = {}
        self._heap: list[tuple[datetime, TicketId]] = []  # with what was put off or dropped since

    def plan(self, ticket_id: TicketId, at: datetime) -> None:
        """The next update of the ticket is then, in place of any other."""
        self._at[ticket_id] = at
        heappush(self._heap, (at, ticket_id))

    def drop(self, ticket_id: TicketId) -> None:
        """No more updates of the ticket."""
        self._at.pop(ticket_id, None)

    def hurry(self, now: datetime) -> None:
        """Everybody is to be told now."""
        self._at = dict.fromkeys(self._at, now)
        self._heap = [(now, ticket_id) for ticket_id in self._at]
        heapify(self._heap)

    def due(self, now: datetime) -> Iterator[TicketId]:
        """The tickets whose time has come, the longest overdue first. They have none any more, until planned again."""
        while self._heap and self._heap[0][0] <= now:
            at, ticket_id = heappop(self._heap)
            if self._at.get(ticket_id) == at:
                del self._at[ticket_id]
                yield ticket_id
