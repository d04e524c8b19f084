"""What clients ask of their lobby."""

from typing import Annotated

from domain.core.ids import LobbyId, UserId
from domain.core.model import ID_SHAPE, Command


class SetReady(Command):
    """Says whether the player is ready."""

    ready: bool


class InvitePlayer(Command):
    """Names the player to invite."""

    user_id: Annotated[UserId, ID_SHAPE]


class DeclineInvite(Command):
    """Turns down the invitation to a lobby."""

    lobby_id: Annotated[LobbyId, ID_SHAPE]
