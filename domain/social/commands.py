"""What clients ask of their relations to other players."""

from typing import Annotated

from domain.core.ids import UserId
from domain.core.model import ID_SHAPE, Command


class ToBlock(Command):
    """Names the player to block, or to unblock."""

    user_id: Annotated[UserId, ID_SHAPE]
