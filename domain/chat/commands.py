"""What clients ask of the chat."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from domain.core.ids import ChannelId
from domain.core.model import ID_SHAPE, Command, Text, WireId


class Send(Command):
    """Says something in a channel. A retry with the same `clientMessageId` gets the first message back."""

    channel_id: Annotated[ChannelId, ID_SHAPE]
    client_message_id: WireId
    content: Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    content_type: Literal["text", "emoji"] = "text"


class History(Command):
    """A page of a channel: its newest messages, or those before or after a `seq`."""

    channel_id: Annotated[ChannelId, ID_SHAPE]
    before: int | None = Field(default=None, ge=1, le=2**53)
    after: int | None = Field(default=None, ge=0, le=2**53)
    limit: int = Field(default=50, ge=1, le=100)

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if self.before is not None and self.after is not None:
            raise ValueError("give before or after, not both")
        return self
