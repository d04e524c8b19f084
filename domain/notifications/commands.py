"""What clients ask of their notifications."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.core.model import Command, WireId
from domain.core.paging import PageQuery

MARKED_AT_ONCE = 100


class NotificationQuery(PageQuery):
    """Which page of the notifications. unread: only those not read yet."""

    unread: bool = False


class MarkNotifications(Command):
    """Names the notifications that were read: by their ids, or all of them."""

    ids: Annotated[list[WireId], Field(min_length=1, max_length=MARKED_AT_ONCE)] | None = None
    all: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.ids is None) != self.all:
            raise ValueError("give either ids or all")
        return self


class ReadState(Command):
    """Whether a notification has been read."""

    read: bool


class SetNotifications(Command):
    """Which kinds of notifications the player wants; the kinds that are not named are wanted."""

    friend_request: bool = True
    friend_accepted: bool = True
    match_found: bool = True
    lobby_invite: bool = True
    mention: bool = True
    report_outcome: bool = True
    system: bool = True
