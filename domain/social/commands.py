"""What clients ask of their relations to other players."""

from typing import Annotated, Literal

from domain.core.ids import UserId
from domain.core.model import ID_SHAPE, Command
from domain.core.paging import PageQuery

AnotherId = Annotated[UserId, ID_SHAPE]


class ToBlock(Command):
    """Names the player to block, or to unblock."""

    user_id: AnotherId


class ToFriend(Command):
    """Names the player to ask for friendship, or whose friendship or request ends."""

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
