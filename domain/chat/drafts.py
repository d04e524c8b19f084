"""Messages on their way to be stored, and those who have a say in it."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from domain.chat.model import Channel, Message
from domain.core.collection import Write


@dataclass(frozen=True, slots=True)
class Draft:
    """A message on its way. also: writes that are made in its commit, or it is not stored at all."""

    message: Message
    also: tuple[Write, ...] = ()

    def changed(self, **changes: Any) -> "Draft":
        """The draft with another message, by field."""
        return replace(self, message=self.message.changed(**changes))


class Check(Protocol):
    """A rule that a message must pass before it is stored, and again when it is edited (`edited_at` is set then).

    A message that a client sends again passes it again; what it refuses then is answered with the message as stored.
    """

    async def __call__(self, channel: Channel, draft: Draft) -> Draft:
        """The draft as it may be stored; raises an `AppError` to refuse it."""
        ...
