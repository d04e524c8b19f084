"""What a player does, by name: the calls of the main job on a `Link`."""

from uuid import uuid4

from clients.python.errors import MaogaError
from clients.python.link import Link, Payload


class MaogaClient(Link):
    """One player. Every call raises `MaogaError`, after asking again where that helps."""

    @property
    def ticket(self) -> Payload | None:
        """The player's ticket as last told."""
        return self.view.ticket

    @property
    def lobby(self) -> Payload | None:
        """The lobby the player has a seat in, brought up to date by its events."""
        return self.view.lobby

    def last_seq(self, channel_id: str) -> int:
        """The `seq` of the last message of a channel that was told; 0 before the first."""
        return self.view.read.get(channel_id, 0)

    async def enqueue(self, criteria: Payload) -> Payload:
        """Looks for a match; the ticket."""
        try:
            return await self._ask("matchmaking", "enqueue", criteria)
        except MaogaError as error:
            if error.code != "ALREADY_QUEUED" or error.attempts == 1:
                raise
            return await self.status() or {}  # the first try did it, and only its answer was lost

    async def cancel(self, ticket_id: str) -> Payload:
        """Stops looking; the ticket as it ended, cancelled or matched."""
        return await self._ask("matchmaking", "cancel", {"ticketId": ticket_id})

    async def status(self) -> Payload | None:
        """The ticket that waits or is proposed a match."""
        ticket: Payload | None = await self.call("matchmaking", "status", repeat=True)
        return ticket

    async def accept(self, match_id: str) -> Payload:
        """Accepts a proposed match; the match."""
        return await self._ask("matchmaking", "accept", {"matchId": match_id})

    async def decline(self, match_id: str) -> Payload:
        """Declines a proposed match; the match."""
        return await self._ask("matchmaking", "decline", {"matchId": match_id})

    async def set_ready(self, ready: bool = True) -> Payload:
        """Says whether the player is ready; the lobby."""
        try:
            return await self._ask("lobby", "set_ready", {"ready": ready})
        except MaogaError as error:
            if error.code != "LOBBY_STARTED" or error.attempts == 1 or not ready:
                raise
            return await self.sync()  # the first try did it, and with it all were ready

    async def start(self) -> Payload:
        """Begins the countdown, as the host; the lobby."""
        return await self._ask("lobby", "start", {})

    async def leave(self) -> None:
        """Gives up the seat."""
        try:
            await self._ask("lobby", "leave", {})
        except MaogaError as error:
            if error.code != "NOT_IN_LOBBY" or error.attempts == 1:
                raise

    async def sync(self) -> Payload:
        """The player's lobby as it is now."""
        return await self._ask("lobby", "sync", {})

    async def send(self, channel_id: str, content: str, client_message_id: str | None = None) -> Payload:
        """Says something; the message with its `seq`, durable. Said again with the same id it is still one message."""
        message = {"channelId": channel_id, "clientMessageId": client_message_id or uuid4().hex, "content": content}
        return await self._ask("chat", "send", message)

    async def history(self, channel_id: str, **page: int) -> Payload:
        """`{messages, hasMore}` of a channel; page: `before` or `after` a `seq`, `limit`."""
        return await self._ask("chat", "history", {"channelId": channel_id, **page})

    async def channels(self) -> list[Payload]:
        """The channels the player is a member of, newest first."""
        channels: list[Payload] = await self.call("chat", "channels", repeat=True)
        return channels

    async def _ask(self, namespace: str, event: str, payload: Payload) -> Payload:
        answer: Payload = await self.call(namespace, event, payload, repeat=True)
        return answer
