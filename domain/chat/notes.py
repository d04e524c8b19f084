"""System messages that are made in the commit of what they tell, and get their place in the channel after it.

A message has a `seq`, which a commit cannot know. So the commit leaves a note in the channel's document; who made it
turns the notes into messages (`Channels.tell`), and after a crash a sweep does. A note's id is the message's: doing it
twice is one message.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from domain.chat.drafts import Draft
from domain.chat.model import Channel, Message, System
from domain.core.collection import Changes
from domain.core.ids import ChannelId, MessageId, new_id
from domain.core.model import Kept, Timestamp


class Note(Kept):
    """A system message to be."""

    id: MessageId
    system: System
    at: Timestamp

    def draft(self, channel: ChannelId) -> Draft:
        """The message on its way to its place."""
        return Draft(
            Message(
                id=self.id,
                channel_id=channel,
                seq=0,
                content_type="system",
                content="",
                system=self.system,
                created_at=self.at,
            )
        )


def noting(notes: Sequence[System], now: datetime) -> Changes:
    """The changes that leave the notes in a channel, to be merged into those of an `Update`; none without any."""
    if not notes:
        return {}
    made = [Note(id=MessageId(new_id()), system=system, at=now) for system in notes]
    return {"$addToSet": {"notes": [note.model_dump_json() for note in made]}, "$set": {"noted_at": now}}


def notes_of(channel: Channel) -> list[Note]:
    """The notes that wait in a channel, in their order."""
    return [Note.model_validate_json(note) for note in channel.notes]


def keyed(channel: ChannelId, key: str) -> MessageId:
    """The id of the system message with that key: the same each time, so that telling twice is one message."""
    return MessageId(str(uuid5(NAMESPACE_OID, f"{channel}:{key}")))
