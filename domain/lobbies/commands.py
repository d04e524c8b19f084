"""What clients ask of lobbies."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from domain.core.codes import JoinCode
from domain.core.ids import GameId, LobbyId, UserId
from domain.core.model import ID_SHAPE, Command, Text
from domain.core.paging import PageQuery
from domain.games.model import ModeName
from domain.lobbies.model import Visibility
from domain.users.names import cleaned

CUSTOM_MOST_BYTES = 2048
"""So much may the custom attributes of a lobby have, names and values counted as UTF-8."""


def _name(value: str) -> str:
    value = cleaned(value)
    if not 1 <= len(value) <= 48:
        raise ValueError("must be 1 to 48 characters")
    return value


def _small(custom: dict[str, str | int | float | bool]) -> dict[str, str | int | float | bool]:
    if sum(len(name.encode()) + len(str(value).encode()) for name, value in custom.items()) > CUSTOM_MOST_BYTES:
        raise ValueError(f"must have at most {CUSTOM_MOST_BYTES} bytes")
    return custom


LobbyName = Annotated[Text, Field(max_length=200, description="1 to 48 characters"), AfterValidator(_name)]
Region = Annotated[str, Field(min_length=2, max_length=16, pattern=r"^[A-Za-z0-9-]+$"), AfterValidator(str.upper)]
AttributeName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
AttributeValue = (
    Text
    | bool
    | Annotated[int, Field(ge=-(2**53), le=2**53)]
    | Annotated[float, Field(allow_inf_nan=False, ge=-1e300, le=1e300)]
)
Custom = Annotated[dict[AttributeName, AttributeValue], Field(max_length=16), AfterValidator(_small)]


class SetCapacity(Command):
    """How few players can start, and how many fit; what is left out stays, or is what the mode says."""

    min: int | None = Field(default=None, ge=1, le=100)
    max: int | None = Field(default=None, ge=1, le=100)


class SetSettings(Command):
    """Settings of a new lobby; what is left out is as in any."""

    visibility: Visibility = "private"
    allow_spectators: bool = False
    spectator_chat: bool = False
    auto_start: bool = True
    remove_unready: bool = False
    custom: Custom = Field(default_factory=dict)


class CreateLobby(Command):
    """Opens a lobby for a game of the catalogue. name: the host's, if left out."""

    game_id: Annotated[GameId, ID_SHAPE]
    mode: ModeName
    region: Region | None = None
    name: LobbyName | None = None
    capacity: SetCapacity = SetCapacity()
    settings: SetSettings = SetSettings()


class JoinLobby(Command):
    """Joins a lobby that one can see (`lobbyId`), or one whose code one has (`joinCode`, in any case)."""

    lobby_id: Annotated[LobbyId, ID_SHAPE] | None = None
    join_code: JoinCode | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.lobby_id is None and self.join_code is None:
            raise ValueError("give lobbyId or joinCode")
        return self


class WithCode(Command):
    """The code of a lobby that is named elsewhere, where it takes one."""

    join_code: JoinCode | None = None


class LobbyRef(Command):
    """The lobby one has a seat in, or else the one that one watches, unless it is named."""

    lobby_id: Annotated[LobbyId, ID_SHAPE] | None = None


class Spectate(Command):
    """Watches a lobby."""

    lobby_id: Annotated[LobbyId, ID_SHAPE]


class AboutPlayer(Command):
    """The player whom the command is about."""

    user_id: Annotated[UserId, ID_SHAPE]


class SetReady(Command):
    """Says whether the player is ready."""

    ready: bool


class SetTeam(AboutPlayer):
    """Puts a member on a team, from 1. swapWith: who takes the place that is left, for teams that are full."""

    team: int = Field(ge=1, le=100)
    swap_with: Annotated[UserId, ID_SHAPE] | None = None


class SetRole(AboutPlayer):
    """Gives a member a role of the mode; none without `role`."""

    role: Annotated[str, Field(min_length=1, max_length=32)] | None = None


class UpdateSettings(Command):
    """Changes what is given. version: of the lobby as the host saw it; settings changed since then are not lost."""

    version: int | None = Field(default=None, ge=1, le=2**53)
    name: LobbyName | None = None
    capacity: SetCapacity | None = None
    visibility: Visibility | None = None
    allow_spectators: bool | None = None
    spectator_chat: bool | None = None
    auto_start: bool | None = None
    remove_unready: bool | None = None
    custom: Custom | None = None


class Browse(PageQuery):
    """Which lobbies to look for."""

    game_id: Annotated[GameId, ID_SHAPE] | None = None
    mode: ModeName | None = None
    region: Region | None = None


class DeclineInvite(Command):
    """Turns down the invitation to a lobby."""

    lobby_id: Annotated[LobbyId, ID_SHAPE]
