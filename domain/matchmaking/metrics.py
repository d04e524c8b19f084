"""What operators see of the matchmaking. A port."""

from typing import Literal

from domain.matchmaking.model import CancelReason
from domain.matchmaking.pool import PoolKey

Outcome = Literal["proposed", "refused", "confirmed"] | CancelReason
"""What becomes of a group: `refused` when the pool or the documents say that a ticket has moved on, else `proposed`,
and then confirmed, or cancelled for a reason."""


class MatchmakingMetrics:
    """Is told how it goes. This one drops what it is told."""

    def match(self, outcome: Outcome) -> None:
        """A group or match has come so far."""

    def ticked(self, pool: PoolKey, tickets: int, seconds: float) -> None:
        """The pool was served, which took so long; so many tickets wait on."""

    def left(self, pool: PoolKey) -> None:
        """The pool is served here no more."""

    def formed(self, quality: float) -> None:
        """A match of that overall quality, 0 to 1, was proposed."""

    def waited(self, seconds: float) -> None:
        """A ticket was proposed a match after so long."""


UNWATCHED = MatchmakingMetrics()
