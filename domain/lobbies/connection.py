"""How players reach the game that was started for them."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.core.model import Kept, Text


class GameConnection(Kept):
    """Where a game is played: a `url`, or `host` and `port`. token: what lets the players in, if there is such a thing.

    Only members of the lobby are told.
    """

    url: Annotated[Text, Field(min_length=1, max_length=1024)] | None = None
    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]+$")] | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    token: Annotated[Text, Field(min_length=1, max_length=4096)] | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if (self.host is None) != (self.port is None) or (self.url is None) == (self.host is None):
            raise ValueError("give either url, or host and port")
        return self
