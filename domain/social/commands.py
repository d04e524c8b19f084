"""What clients ask of their relations to other players."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from domain.core.ids import UserId
from domain.core.model import ID_SHAPE, Command, Text
from domain.core.paging import PageQuery

AnotherId = Annotated[UserId, ID_SHAPE]


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
