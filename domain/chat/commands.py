"""What clients ask of the chat."""

import unicodedata
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from domain.chat.emoji import is_emoji
from domain.core.ids import ChannelId, MediaId, MessageId, UserId
from domain.core.model import ID_SHAPE, Command, Text, WireId
from domain.users.names import DisplayName

MEMBERS_MAX = 100
"""Most members of a group, its owner among them."""


def _emoji(value: str) -> str:
    value = unicodedata.normalize("NFC", value)
    if not is_emoji(value):
        raise ValueError("must be one emoji")
    return value


Said = Annotated[Text, AfterValidator(str.strip), Field(max_length=2000)]
Content = Annotated[Text, AfterValidator(str.strip), Field(min_length=1, max_length=2000)]
Emoji = Annotated[Text, Field(max_length=40, description="one emoji"), AfterValidator(_emoji)]
Seq = Annotated[int, Field(ge=0, le=2**53)]


class ToChannel(Command):
    """Names a channel."""

    channel_id: Annotated[ChannelId, ID_SHAPE]


class ToMessage(Command):
    """Names a message."""

    message_id: Annotated[MessageId, ID_SHAPE]


class Saying(Command):
    """What is said. A retry with the same `clientMessageId` gets the first message back.

    content: of a gif its address, of an image what is said about it, which may be nothing. mediaId: of the image.
    """

    client_message_id: WireId
    content_type: Literal["text", "emoji", "gif", "image"] = "text"
    content: Said = Field(default="", validate_default=True)
    media_id: Annotated[MediaId, ID_SHAPE] | None = None
    reply_to_id: Annotated[MessageId, ID_SHAPE] | None = None

    @field_validator("content")
    @classmethod
    def _said(cls, content: str, info: ValidationInfo) -> str:
        if not content and info.data.get("content_type") != "image":
            raise ValueError("must not be empty")
        return content

    @field_validator("media_id")
    @classmethod
    def _shown(cls, media_id: MediaId | None, info: ValidationInfo) -> MediaId | None:
        if media_id and info.data.get("content_type") != "image":
            raise ValueError("is what an image message has, and no other")
        return media_id


class Send(Saying, ToChannel):
    """Says something in a channel."""


class Edit(ToMessage):
    """Says something else in place of what one said."""

    content: Content


class React(ToMessage):
    """Reacts to a message with an emoji, or takes that back."""

    emoji: Emoji
    on: bool


class SetTyping(ToChannel):
    """Says whether the player is writing in a channel."""

    is_typing: bool


class MarkRead(ToChannel):
    """Has read a channel up to `seq`."""

    seq: Seq


class HistoryQuery(Command):
    """Which page of a channel's messages: the newest, or those before or after a `seq`."""

    before: int | None = Field(default=None, ge=1, le=2**53)
    after: int | None = Field(default=None, ge=0, le=2**53)
    limit: int = Field(default=50, ge=1, le=100)

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if self.before is not None and self.after is not None:
            raise ValueError("give before or after, not both")
        return self


class History(HistoryQuery, ToChannel):
    """A page of a channel: its newest messages, or those before or after a `seq`."""


class Search(ToChannel):
    """Looks for the messages that have all the words of `query`, of the last one at least the beginning."""

    query: Annotated[Text, AfterValidator(str.strip), Field(min_length=1, max_length=200)]
    before: int | None = Field(default=None, ge=1, le=2**53)
    limit: int = Field(default=20, ge=1, le=100)


class OpenDirect(Command):
    """Names the player to write to."""

    user_id: Annotated[UserId, ID_SHAPE]


class CreateGroup(Command):
    """Makes a group of the player and others."""

    name: DisplayName
    user_ids: list[Annotated[UserId, ID_SHAPE]] = Field(default_factory=list, max_length=MEMBERS_MAX - 1)


class ToMember(ToChannel):
    """Names a player and the group they are in, or shall be."""

    user_id: Annotated[UserId, ID_SHAPE]


class SetChannelRole(ToMember):
    """Makes a member of a group an admin, or an ordinary member again."""

    role: Literal["admin", "member"]


class UpdateChannel(ToChannel):
    """Renames a group, or sets what its members must wait between two messages of theirs (0: nothing)."""

    name: DisplayName | None = None
    slow_mode_ms: int | None = Field(default=None, ge=0, le=3_600_000)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.name is None and self.slow_mode_ms is None:
            raise ValueError("give name or slowModeMs")
        return self


class Mute(ToChannel):
    """Wants no notifications from a channel until a moment, in Unix milliseconds; for good without one.

    A moment that has passed takes the mute back.
    """

    until_ms: int | None = Field(default=None, ge=0, le=253_402_300_799_999)
