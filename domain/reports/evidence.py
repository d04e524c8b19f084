"""Copies what reporters point at, as they may see it themselves."""

from collections.abc import Sequence

from domain.chat.media import MEDIA, media_view
from domain.chat.model import CHANNELS, MESSAGES, message_view
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.errors import NotFound
from domain.core.ids import LobbyId, MediaId, UserId
from domain.lobbies.model import LOBBIES, Lobby, outside_view
from domain.lobbies.trail import Trail
from domain.matchmaking.model import MATCHES, match_view
from domain.reports.commands import EvidenceRef
from domain.reports.model import Evidence, EvidenceKind

TRAIL_READ = 500
TRAIL_KEPT = 50
"""The last changes of a lobby that are kept with it."""


class EvidenceTaker:
    """Takes copies. What a reporter may not see is not there for them: `NotFound`."""

    def __init__(self, database: Database, trail: Trail, clock: Clock) -> None:
        self._messages, self._channels = database.collection(MESSAGES), database.collection(CHANNELS)
        self._media, self._lobbies = database.collection(MEDIA), database.collection(LOBBIES)
        self._matches, self._trail, self._clock = database.collection(MATCHES), trail, clock

    async def take(self, reporter: UserId, refs: Sequence[EvidenceRef]) -> list[Evidence]:
        """Copies of all of them, each once; raises `NotFound` for the first that the reporter has no part in."""
        named = dict.fromkeys(ref.named for ref in refs)
        return [await self._one(reporter, kind, id) for kind, id in named]

    async def _one(self, reporter: UserId, kind: EvidenceKind, id: str) -> Evidence:
        match kind:
            case "message":
                return await self._message(reporter, id)
            case "media":
                return await self._image(reporter, id)
            case "lobby":
                return await self._lobby(reporter, id)
            case "match":
                return await self._match(reporter, id)

    async def _message(self, reporter: UserId, id: str) -> Evidence:
        message = await self._messages.get(id)
        if message is None or not await self._talks_in(reporter, message.channel_id):
            raise _unseen("message")
        return self._copy("message", id, message_view(message).wire(), message.sender_id, message.media_id)

    async def _image(self, reporter: UserId, id: str) -> Evidence:
        media = await self._media.get(id)
        if media is None or media.removed or not await self._talks_in(reporter, media.channel_id):
            raise _unseen("image")
        return self._copy("media", id, {**media_view(media).wire(), "digest": media.digest}, media.uploader_id, id)

    async def _lobby(self, reporter: UserId, id: str) -> Evidence:
        lobby = await self._lobbies.get(id)
        entries = await self._trail.of(LobbyId(id), TRAIL_READ) if lobby else []
        seen = any(f"members.{reporter}" == change.field for entry in entries for change in entry.changes)
        if lobby is None or not (seen or _is_in(reporter, lobby)):
            raise _unseen("lobby")
        trail = [entry.wire() for entry in entries[-TRAIL_KEPT:]]
        return self._copy("lobby", id, {**outside_view(lobby).wire(), "trail": trail}, lobby.host_id)

    async def _match(self, reporter: UserId, id: str) -> Evidence:
        match = await self._matches.get(id)
        if match is None or reporter not in match.everybody:
            raise _unseen("match")
        return self._copy("match", id, match_view(match).wire(), None)

    async def _talks_in(self, user: UserId, channel_id: str) -> bool:
        channel = await self._channels.get(channel_id)
        return channel is not None and user in channel.member_ids

    def _copy(
        self, kind: EvidenceKind, id: str, data: dict[str, object], user: UserId | None, image: str | None = None
    ) -> Evidence:
        image_id = MediaId(image) if image else None
        return Evidence(kind=kind, id=id, user_id=user, image_id=image_id, taken_at=self._clock.now(), data=data)


def _is_in(user: UserId, lobby: Lobby) -> bool:
    return user in lobby.member_ids or user in lobby.spectators


def _unseen(what: str) -> NotFound:
    return NotFound(f"There is no such {what}.")
