"""What a player does, by name: the calls of the main job on a `Link`."""

from uuid import uuid4

from clients.python.errors import MaogaError
from clients.python.link import Link
from clients.python.types import (
    Channel,
    Criteria,
    History,
    HistoryPage,
    Lobby,
    Match,
    Message,
    ReportResult,
    Send,
    Ticket,
)


class MaogaClient(Link):
    """One player. Every call raises `MaogaError`, after asking again where that helps."""

    @property
    def ticket(self) -> Ticket | None:
        """The player's ticket as last told."""
        return self.view.ticket

    @property
    def lobby(self) -> Lobby | None:
        """The lobby the player has a seat in, brought up to date by its events."""
        return self.view.lobby

    @property
    def watched(self) -> Lobby | None:
        """The lobby the player watches, brought up to date by its events."""
        return self.view.watched

    def last_seq(self, channel_id: str) -> int:
        """The `seq` of the last message of a channel that was told; 0 before the first."""
        return self.view.read.get(channel_id, 0)

    async def enqueue(self, criteria: Criteria) -> Ticket:
        """Looks for a match; the ticket."""
        try:
            return await self.call("matchmaking", "enqueue", criteria, repeat=True)
        except MaogaError as error:
            queued = error.code == "ALREADY_QUEUED" and error.attempts > 1
            found = await self.status() if queued else None  # the first try did it, and only its answer was lost
            if found is None:
                raise
            return found

    async def cancel(self, ticket_id: str) -> Ticket:
        """Stops looking; the ticket as it ended, cancelled or matched."""
        return await self.call("matchmaking", "cancel", {"ticketId": ticket_id}, repeat=True)

    async def status(self) -> Ticket | None:
        """The ticket that waits or is proposed a match."""
        return await self.call("matchmaking", "status", repeat=True)

    async def accept(self, match_id: str) -> Match:
        """Accepts a proposed match; the match."""
        return await self.call("matchmaking", "accept", {"matchId": match_id}, repeat=True)

    async def decline(self, match_id: str) -> Match:
        """Declines a proposed match; the match."""
        return await self.call("matchmaking", "decline", {"matchId": match_id}, repeat=True)

    async def report_result(self, match_id: str, places: list[list[str]]) -> Match:
        """Says how a match ended: all its players by place, the winners first; a team shares a place."""
        payload: ReportResult = {"matchId": match_id, "result": {"places": places}}
        return await self.call("matchmaking", "report_result", payload, repeat=True)

    async def set_ready(self, ready: bool = True) -> Lobby:
        """Says whether the player is ready; the lobby."""
        try:
            return await self.call("lobby", "set_ready", {"ready": ready}, repeat=True)
        except MaogaError as error:
            if error.code != "LOBBY_STARTED" or error.attempts == 1 or not ready:
                raise
            return await self.sync()  # the first try did it, and with it all were ready

    async def start(self) -> Lobby:
        """Begins the countdown, as the host; the lobby."""
        return await self.call("lobby", "start", repeat=True)

    async def leave(self) -> None:
        """Gives up the seat."""
        try:
            await self.call("lobby", "leave", repeat=True)
        except MaogaError as error:
            if error.code != "NOT_IN_LOBBY" or error.attempts == 1:
                raise

    async def sync(self) -> Lobby:
        """The lobby the player has a seat in, or else watches, as it is now."""
        return await self.call("lobby", "sync", repeat=True)

    async def send(self, channel_id: str, content: str, client_message_id: str | None = None) -> Message:
        """Says something; the message with its `seq`, durable. Said again with the same id it is still one message."""
        message_id = client_message_id or uuid4().hex
        message: Send = {"channelId": channel_id, "clientMessageId": message_id, "content": content}
        return await self.call("chat", "send", message, repeat=True)

    async def history(
        self, channel_id: str, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> HistoryPage:
        """`{messages, hasMore}` of a channel: the newest, or those before or after a `seq`."""
        page: History = {"channelId": channel_id, "limit": limit}
        if before is not None:
            page["before"] = before
        if after is not None:
            page["after"] = after
        return await self.call("chat", "history", page, repeat=True)

    async def channels(self) -> list[Channel]:
        """The channels the player is a member of, newest first."""
        return await self.call("chat", "channels", repeat=True)
