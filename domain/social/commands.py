"""What clients ask of their relations to other players."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from domain.core.ids import UserId
from domain.core.model import ID_SHAPE, Command, Text
from domain.core.paging import PageQuery
from domain.users.names import cleaned

AnotherId = Annotated[UserId, ID_SHAPE]

MOST_WATCHED = 200
"""Players whose presence one socket follows."""


MOST_SAID = 80
"""Characters of a custom status."""


def _said(text: str) -> str | None:
    """The text cleaned as names are; None when nothing is left."""
    text = cleaned(text)
    if len(text) > MOST_SAID:
        raise ValueError(f"must be at most {MOST_SAID} characters")
    return text or None


CustomStatus = Annotated[
    Text,
    Field(max_length=2 * MOST_SAID, description=f"up to {MOST_SAID} characters in one line"),
    AfterValidator(_said),
]


class ToBlock(Command):
    """Names the player to block, or to unblock."""

    user_id: AnotherId


class AskFriend(Command):
    """Names the player to ask for friendship, by id or by username."""

    user_id: AnotherId | None = None
    username: Annotated[Text, Field(min_length=1, max_length=100)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.user_id is None) == (self.username is None):
            raise ValueError("give either userId or username")
        return self


class ToFriend(Command):
    """Names the player whose friendship or request ends."""

    user_id: AnotherId


class Verdict(Command):
    """Whether a request is accepted."""

    accept: bool


class AnswerFriend(Verdict):
    """Accepts or declines the request of that player."""

    user_id: AnotherId


class RequestQuery(PageQuery):
    """Which page of the open requests. direction: those to the player (incoming), or those they made (outgoing)."""

    direction: Literal["incoming", "outgoing"] | None = None


class SetStatus(Command):
    """Says whether the player is there or away, and what others shall read next to it; without it nothing."""

    status: Literal["online", "away"]
    custom_status: CustomStatus | None = None


class WatchPresence(Command):
    """Names players whose presence the socket follows."""

    user_ids: list[AnotherId] = Field(max_length=MOST_WATCHED)


class UnwatchPresence(Command):
    """Names players whose presence the socket follows no longer; without names all of them."""

    user_ids: list[AnotherId] | None = Field(default=None, max_length=MOST_WATCHED)
