"""Runtime flags, as stored: what the operators have switched on, for all instances."""

from domain.core.collection import Spec
from domain.core.model import Document, Timestamp

MAINTENANCE = "maintenance"
QUEUE = "queue:"


class Flag(Document):
    """A switch that is on; one that is off has no document. The id is its name.

    message: what clients are told. retry_in_ms: when they may try again. by: who switched it.
    """

    message: str | None = None
    retry_in_ms: int = 60_000
    by: str | None = None
    at: Timestamp


FLAGS = Spec("flags", Flag)


def queue_flag(game_id: str, mode: str) -> str:
    """The name of the flag that closes the queue of a game and mode."""
    return f"{QUEUE}{game_id}:{mode}"
