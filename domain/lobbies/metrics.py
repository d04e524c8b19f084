"""What operators see of the lobbies. A port."""

from typing import Literal

from domain.lobbies.model import CloseReason, LobbyStatus

Origin = Literal["match", "player"]
"""Who a lobby comes from."""


class LobbyMetrics:
    """Is told how it goes. This one drops what it is told."""

    def created(self, origin: Origin) -> None:
        """A lobby was stored."""

    def closed(self, reason: CloseReason) -> None:
        """A lobby was closed."""

    def counted(self, status: LobbyStatus, lobbies: int) -> None:
        """So many lobbies of all instances are in that state."""

    def uncounted(self) -> None:
        """Another worker counts the lobbies from now on."""


UNWATCHED = LobbyMetrics()
